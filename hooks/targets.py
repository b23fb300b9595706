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

    def files(self, path: str, one: Import) -> Iterator[str]:
        """Yield the files of the project that an import in a file names: each submodule, or the module itself."""
        for base in self._bases_of(path, one):
            submodules = [self._resolver.submodule(base, name) for name in one.names]
            yield from (found.file for found in submodules if found and found.file)
            if base.file and not (submodules and all(submodules)):
                yield base.file

    def missing(self, path: str, one: Import) -> Iterator[Missing]:
        """Yield what an import in a file needs and the project does not have, where that is certain."""
        if self._is_beside(path, one):
            return  # where the folder of a script comes first, the name means its neighbour
        if one.level:
            module = self._missing_relative(path, one)
        else:
            module = self._missing_module(one, one.module, self._resolver.dotted(one.module, path))
        if module:
            yield module
            return
        for base in self._bases_of(path, one):
            if self._is_certain(one, base):
                yield from self._missing_names(base, one)

    def _bases_of(self, path: str, one: Import) -> list[Module]:
        """Return the modules of the project that an import names."""
        level = one.level or int(self._is_beside(path, one))
        return self._bases(parent(path), level, one.module)

    def _is_beside(self, path: str, one: Import) -> bool:
        """Return whether an import finds a module beside the file: the folder of a script comes first."""
        folder = parent(path)
        beside = join(folder, one.module.partition(".")[0])
        modules = self._project.modules
        return not one.level and join(folder, INIT) not in modules.files and modules.file_at(beside) is not None

    def _find_bases(self, folder: str, level: int, module: str) -> list[Module]:
        found = self._resolver.base_of(join(folder, INIT), level, module)
        return [base for base in found if isinstance(base, Module) and not is_outside(base.file or base.folder)]

    def _missing_relative(self, path: str, one: Import) -> Missing | None:
        parts = one.module.split(".") if one.module else []
        base = self._bases(parent(path), one.level, "")
        for number, part in enumerate(parts, 1):
            name = ".".join(parts[:number])
            below = self._bases(parent(path), one.level, name)
            if not below:
                answers = [self._resolver.member(inside, part) for inside in base]
                return self._missing_module(one, "." * one.level + name, best(answers))
            base = below
        return None

    def _missing_module(self, one: Import, name: str, answer: Answer | None) -> Missing | None:
        if answer is None or answer.verdict != "missing" or not isinstance(answer.thing, Module):
            return None
        inside = answer.thing
        if not self._is_certain(one, inside):
            return None
        place = join(inside.folder or parent(inside.file), answer.name)
        return Missing(name, place, f"{name} does not exist: {answer.reason}.")

    def _is_certain(self, one: Import, inside: Module) -> bool:
        """Return whether a module that lacks a name is what runs in the place of the file."""
        place = inside.file or inside.folder
        if is_outside(place) or place.endswith(GENERATED):
            return False
        if inside.file and self._project.fact(extends_path, inside.file):
            return False
        if not inside.file and one.module.partition(".")[0] not in TEST_FOLDERS:
            return False  # other distributions, or the place where the file is copied to, may have more
        # A package in a folder of examples is not what the name means elsewhere.
        return is_installed(self._project.modules, place) or one.module.partition(".")[0] in TEST_FOLDERS

    def _missing_names(self, base: Module, one: Import) -> Iterator[Missing]:
        for name in one.names:
            if name == "*":
                continue
            answer = self._resolver.member(base, name)
            if answer.verdict == "missing" and not (one.when == "types" and self._is_bound(base, name)):
                yield Missing(name, join(base.folder or parent(base.file), name), f"{answer.reason}.")

    def _is_bound(self, module: Module, name: str) -> bool:
        facts = self._resolver.outline(module.file)
        return facts is not None and name in facts.names
