"""What a name that does not exist was meant to be, and whether other code makes it."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property

from .project import Project
from .resolve import Answer, Defined, Module, Resolver, Thing

SHORTEST = 4
"""The length of names that are looked for elsewhere; shorter ones mean different things in different modules."""

SETS = r"(?<![\w.])setattr\(\s*[\w.]*\b"


class Hints:
    """Looks for missing names in the code of a project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._resolver = Resolver.of(project)
        self._computed: dict[tuple[str, str], bool] = {}

    def is_assigned(self, found: Answer) -> bool:
        """Return whether some code gives a module or a class the name that it lacks: `Order.total = ...`."""
        if not isinstance(found.thing, Module | Defined) or not found.name:
            return False
        owner, name = found.thing.name.rpartition(".")[2], found.name
        assigned = rf"\b{owner}\.{name}\s*(?::[^=\n]+)?=(?!=)|{SETS}{owner},\s*['\"]{name}['\"]"
        return self.is_computed(found.thing) or any(self._search(assigned, name))

    def is_computed(self, thing: Module | Defined) -> bool:
        """Return whether some code gives a module or a class names that are computed: `setattr(Order, name, ...)`."""
        key = identify(thing)
        if key not in self._computed:
            owner = thing.name.rpartition(".")[2]
            paths = self._search(rf"{SETS}{owner},\s*[^'\"\s]", "setattr")
            meant = (self._resolver.attribute(path, owner).thing for path in paths)
            self._computed[key] = any(isinstance(one, Module | Defined) and identify(one) == key for one in meant)
        return self._computed[key]

    def find(self, found: Answer) -> str:
        """Return what to do about a missing name."""
        thing, name = found.thing, found.name
        if isinstance(thing, Module) and thing.file and (hint := self._inside(thing, name)):
            return hint
        if hint := self._elsewhere(name, thing):
            return hint
        names = self._resolver.names_of(thing) if thing else []
        close = get_close_matches(name, [each for each in names if each != name], 1, 0.75)
        return f"Did you mean {close[0]}?" if close else ""

    def _inside(self, module: Module, name: str) -> str:
        """Return which function of a module imports the name."""
        imports = self._resolver.imported_later(module.file)
        if name not in imports:
            return ""
        target, level, original, function = imports[name]
        if level:
            bases = self._resolver.base_of(module.file, level, target)
            target = bases[0].name if bases else ""
        if not target:
            return f"{function}() imports it: patch it where it is defined."
        place = f"{target}.{original}" if original else target
        return f'{function}() imports it when it is called: patch "{place}" instead.'

    def _elsewhere(self, name: str, thing: Thing | None) -> str:
        """Return where else the project defines a name, if it is in one place only."""
        if len(name) < SHORTEST:
            return ""
        here = thing.file if isinstance(thing, Module) else ""
        defined = rf"^(?:async )?(?:def|class) {name}\b|^{name}\b.*="
        places = [path for path in self._search(defined, name) if path != here and not self._project.is_test(path)]
        if len(places) != 1:
            return ""
        facts = self._resolver.outline(places[0])
        module = self._project.modules.name(places[0])
        return f"It is defined in {module}: did it move there?" if facts and name in facts.names and module else ""

    def _search(self, pattern: str, word: str) -> Iterator[str]:
        """Yield the files that match a pattern with a word in it."""
        needle, compiled = word.encode(), re.compile(pattern.encode(), re.MULTILINE)
        return (path for path, code in self._code if needle in code and compiled.search(code))

    @cached_property
    def _code(self) -> list[tuple[str, bytes]]:
        return [(path, self._project.bytes(path)) for path in self._project.files]


def identify(thing: Module | Defined) -> tuple[str, str]:
    """Return the file and the name of a module or of what a module defines."""
    return (thing.module.file, thing.name) if isinstance(thing, Defined) else (thing.file, "")
