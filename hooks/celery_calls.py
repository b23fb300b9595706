"""Finds calls of Celery tasks with arguments that do not fit, or with a stand-in for `self`."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from .check import Check, Finding
from .project import Project
from .resolve import Defined, Module, Resolver, best, is_outside
from .task_calls import DIRECT, SENDING, TaskCall, may_call_tasks, task_calls
from .tasks import Task, find_problem, passing, tasks

CELERY = re.compile(r"celery", re.IGNORECASE)
WITHOUT_EFFECT = re.compile(
    r"(^|\.)(atomic|transaction\.atomic|non_atomic_requests|retry|instrument|observe|trace|traced|wraps|profile|deprecated"
    r"|override|no_type_check|timed|timer|time_it|log_\w+|measure\w*|start_as_current_span)(\(\))?$"
)
CALLED = re.compile(
    rb"(?<!def )\b(\w+)(?:\(|\.(?:%s)\(| as )" % b"|".join(name.encode() for name in sorted(DIRECT | SENDING))
)
"""What may be the call of a task, or give it another name."""
SENDERS = ("__call__", "delay", "apply_async", "apply", "s", "si", "signature", "subtask")


class Tasks:
    """The Celery tasks of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._resolver = Resolver.of(project)
        self._known: dict[tuple[str, str], Task | None] = {}

    def may_be(self, name: str) -> bool:
        """Return whether some task has the last part of a name."""
        return self._project.partial or name.rpartition(".")[2] in self._names

    def with_calls(self, paths: Iterable[str]) -> list[str]:
        """Return those of some files that may call a task, by their text."""
        found = [path for path, _ in self._project.read(may_call_tasks, paths)]
        if self._project.partial or not found:
            return found
        names = {name.encode() for name in self._names}
        if not names:
            return []
        return [path for path in found if not names.isdisjoint(CALLED.findall(self._project.bytes(path)))]

    @cached_property
    def _names(self) -> set[str]:
        return {
            name
            for path, known in self._project.read(tasks, self._project.files)
            for name, task in known.items()
            if self._is_celery(self._resolver.module_at(path), task.decorator)
        }

    def find(self, path: str, name: str) -> Task | None:
        """Return the task that a full name is in the file at a path, if it is a task that can be judged."""
        found = best(self._resolver.full(path, name))
        if name.startswith("__name__."):
            found = self._resolver.in_module(self._resolver.module_at(path), name.partition(".")[2])
        thing = found.thing if found and found.verdict == "ok" else None
        if not isinstance(thing, Defined) or thing.kind != "function" or is_outside(thing.module.file):
            return None
        key = thing.module.file, thing.name
        if key not in self._known:
            self._known[key] = self._judge(thing)
        return self._known[key]

    def _judge(self, thing: Defined) -> Task | None:
        task = (self._project.fact(tasks, thing.module.file) or {}).get(thing.name)
        if (
            not task
            or not self._is_celery(thing.module, task.decorator)
            or not self._has_usual_base(thing.module, task)
        ):
            return None
        return task if all(self._is_transparent(thing.module, name) for name in (*task.above, *task.below)) else None

    def _is_celery(self, module: Module, decorator: str) -> bool:
        origin = self._resolver.origin(module, decorator)
        if CELERY.search(origin) or CELERY.search(decorator):
            return True
        made = origin.partition("()")[0] if "()" in origin else ""
        found = self._resolver.dotted(made, module.file).thing if made else None
        return isinstance(found, Defined) and b"Celery(" in self._project.bytes(found.module.file)

    def _has_usual_base(self, module: Module, task: Task) -> bool:
        """Return whether the class of a task leaves the ways to call it as they are."""
        if not task.base:
            return True
        found = self._resolver.in_module(module, task.base)
        thing = found.thing if found.verdict == "ok" else None
        if not isinstance(thing, Defined) or thing.kind != "class":
            return found.verdict == "unknown"
        return not any(name in thing.binding.members for name in SENDERS)

    def _is_transparent(self, module: Module, decorator: str) -> bool:
        """Return whether a decorator passes all arguments on."""
        if WITHOUT_EFFECT.search(self._resolver.origin(module, decorator) or decorator):
            return True
        found = self._resolver.in_module(module, decorator) if decorator else None
        thing = found.thing if found and found.verdict == "ok" else None
        if not isinstance(thing, Defined) or thing.kind != "function":
            return False
        return thing.name in (self._project.fact(passing, thing.module.file) or ())


def judge(project: Project, paths: Iterable[str]) -> Iterator[tuple[str, TaskCall, Task, str]]:
    """Yield the calls of tasks in files: the path, the call, the task, and what is wrong with the call or nothing."""
    known = Tasks(project)
    for path, calls in project.read(task_calls, known.with_calls(paths)):
        for call in calls:
            if known.may_be(call.task) and (task := known.find(path, call.task)):
                yield path, call, task, problem(call, task)


def judge_others(project: Project) -> Iterator[tuple[str, TaskCall, Task, str]]:
    """Yield the calls of tasks in checked files, from files that are not checked."""
    changed = dict(project.read(tasks, project.checked)) if project.partial else {}
    names = {name for known in changed.values() for name in known}
    for path, call, task, wrong in judge(
        project, project.others_with([(name, rf"\b{name}\b") for name in sorted(names)])
    ):
        if changed.get(task.path, {}).get(task.name) == task:
            yield path, call, task, wrong


def problem(call: TaskCall, task: Task) -> str:
    """Return what is wrong with a call of a task, or an empty text."""
    if call.problem:
        return call.problem
    if call.stand_in and task.bound:
        return f"{call.stand_in} is passed as {first_name(task)}, because Celery passes self"
    return find_problem(task.parameters, call.arguments, call.before)


def first_name(task: Task) -> str:
    """Return the name of the first parameter after `self`."""
    positional = task.parameters.positional
    return positional[0][0] if positional else "an argument too many"


def hint(call: TaskCall, task: Task) -> str:
    """Return the right call."""
    if call.stand_in and task.bound and call.method in DIRECT | {""}:
        rest = str(task.parameters)
        return f"Call {task.name}.run.__func__({', '.join(filter(None, (call.stand_in, rest)))}), which takes self."
    if call.method in ("apply", "apply_async", "signature", "subtask"):
        return f"{task.name} takes ({task.parameters}): call {task.name}.{call.method}(args=(...), kwargs={{...}}) with these."
    method = f".{call.method}" if call.method else ""
    return f"Call {task.name}{method}({task.parameters})."


def run(project: Project) -> Iterator[Finding]:
    """Yield the calls of tasks that fail or pass the wrong object."""
    for path, call, task, wrong in (*judge(project, project.checked), *judge_others(project)):
        if wrong:
            line, column, end_line = call.place
            name = f"{task.name}.{call.method}".rstrip(".")
            message = f"{name}() does not fit the task in its arguments: {wrong}."
            yield Finding(
                path, line, column, message, hint(call, task), end_line=end_line, key=f"{call.where}: {message}"
            )


CHECK = Check(
    name="celery_calls",
    summary="Finds calls of Celery tasks with arguments that do not fit, or with a stand-in for self.",
    run=run,
    blocks=True,
    scans=lambda _project, _path: (tasks, may_call_tasks),
)
