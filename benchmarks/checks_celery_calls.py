"""How `celery_calls` does on real code: what it finds, and how many calls with a changed argument it finds."""

import ast
import inspect
from collections import Counter
from collections.abc import Iterator, Mapping

from hooks.celery_calls import judge, problem
from hooks.check import Place, place
from hooks.project import Project
from hooks.source import Source
from hooks.task_calls import TaskCall, task_calls
from hooks.tasks import Arguments, Parameters, Task, tasks

CHANGES = ("an argument more", "an argument less", "a misspelt keyword")
Counts = Counter[tuple[str, bool]]


def section(projects: Mapping[str, Project]) -> str:
    """Return the tables of calls and of changed calls, and everything that is found."""
    from benchmarks.checks import table

    rows: list[list[object]] = []
    lines = []
    counts: Counts = Counter()
    for name, project in projects.items():
        results = list(judge(project, project.files))
        if not results:
            continue
        known = sum(len(found) for _, found in project.read(tasks, project.files))
        found = [(path, call, task, wrong) for path, call, task, wrong in results if wrong]
        rows.append([name, known, len({(task.path, task.name) for _, _, task, _ in results}), len(results), len(found)])
        lines += [
            f"- {name}: `{path}`, line {call.place[0]}: `{task.name}`: {wrong}.\n" for path, call, task, wrong in found
        ]
        right = {(path, call.place): (call, task) for path, call, task, wrong in results if not wrong}
        for path in sorted({path for path, _ in right}):
            counts.update(change_calls(project.bytes(path), path, right))
    changed: list[list[object]] = [
        [
            kind,
            counts[kind, True] + counts[kind, False],
            f"{counts[kind, True] / (counts[kind, True] + counts[kind, False] or 1):.1%}",
        ]
        for kind in CHANGES
    ]
    return "\n".join(
        [
            table(["code base", "decorated functions", "tasks that are called", "calls", "found"], rows),
            "".join(lines),
            table(["change that breaks a call", "calls", "found"], changed),
        ]
    )


def change_calls(
    data: bytes, path: str, right: Mapping[tuple[str, Place], tuple[TaskCall, Task]]
) -> Iterator[tuple[str, bool]]:
    """Yield for each change of a call in the text of a file, if Python says that it breaks the call, whether it is found."""
    before = task_calls(Source(path, data)) or []
    for kind in CHANGES:
        tree = ast.parse(data)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (path, place(node)) in right:
                change(node, right[path, place(node)][0].method, kind)
        after = task_calls(Source(path, b"# celery\n" + ast.unparse(tree).encode())) or []
        for old, new in zip(before, after, strict=True):
            if (path, old.place) in right and old.arguments != new.arguments:
                _, task = right[path, old.place]
                if breaks(task.parameters, new.arguments, new.before):
                    yield kind, bool(problem(new, task))


def change(node: ast.Call, method: str, kind: str) -> bool:
    """Change one argument of a call. Return whether it has one to change."""
    args: list[ast.expr] = node.args
    keywords = [keyword for keyword in node.keywords if keyword.arg]
    if method in ("apply", "apply_async", "signature", "subtask"):
        values = {keyword.arg: keyword.value for keyword in node.keywords}
        sequence = values.get("args") or next(iter(node.args), None)
        if not isinstance(sequence, ast.Tuple | ast.List):
            return False
        args, keywords = sequence.elts, []
    if kind == "an argument more":
        args.append(ast.Constant(1))
    elif kind == "an argument less" and args and isinstance(args[-1], ast.Constant | ast.Name | ast.Attribute):
        args.pop()
    elif kind == "a misspelt keyword" and keywords:
        keywords[0].arg = f"{keywords[0].arg}x"
    else:
        return False
    return True


def breaks(parameters: Parameters, given: Arguments, before: int | None) -> bool:
    """Return whether Python refuses arguments, which may be followed by others if `before` is None."""
    if given.more or given.more_keywords:
        return False
    signature = as_signature(parameters)
    bind = signature.bind_partial if before is None else signature.bind
    try:
        bind(*range(given.by_position + (before or 0)), **dict.fromkeys(given.keywords))
    except TypeError:
        return True
    return False


def as_signature(parameters: Parameters) -> inspect.Signature:
    """Return parameters as Python has them."""
    kinds = inspect.Parameter
    found = []
    for number, (name, needed) in enumerate(parameters.positional):
        kind = kinds.POSITIONAL_ONLY if number < parameters.only_positional else kinds.POSITIONAL_OR_KEYWORD
        found.append(kinds(name, kind, default=kinds.empty if needed else None))
    found += [kinds("rest_", kinds.VAR_POSITIONAL)] if parameters.rest else []
    found += [
        kinds(name, kinds.KEYWORD_ONLY, default=kinds.empty if needed else None) for name, needed in parameters.keywords
    ]
    found += [kinds("more_", kinds.VAR_KEYWORD)] if parameters.any_keyword else []
    return inspect.Signature(found)
