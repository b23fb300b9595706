"""The files that an import stands for, or what it needs and the project does not have."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from .imports import Import
from .modules import INIT, join, parent
from .project import TEST_FOLDERS, Project
from .resolve import Answer, Module, Resolver, best, is_outside
from .source import Source
from .test_code import is_installed

NOWHERE = "."
"""A folder with no modules."""
GENERATED = ("_pb2.py", "_pb2_grpc.py")
"""Endings of files that make their names while they run."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A module or a name of the project that does not exist."""

    name: str
    place: str
    """Where the file would be if it was a module, without an ending."""
    reason: str


def extends_path(source: Source) -> bool | None:
    """Return True for a package to which other distributions add modules."""
    return True if any(word in source.data for word in (b"extend_path", b"declare_namespace")) else None


class Targets:
    """Follows imports to the files of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._resolver = Resolver.of(project)
        self._bases = cache(self._find_bases)
        self._files = cache(self._find_files)
        self._is_same = cache(self._is_same_everywhere)
        self._missing = cache(self._find_missing)
        self._is_certain = cache(self._judge)

    def files(self, path: str, one: Import) -> tuple[str, ...]:
        """Return the files of the project that an import in a file names: each submodule, or the module itself."""
        return self._files(self._folder_of(path, one), one.level, one.module, one.names)

    def _find_files(self, folder: str, level: int, module: str, names: tuple[str, ...]) -> tuple[str, ...]:
        found: list[str] = []
        for base in self._bases_of(folder, level, module):
            submodules = [self._resolver.submodule(base, name) for name in names]
            found += [each.file for each in submodules if each and each.file]
            if base.file and not (submodules and all(submodules)):
                found.append(base.file)
        return tuple(found)

    def missing(self, path: str, one: Import) -> tuple[Missing, ...]:
        """Return what an import in a file needs and the project does not have, where that is certain."""
        return self._missing(self._folder_of(path, one), one.level, one.module, one.names, one.when == "types")

    def _folder_of(self, path: str, one: Import) -> str:
        """Return a folder where an import means the same as in a file: most mean the same everywhere."""
        folder = parent(path)
        return NOWHERE if not one.level and self._is_same(folder, one.module.partition(".")[0]) else folder

    def _is_same_everywhere(self, folder: str, top: str) -> bool:
        modules = self._project.modules
        roots = modules.roots_of(top)
        certain = len(roots) <= 1 and all(not root or root in modules.starts for root in roots)
        return certain and not modules.has(join(folder, top))

    def _find_missing(
        self, folder: str, level: int, module: str, names: tuple[str, ...], for_types: bool
    ) -> tuple[Missing, ...]:
        if self._is_beside(folder, level, module):
            return ()  # where the folder of a script comes first, the name means its neighbour
        if absent := self._missing_module(folder, level, module):
            return (absent,)
        found: list[Missing] = []
        for base in self._bases_of(folder, level, module):
            if self._is_certain(module, base):
                found += self._missing_names(base, names, for_types)
        return tuple(found)

    def _bases_of(self, folder: str, level: int, module: str) -> list[Module]:
        """Return the modules of the project that an import in a folder names."""
        return self._bases(folder, level or int(self._is_beside(folder, level, module)), module)

    def _is_beside(self, folder: str, level: int, module: str) -> bool:
        """Return whether an import finds a module beside the file: the folder of a script comes first."""
        beside = join(folder, module.partition(".")[0])
        modules = self._project.modules
        return not level and join(folder, INIT) not in modules.files and modules.file_at(beside) is not None

    def _may_be_own(self, folder: str, module: str) -> bool:
        """Return whether the project has a module or a folder with the first part of a name."""
        top = module.partition(".")[0]
        modules = self._project.modules
        return bool(modules.roots_of(top)) or modules.has(join(folder, top))

    def _find_bases(self, folder: str, level: int, module: str) -> list[Module]:
        if not level and not self._may_be_own(folder, module):
            return []
        found = self._resolver.base_of(join(folder, INIT), level, module)
        return [base for base in found if isinstance(base, Module) and not is_outside(base.file or base.folder)]

    def _missing_module(self, folder: str, level: int, module: str) -> Missing | None:
        if level:
            return self._missing_relative(folder, level, module)
        if not self._may_be_own(folder, module):
            return None
        return self._lacking(module, module, self._resolver.dotted(module, join(folder, INIT)))

    def _missing_relative(self, folder: str, level: int, module: str) -> Missing | None:
        parts = module.split(".") if module else []
        base = self._bases(folder, level, "")
        for number in range(1, len(parts) + 1):
            name = ".".join(parts[:number])
            below = self._bases(folder, level, name)
            if not below:
                answers = [self._resolver.member(inside, parts[number - 1]) for inside in base]
                return self._lacking(module, "." * level + name, best(answers))
            base = below
        return None

    def _lacking(self, module: str, name: str, answer: Answer | None) -> Missing | None:
        """Return what an import of `module` lacks, if an answer says that it is missing from the project."""
        if answer is None or answer.verdict != "missing" or not isinstance(answer.thing, Module):
            return None
        inside = answer.thing
        if not self._is_certain(module, inside):
            return None
        place = join(inside.folder or parent(inside.file), answer.name)
        return Missing(name, place, f"{name} does not exist: {answer.reason}.")

    def _judge(self, module: str, inside: Module) -> bool:
        """Return whether a module that lacks a name is what runs in the place of the file."""
        place = inside.file or inside.folder
        if is_outside(place) or place.endswith(GENERATED):
            return False
        if inside.file and self._project.fact(extends_path, inside.file):
            return False
        of_tests = module.partition(".")[0] in TEST_FOLDERS
        if not inside.file and not of_tests:
            return False  # other distributions, or the place where the file is copied to, may have more
        # A package in a folder of examples is not what the name means elsewhere.
        return of_tests or is_installed(self._project.modules, place)

    def _missing_names(self, base: Module, names: tuple[str, ...], for_types: bool) -> Iterator[Missing]:
        for name in names:
            if name == "*":
                continue
            answer = self._resolver.member(base, name)
            if answer.verdict == "missing" and not (for_types and self._is_bound(base, name)):
                yield Missing(name, join(base.folder or parent(base.file), name), f"{answer.reason}.")

    def _is_bound(self, module: Module, name: str) -> bool:
        facts = self._resolver.outline(module.file)
        return facts is not None and name in facts.names
