"""Says what a mock stands in for, by what it replaces, by its spec, or by its name. Each answer has a reason."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
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
    QUEUE_CALLS,
    RESPONSE_CALLS,
    ROW_CALLS,
    SESSION_CALLS,
    Kind,
    is_collaborator,
    last_word,
    library_kind,
    name_kind,
)
from .origins import Origin, origin
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

CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]+")
NOT_CALLED = re.compile(r"Error|Exception|Warning|Enum|Type|Status|Config|Settings|Model|Schema")
"""Classes that a test names without being about them."""

GENERIC = {
    "base",
    "utils",
    "helpers",
    "common",
    "core",
    "main",
    "views",
    "models",
    "tasks",
    "service",
    "services",
    "api",
    "client",
    "admin",
    "forms",
    "tests",
}
NO_AREA = {"src", "tests", "test", "unit", "integration", "app", ""}


class Classifier:
    """Finds the kinds of the mocks of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._tested = cache(self._find_tested)

    def kind_of(self, path: str, uses: Sequence[MockUse], position: int, seen: frozenset[int] = frozenset()) -> Answer:
        """Return the kind of a mock in the list of those of its file, and the reason."""
        use = uses[position]
        if kind := BY_TEST_LIBRARY.get(use.library):
            return kind, f"{use.library} is a double of it"
        if kind := FIXED.get(use.target):
            return kind, use.target
        if use.target and (answer := self._of_target(path, use)):
            return answer
        if use.part_of is not None and use.part_of not in seen:
            kind, _ = self.kind_of(path, uses, use.part_of, seen | {position})
            return kind, f"it is part of the mock in line {uses[use.part_of].line}"
        if use.target and use.call not in CREATORS:
            first_party = self._project.modules.is_first_party(use.target)
            return (Kind.SERVICE if first_party else Kind.OTHER), f"where {use.target} is defined cannot be told"
        return self._of_name(path, use)

    def _of_target(self, path: str, use: MockUse) -> Answer | None:
        full = use.target.partition("{")[0].partition("[")[0].rstrip(".") or use.target
        last = full.rpartition(".")[2]
        if last in QUEUE_CALLS:
            return Kind.QUEUE, f"{last} puts a task into a queue"
        found = origin(self._project, path, full) if use.is_resolved else Origin("unknown", full)
        if ".objects." in f"{found.name}.{'.'.join(found.rest)}.":
            return Kind.DATABASE, f"{full} asks the database"
        if found.kind == "library" and ".models." in found.name and last in ROW_CALLS:
            return Kind.DATABASE, f"{last} of a model"
        if found.kind == "library":
            return library_kind(found.name), f"{found.name} is of a library"
        if found.file and found.kind != "unknown":
            return self._of_first_party(path, use, found, last)
        return of_text(use, full, last)

    def _of_first_party(self, path: str, use: MockUse, found: Origin, last: str) -> Answer:
        stem = PurePosixPath(found.file).stem
        if found.kind == "value" and not found.rest and (use.value == "constant" or CONSTANT.fullmatch(last)):
            return Kind.SETTINGS, f"{last} is a constant"
        if found.kind != "function" and name_kind(found.name.partition(".")[0], OF_WRAPPERS) is Kind.SETTINGS:
            return Kind.SETTINGS, f"{found.name} has the settings"
        if stem in ("models", "model") and last in ROW_CALLS:
            return Kind.DATABASE, f"{last} of a model"
        if use.call in CREATORS and not use.bound_to:
            return self._of_definition(found, stem)
        if found.kind == "class" and found.rest and (kind := name_kind(last, OF_NAMES)):
            return kind, f"the name {last}"
        if (
            is_used_otherwise(use)
            or is_tested(path, use.owner, found)
            or found.file in self._tested(path, use.owner, found.name)
        ):
            return Kind.UNIT, f"{found.file} is what this test is about"
        return self._of_definition(found, stem)

    def _of_definition(self, found: Origin, stem: str) -> Answer:
        """Return the kind of a definition of the project: what it talks to, or what its name says."""
        kinds = self._talks(found.file, ".".join([found.name, *found.rest])) or self._talks(found.file, found.name)
        if kinds:
            return next(kind for kind in ORDER if kind in kinds), f"{found.name} in {found.file} talks to it"
        own = found.name.rpartition(".")[2]
        if kind := name_kind(own, OF_WRAPPERS) or name_kind(found.name, OF_WRAPPERS):
            return kind, f"the name of {found.name} in {found.file}"
        if LOADS_MODEL.fullmatch(own) and Kind.MODEL in self._talks(found.file, talks.MODULE):
            return Kind.MODEL, f"{found.name} in {found.file} loads a model"
        if stem in ("models", "model", "schemas") and found.kind == "class":
            return Kind.OTHER, f"{found.name} in {found.file} is a record"
        return Kind.SERVICE, f"{found.name} is defined in {found.file}"

    def _talks(self, file: str, name: str) -> set[Kind]:
        """Return what a function of a file talks to, by libraries that are not the project itself."""
        facts: talks.Talks = self._project.fact(talks.scan, file) or {}
        found = facts.get(name, frozenset())
        return {kind for kind, library in found if not library or not self._project.modules.is_first_party(library)}

    def _of_name(self, path: str, use: MockUse) -> Answer:
        """Return the kind that the name of a mock and its attributes show."""
        name = use.bound or use.owner.rpartition(".")[2]
        if RESPONSE_CALLS & use.touched:
            return Kind.EXTERNAL, f"{name} has the attributes of an HTTP response"
        if len(SESSION_CALLS & use.touched) > 1:
            return Kind.DATABASE, f"{name} has the attributes of a session"
        last = last_word(name)
        if last in MODEL_WORDS and self._has_models(path, use.owner):
            return Kind.MODEL, f"{name}, where the code imports a library for models"
        if last in PLAIN:
            return Kind.OTHER, f"{name} is a plain object"
        if kind := OF_NAMES.get(last) or name_kind(name, OF_WRAPPERS):
            return kind, f"the name {name}"
        return (
            (Kind.SERVICE, f"the name {name}") if is_collaborator(name) else (Kind.OTHER, f"{name} is a plain object")
        )

    def _has_models(self, path: str, owner: str) -> bool:
        return any(Kind.MODEL in self._talks(file, talks.MODULE) for file in (path, *self._tested(path, owner, "")))

    def _find_tested(self, path: str, owner: str, target: str) -> frozenset[str]:
        """Return the files of which a test calls something, other than the target."""
        outline = self._project.fact(parts.scan, path)
        part = outline.parts.get(owner) if outline else None
        named = {full for full in part.refers if "." in full} if part else set()
        if outline and part and not part.is_test:
            named |= {full for each in outline.parts.values() if each.is_test for full in each.refers if "." in full}
        return frozenset(self._called(path, named, target))

    def _called(self, path: str, named: set[str], target: str) -> Iterator[str]:
        for full in named:
            found = origin(self._project, path, full)
            is_method = found.kind in ("function", "value") and "." in found.name
            is_called = (
                found.kind == "function" or is_method or (found.kind == "class" and (found.is_result or found.rest))
            )
            is_target = found.name == target or (
                target.startswith(f"{found.name}.") and found.kind == "class" and not found.is_result
            )
            if found.file and is_called and not is_target and not NOT_CALLED.search(found.name.partition(".")[0]):
                yield found.file


def is_tested(path: str, owner: str, found: Origin) -> bool:
    """Return whether a test is about the module or the class that defines something, by their names."""
    if found.kind not in ("class", "function"):
        return False
    classes = {name.lower() for name in found.name.split(".")[:1] if name[:1].isupper()}
    tested = {re.sub(r"^tests?|tests?$|testcase$", "", part.lower()) for part in owner.split(".")[:-1]}
    if classes & tested:
        return True
    test, module = PurePosixPath(path), PurePosixPath(found.file)
    stem = re.sub(r"^tests?_|_tests?$", "", test.stem)
    own = module.parent.name if module.stem == "__init__" else module.stem
    if stem == own:
        return own not in GENERIC or bool(set(test.parent.parts) & set(module.parent.parts) - NO_AREA)
    return stem in (f"{module.parent.name}_{own}", f"{own}_{module.parent.name}")


def is_used_otherwise(use: MockUse) -> bool:
    """Return whether the test calls other methods of the object that it patches."""
    patches = use.call in ("patch.object", "setattr") or (use.call in CREATORS and "." in use.bound)
    return patches and bool(use.touched - {use.target.rpartition(".")[2]})


def of_text(use: MockUse, text: str, last: str) -> Answer | None:
    """Return the kind of a target that only its text shows: `service.session.commit`."""
    owner = text.rpartition(".")[0]
    if kind := name_kind(last, OF_WRAPPERS) or name_kind(last_word(owner), OF_WRAPPERS):
        return kind, f"the name of {text}"
    if is_used_otherwise(use):
        return Kind.UNIT, f"the test calls other methods of {owner}"
    if last_word(last) in PLAIN:
        return Kind.OTHER, f"{text} is a plain object"
    if kind := name_kind(last, OF_NAMES):
        return kind, f"the name of {text}"
    return (Kind.SERVICE, f"the name of {text}") if is_collaborator(last) or is_collaborator(owner) else None
