"""Says what a mock stands in for, by what it replaces, by its spec, or by its name. Each answer has a reason."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, cached_property, partial
from pathlib import PurePosixPath

from . import parts, talks
from .mock_libraries import CREATORS
from .mock_uses import MockUse
from .mock_words import (
    LOADS_MODEL,
    MODEL_WORDS,
    OF_NAMES,
    OF_WRAPPERS,
    PLAIN,
    PUTS_INTO_QUEUE,
    QUEUE_CALLS,
    RESPONSE_CALLS,
    ROW_CALLS,
    SESSION_CALLS,
    STORES,
    Kind,
    last_word,
    library_kind,
    name_kind,
)
from .origins import Origin, in_file, origin
from .project import Project

Answer = tuple[Kind, str]

BY_TEST_LIBRARY = {
    "freezegun": Kind.TIME,
    "time-machine": Kind.TIME,
    "respx": Kind.EXTERNAL,
    "responses": Kind.EXTERNAL,
    "requests-mock": Kind.EXTERNAL,
    "pytest-httpx": Kind.EXTERNAL,
    "moto": Kind.EXTERNAL,
    "fakeredis": Kind.DATABASE,
}
FIXED = {"os.getcwd()": Kind.FILES, "sys.path": Kind.OTHER, "builtins.open": Kind.FILES}
ORDER = (Kind.EXTERNAL, Kind.QUEUE, Kind.MODEL, Kind.DATABASE, Kind.FILES, Kind.TIME, Kind.SETTINGS)
"""Of several things that code talks to, the first one counts."""

CONSTANT = re.compile(r"(?!_?LOG(GER)?$)_?[A-Z][A-Z0-9_]+")
NOT_CALLED = re.compile(r"Error|Exception|Warning|Enum|Type|Status|Config|Settings|Model|Schema")
"""Classes that a test names without being about them."""


CALLS_OTHERS = re.compile(
    r"(^|[/_])(smtp|s3|sms|slack)(_\w+)?(\.py|/)\S* \w"
    r"|\S*_(api|client)\.py \w"
    r"|(^|[/_])e?mails?\.py \w*(Sender|send)"
    r"|\S* (\w+\.)?_*(fetch|download|retrieve|get|batch_retrieve)_\w*(from_url|url_content|network|remote)$"
)
"""Files and names of what calls somebody else."""

READS = re.compile(r"(\w+\.)?_*(get|read|load)_")
"""Functions that give what their names end with."""

NAMED_IN_LIBRARIES = (Kind.EXTERNAL, Kind.DATABASE, Kind.FILES)
TALKS_TO_NOBODY = re.compile(r"django\.http\b|celery\.utils\.log\b")
"""Parts of libraries that do nothing of what the whole library, or its name, is for."""

NO_SUBJECT = {"test", "tests", "testing", "factories", "factory", "conftest"}
"""Modules that help tests and are not what they are about."""

SHORT = 8
"""Letters of a class name that other names may begin with by chance."""


class Classifier:
    """Finds the kinds of the mocks of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._tested = cache(self._find_tested)
        self._origin = cache(partial(origin, project))

    def kind_of(self, path: str, uses: Sequence[MockUse], position: int, seen: frozenset[int] = frozenset()) -> Answer:
        """Return the kind of a mock in the list of those of its file, and the reason."""
        use = uses[position]
        if kind := BY_TEST_LIBRARY.get(use.library):
            return kind, f"{use.library} is a double of it"
        if kind := FIXED.get(use.target):
            return kind, use.target
        if use.part_of is not None and use.part_of not in seen and use.call in CREATORS:
            kind, _ = self.kind_of(path, uses, use.part_of, seen | {position})
            return kind, f"it is part of the mock in line {uses[use.part_of].line}"
        if use.target and (answer := self._of_target(path, use)):
            return answer
        if use.target and use.call not in CREATORS:
            return Kind.UNKNOWN, f"what {use.target} is cannot be told"
        return self._of_name(path, use)

    def _of_target(self, path: str, use: MockUse) -> Answer | None:
        full = use.target.partition("{")[0].partition("[")[0].rstrip(".") or use.target
        last = full.rpartition(".")[2]
        if last in QUEUE_CALLS:
            return Kind.QUEUE, f"{last} puts a task into a queue"
        if use.is_resolved and CONSTANT.fullmatch(last) and use.call not in CREATORS:
            return Kind.SETTINGS, f"{last} is a constant"
        found = self._origin(path, full) if use.is_resolved else Origin("unknown", full)
        names = [found.name, *found.rest, found.inherits]
        if any(re.search(r"\.objects(\.[a-z_]+)*$", name) for name in (".".join(names[:-1]), found.inherits)):
            return Kind.DATABASE, f"{full} asks the database"
        if ".models." in found.inherits and last in ROW_CALLS:
            return Kind.DATABASE, f"{last} of a model"
        if found.kind == "library" and ".models." in found.name and last in ROW_CALLS:
            return Kind.DATABASE, f"{last} of a model"
        if found.kind == "library":
            if TALKS_TO_NOBODY.match(found.name):
                return Kind.OTHER, f"{found.name} is of a library"
            kind = library_kind(found.name)
            if kind is Kind.OTHER and (named := self._of_library_name(found.name, use)):
                return named, f"the name of {full}"
            if kind is Kind.OTHER and (full.startswith("builtins.type()") or full.partition("().")[2].count(".") > 0):
                return Kind.UNKNOWN, f"what {full} is cannot be told"
            return kind, f"{found.name} is of a library"
        if found.kind == "module":
            return self._of_module(found)
        if found.file and found.kind != "unknown":
            return self._of_first_party(path, use, found, last)
        return None if use.is_resolved else self._of_text(path, use, full)

    def _of_library_name(self, full: str, use: MockUse) -> Kind | None:
        """Return the kind that the names in an unknown library or in the target show: `zendesk_client.send`."""
        named = [part for part in (*full.split("."), *use.target.split(".")) if OF_WRAPPERS.get(last_word(part))]
        kinds = [name_kind(part, OF_WRAPPERS) for part in reversed(named)]
        known = (Kind.EXTERNAL, Kind.DATABASE) if "storage" in map(last_word, named) else NAMED_IN_LIBRARIES
        return kinds[0] if kinds and kinds[0] in known else None

    def _of_module(self, found: Origin) -> Answer:
        """Return the kind of a whole module: what most of its functions talk to."""
        facts: talks.Talks = self._project.fact(talks.scan, found.file) or {}
        known = [found for name, found in facts.items() if name]
        for kind in ORDER:
            if sum(any(kind is each for each, _ in found) for found in known) > len(known) / 2:
                return kind, f"most of {found.file} talks to it"
        return name_kind(PurePosixPath(found.file).stem, OF_WRAPPERS) or Kind.SERVICE, f"the module {found.file}"

    def _of_first_party(self, path: str, use: MockUse, found: Origin, last: str) -> Answer:
        is_function = found.kind == "function" and not found.is_result
        is_literal = found.kind == "value" and not found.is_result and use.value == "other"
        if not is_function and (use.value == "constant" or is_literal):
            return Kind.SETTINGS, f"{last} is a constant"
        if not is_function and Kind.SETTINGS in (
            OF_WRAPPERS.get(last_word(last)),
            of_parts([found.name.partition(".")[0]]),
        ):
            return Kind.SETTINGS, f"{last} has the settings"
        if found.kind == "value" and OF_WRAPPERS.get(last_word(last)) is Kind.TIME:
            return Kind.TIME, f"the name {last}"
        is_row = is_model(found.file)
        if is_row and (last in ROW_CALLS or (found.kind == "value" and "." in found.name and found.is_result)):
            return Kind.DATABASE, f"{last} of a model"
        if use.call in CREATORS and not use.bound_to:
            is_record = is_row or self._extends(found, Kind.DATABASE)
            return (Kind.OTHER, f"{found.name} is a record") if is_record else self._of_definition(found)
        if found.rest and (kind := self._of_attribute(found)):
            return kind, f"{'.'.join(found.rest)} of {found.name}"
        is_far = len(found.rest) > 1 or (found.kind == "function" and found.is_result and bool(found.rest))
        if is_far or (found.kind == "class" and found.rest and not found.inherits):
            return Kind.UNKNOWN, f"what {'.'.join(found.rest)} of {found.name} is cannot be told"
        if (
            self._is_used_otherwise(path, use)
            or self._is_named_after(path, use, found)
            or found.file in self._tested(path, use.owner, found.name)
        ):
            return Kind.UNIT, f"{found.file} is what this test is about"
        if found.inherits and (kind := library_kind(found.inherits)) is not Kind.OTHER:
            return kind, f"{found.inherits} is of a library"
        return self._of_definition(found)

    def _of_attribute(self, found: Origin) -> Kind | None:
        """Return the kind of an attribute of an object, by what its class assigns to it, or by its name."""
        if found.kind == "class" and (kinds := self._talks(found.file, f"{found.name}.{found.rest[0]}")):
            return next(kind for kind in ORDER if kind in kinds)
        return of_parts(found.rest)

    def _of_definition(self, found: Origin) -> Answer:
        """Return the kind of a definition of the project: what it talks to, or what its name says."""
        if any("task" in decorator.rpartition(".")[2] or decorator.endswith("actor") for decorator in found.decorators):
            return Kind.QUEUE, f"{found.name} in {found.file} is a task"
        if PUTS_INTO_QUEUE.fullmatch(found.name):
            return Kind.QUEUE, f"the name {found.name}"
        kinds = self._talks(found.file, found.name)
        if kinds:
            return next(kind for kind in ORDER if kind in kinds), f"{found.name} in {found.file} talks to it"
        class_name = found.name.partition(".")[0] if found.kind == "class" or "." in found.name else ""
        named = OF_WRAPPERS.get(last_word(found.name)) or name_kind(class_name, OF_WRAPPERS)
        kind = None if named is Kind.SETTINGS and found.kind != "value" and not READS.match(found.name) else named
        if kind:
            return kind, f"the name of {found.name} in {found.file}"
        if LOADS_MODEL.fullmatch(found.name) and Kind.MODEL in self._talks(found.file, talks.MODULE):
            return Kind.MODEL, f"{found.name} in {found.file} loads a model"
        if CALLS_OTHERS.search(f"{found.file} {found.name}"):
            return Kind.EXTERNAL, f"the name of {found.file}"
        return Kind.SERVICE, f"{found.name} is defined in {found.file}"

    def _extends(self, found: Origin, kind: Kind, depth: int = 5) -> bool:
        """Return whether a class extends one of a library for something, directly or through others."""
        for base in found.bases if depth else ():
            above = in_file(self._project, found.file, base.split("."), depth) if base else None
            if above and (
                (above.kind == "library" and library_kind(above.name) is kind) or self._extends(above, kind, depth - 1)
            ):
                return True
        return False

    def _talks(self, file: str, name: str) -> set[Kind]:
        """Return what a function of a file talks to, by libraries that are not the project itself."""
        facts: talks.Talks = self._project.fact(talks.scan, file) or {}
        found = facts.get(name, frozenset())
        return {kind for kind, library in found if not library or not self._project.modules.is_first_party(library)}

    def _of_name(self, path: str, use: MockUse) -> Answer:
        """Return the kind that the name of a mock and its attributes show."""
        name = use.bound or use.owner.rpartition(".")[2]
        if not use.bound and name.startswith("test"):
            return Kind.UNKNOWN, "it has no name"
        if RESPONSE_CALLS & use.touched and last_word(name) not in ("request", "req"):
            return Kind.EXTERNAL, f"{name} has the attributes of an HTTP response"
        if len(SESSION_CALLS & use.touched) > 1:
            return Kind.DATABASE, f"{name} has the attributes of a session"
        last = last_word(name)
        if last in MODEL_WORDS and self._imports(path, use.owner, Kind.MODEL):
            return Kind.MODEL, f"{name}, where the code imports a library for models"
        if use.passed_to and (kind := self._of_library(path, use.passed_to)) and kind is not Kind.OTHER:
            return kind, f"{use.passed_to} gets it"
        if last in PLAIN and "." not in name:
            return Kind.OTHER, f"{name} is a plain object"
        if kind := OF_NAMES.get(last) or name_kind(name, OF_WRAPPERS):
            return kind, f"the name {name}"
        if last in STORES and (SESSION_CALLS & use.touched or self._imports(path, use.owner, Kind.DATABASE)):
            return Kind.DATABASE, f"{name}, where the code imports a library for databases"
        return (Kind.SERVICE if last == "service" else Kind.UNKNOWN), f"the name {name}"

    def _of_library(self, path: str, full: str) -> Kind | None:
        found = self._origin(path, full.removesuffix("()"))
        return library_kind(found.name) if found.kind == "library" else None

    def _imports(self, path: str, owner: str, kind: Kind) -> bool:
        """Return whether a test, or the code that it calls, imports a library of a kind."""
        return any(kind in self._talks(file, talks.MODULE) for file in (path, *self._tested(path, owner, "")))

    def _find_tested(self, path: str, owner: str, target: str) -> frozenset[str]:
        """Return the files of which a test calls something, other than the target."""
        outline = self._project.fact(parts.scan, path)
        part = outline.parts.get(owner) if outline else None
        named = {full for full in part.refers if "." in full} if part else set()
        if outline and part and not part.is_test:
            named |= {full for each in outline.parts.values() if each.is_test for full in each.refers if "." in full}
        return frozenset(self._called(path, named, target))

    def _called(self, path: str, named: set[str], target: str) -> Iterator[str]:
        for full in sorted(named):
            found = self._origin(path, full)
            is_method = found.kind in ("function", "value") and "." in found.name
            own_class = found.kind == "class" and found.name == target.partition(".")[0]
            is_object = (
                found.kind == "class" and (found.is_result or bool(found.rest)) and (not own_class or bool(found.rest))
            )
            if not found.file or not (found.kind == "function" or is_method or is_object):
                continue
            if (
                found.name != target
                and PurePosixPath(found.file).stem not in NO_SUBJECT
                and not is_model(found.file)
                and not NOT_CALLED.search(found.name.partition(".")[0])
            ):
                yield found.file

    def _is_named_after(self, path: str, use: MockUse, found: Origin) -> bool:
        """Return whether a test has the name of the module or the class that defines something."""
        if found.kind not in ("class", "function"):
            return False
        names = [*found.name.split("."), *use.target.replace("()", "").split(".")]
        classes = {name.lower() for name in names if name[:1].isupper()}
        tested = {re.sub(r"^tests?|tests?$|testcase$", "", part.lower()) for part in use.owner.split(".")[:-1]}
        if any(test.startswith(name) for name in classes for test in tested if len(name) > SHORT or name == test):
            return True
        stem = re.sub(r"^tests?_|_tests?$", "", PurePosixPath(path).stem)
        module = PurePosixPath(found.file)
        if stem == module.stem:
            best = max(shared(path, other) for other in self._by_stem[stem])
            return shared(path, found.file) == best
        above = module.parent.name
        return (
            stem == above if module.stem == "__init__" else stem in (f"{above}_{module.stem}", f"{module.stem}_{above}")
        )

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        """The files outside of tests by their names."""
        found: dict[str, list[str]] = defaultdict(list)
        for file in self._project.files:
            if not self._project.is_test(file):
                found[PurePosixPath(file).stem].append(file)
        return found

    def _is_used_otherwise(self, path: str, use: MockUse) -> bool:
        """Return whether the test calls other methods of the object that it patches."""
        patches = use.call in ("patch.object", "setattr") or (use.call in CREATORS and "." in use.bound)
        owner, _, last = use.target.rpartition(".")
        if not patches or owner in ("self", "cls") or not use.touched - {last}:
            return False
        return not use.is_resolved or self._origin(path, owner).kind != "module"

    def _of_text(self, path: str, use: MockUse, text: str) -> Answer | None:
        """Return the kind of a target that only its text shows: `service.session.commit`."""
        owner = text.rpartition(".")[0]
        if kind := of_parts(text.split(".")):
            return kind, f"the name of {text}"
        if self._is_used_otherwise(path, use):
            return Kind.UNIT, f"the test calls other methods of {owner}"
        return None


def of_parts(parts: Sequence[str]) -> Kind | None:
    """Return the kind that the last word of a part of a dotted name shows, the last part first."""
    telling = (part for part in reversed(parts) if OF_WRAPPERS.get(last_word(part)))
    return next((name_kind(part, OF_WRAPPERS) for part in telling), None)


def shared(one: str, other: str) -> int:
    """Return how many folders two files have in common."""
    return len(set(PurePosixPath(one).parent.parts) & set(PurePosixPath(other).parent.parts))


def is_model(file: str) -> bool:
    """Return whether a file defines the rows of tables, by its name."""
    path = PurePosixPath(file)
    return path.stem in ("model", "models") or "models" in path.parent.parts
