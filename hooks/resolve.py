"""Follows a dotted name to what it is, through imports, star imports, classes and their bases, without importing anything."""

import builtins
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import islice, takewhile
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeGuard
from weakref import WeakKeyDictionary

from .imports import scan
from .modules import INIT, join, parent, place_of
from .outline import Binding, LaterImports, Outline, later_imports, outline
from .project import Project
from .standard import Standard, find_standard, is_misspelt, is_used_in, member_of

Verdict = Literal["ok", "missing", "unknown"]

OF_MODULES = frozenset(dir(sys)) & frozenset(["__doc__", "__loader__", "__name__", "__package__", "__spec__"]) | {
    "__builtins__",
    "__dict__",
    "__file__",
    "__path__",
    "__cached__",
    "__class__",
}
OF_CLASSES = frozenset(dir(type)) | frozenset(dir(object)) | {"__annotations__", "__doc__", "__module__", "__dict__"}
OF_FUNCTIONS = frozenset(dir(lambda: None))
HARMLESS = {"dataclass", "dataclasses.dataclass", "total_ordering", "functools.total_ordering", "final", "typing.final"}
"""Decorators that leave the class as it is, apart from methods of the data model."""
# Written by build tools, and often not in the repository.
GENERATED = re.compile(r"^_?version(_info)?$|_pb2(_grpc)?$|^_?generated?$|^build_info$")
COMPILED = (*EXTENSION_SUFFIXES, ".so", ".pyd", ".pyx", ".pyi", ".pyc")


SPECIAL = re.compile(r"__\w+__|_abc_impl")
ENOUGH_FILES = 50
"""Files that show whether a folder is a package."""
MAX_DEPTH = 20
"""How many imports are followed; more go round in a circle."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module: its dotted name and its file, or its folder if it is a namespace package."""

    name: str
    file: str
    folder: str
    """The folder with its submodules, or nothing."""
    sure: bool = True
    """Whether the name means this module; another package of the name may be installed."""


@dataclass(frozen=True, slots=True, eq=False)
class Defined:
    """A class, a function or a value of a module, or an object of a class that the module makes."""

    module: Module
    name: str
    binding: Binding
    instance: bool = False

    @property
    def kind(self) -> str:
        """Return what it is: class, function, instance or value."""
        kind = self.binding.kind
        return "instance" if self.instance else kind if kind in ("class", "function") else "value"


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """One of several things: a name that is bound more than once."""

    things: tuple["Thing", ...]


Thing = Module | Defined | Standard | Either


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a name exists, and what it is."""

    verdict: Verdict
    reason: str = ""
    thing: Thing | None = None
    """What the name is, if that is known; for a missing name, where it was looked for."""
    name: str = ""
    """The part that is missing."""
    sure: bool = True
    """Whether the first part of the name means the module that it was looked for in."""


def unknown(reason: str) -> Answer:
    """Return that it cannot be told whether a name exists."""
    return Answer("unknown", reason)


def hedged(answer: Answer, top: Module | Standard) -> Answer:
    """Return an answer, but do not say that a name is missing from a module that may not be the one that is meant."""
    if top.sure:
        return answer
    if answer.verdict == "missing":
        return unknown(f"another package may be called {top.name}, too")
    return replace(answer, sure=False)


def best(answers: Iterable[Answer]) -> Answer | None:
    """Return the best of several answers: a name exists if one of several places has it."""
    return min(answers, key=lambda answer: ("ok", "unknown", "missing").index(answer.verdict), default=None)


class Resolver:
    """Resolves names as the project and its environment define them."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[str, str], Answer] = {}
        self._bases: dict[tuple[str, int, str], Sequence[Module | Standard]] = {}
        self._namespaces: dict[str, bool] = {}
        self._tops: dict[tuple[str, str], Sequence[Module | Standard]] = {}

    @classmethod
    def of(cls, project: Project) -> "Resolver":
        """Return the resolver of a project, which is kept."""
        if project not in KEPT:
            KEPT[project] = cls(project)
        return KEPT[project]

    # Names as programs write them

    def dotted(self, name: str, near: str = "", *, attribute_first: bool = False) -> Answer:
        """Return what a dotted name is for the file `near`.

        `mock.patch` imports as many parts as it can and takes attributes for the rest. With `attribute_first`, an
        attribute of a package wins over a module in it, as for `monkeypatch`.
        """
        found = best(self.dotted_all(name, near, attribute_first=attribute_first))
        return found or unknown(f"{name.partition('.')[0]} is neither in the project nor installed")

    def dotted_all(self, name: str, near: str, *, attribute_first: bool = False) -> list[Answer]:
        """Return what a dotted name may be: several things if several packages have its first part as their name."""
        top, *parts = name.split(".")
        found = self.find_tops(top, near)
        return [hedged(self._follow(module, parts, attribute_first), module) for module in found]

    def _follow(self, module: Module | Standard, parts: list[str], attribute_first: bool) -> Answer:
        thing: Thing | None = module
        importing = True
        answer = Answer("ok", "", module)
        for number, part in enumerate(parts):
            if thing is None:
                return unknown(answer.reason or f"what {'.'.join(parts[:number])} is cannot be told")
            submodule = self.submodule(thing, part) if importing and isinstance(thing, Module) else None
            if submodule and not (attribute_first and self._binds(thing, part)):
                answer = Answer("ok", "", submodule)
            else:
                importing = False
                answer = self.member(thing, part)
            if answer.verdict != "ok":
                return answer
            thing = answer.thing
        return answer

    def _binds(self, module: Thing, name: str) -> bool:
        facts = self.outline(module.file) if isinstance(module, Module) else None
        return facts is not None and any(not binding.typing for binding in facts.names.get(name, ()))

    def attribute(self, path: str, name: str) -> Answer:
        """Return what a name of the module at a path is."""
        return self.member(self.module_at(path), name)

    def in_module(self, module: Module, name: str) -> Answer:
        """Return what a dotted name means in the code of a module."""
        first, *rest = name.split(".")
        answer = self.member(module, first)
        if answer.verdict == "missing" and hasattr(builtins, first):
            return unknown(f"{first} is built in")
        for part in rest:
            if answer.verdict != "ok" or answer.thing is None:
                return answer
            answer = self.member(answer.thing, part)
        return answer

    def full(self, path: str, name: str) -> list[Answer]:
        """Return what a full name may be in the file at a path.

        A full name may begin with the dots of a relative import, and `()` stands for the result of a call.
        """
        level = len(name) - len(name.lstrip("."))
        first, *parts = name.lstrip(".").split(".")
        if level:
            tops, parts = self.base_of(path, level, ""), [first, *parts]
        else:
            tops = self.find_tops(first.removesuffix("()"), path)
        return [hedged(reduce(self._step, parts, Answer("ok", "", top)), top) for top in tops]

    def _step(self, answer: Answer, part: str) -> Answer:
        """Return what an attribute of a thing is, or what calling the attribute gives."""
        if answer.verdict != "ok":
            return answer
        if answer.thing is None:
            return unknown("what it is cannot be told")
        name = part.rstrip("()")
        found = self.member(answer.thing, name)
        # An import of `pkg.name` is the module, an attribute of that name may be something else: both are possible.
        if (submodule := self.submodule(answer.thing, name)) and found.thing not in (None, submodule):
            found = Answer("ok", "", Either((submodule, found.thing)))
        if found.verdict != "ok" or name == part:
            return found
        return self._result(found.thing) if part == f"{name}()" else unknown("the result of a call is not known")

    def _result(self, called: Thing | None) -> Answer:
        if isinstance(called, Defined) and called.kind == "class":
            return Answer("ok", "", Defined(called.module, called.name, called.binding, instance=True))
        return unknown("the result of a call is not known")

    def origin(self, module: Module, name: str) -> str:
        """Return the full name of what a dotted name is in a module of the project, as far as the project's code shows it.

        It is where the project defines it, or the name that an installed package has for it; `()` stands for the result
        of a call. It is empty if the module does not bind the name.
        """
        first, _, rest = name.partition(".")
        below = f".{rest}" if rest else ""
        facts = self.outline(module.file) if module.file else None
        bindings = facts.names.get(first, ()) if facts else ()
        return next((found + below for binding in bindings if (found := self._origin(module, first, binding))), "")

    def _origin(self, module: Module, name: str, binding: Binding, depth: int = 0) -> str:
        if depth > MAX_DEPTH:
            return ""
        if binding.kind == "module":
            return binding.target
        if binding.kind in ("alias", "call"):
            target = self.origin(module, binding.target) if binding.target.partition(".")[0] != name else ""
            return target and target + ("()" if binding.kind == "call" else "")
        if binding.kind != "import":
            return f"{module.name}.{name}"
        base = next(iter(self.base_of(module.file, binding.level, binding.target)), None)
        if isinstance(base, Module) and base.file and not is_outside(base.file) and (facts := self.outline(base.file)):
            for inner_binding in facts.names.get(binding.name, ()):
                if found := self._origin(base, binding.name, inner_binding, depth + 1):
                    return found
        return f"{base.name if base else binding.target}.{binding.name}".strip(".")

    # Modules

    def find_tops(self, top: str, near: str) -> Sequence[Module | Standard]:
        """Return the modules that the first part of a name may be: first those that are near to a file."""
        key = top, parent(near)
        if key not in self._tops:
            self._tops[key] = self._find_tops(top, near)
        return self._tops[key]

    def _find_tops(self, top: str, near: str) -> Sequence[Module | Standard]:
        modules = self._project.modules
        roots = sorted(modules.roots_of(top), key=lambda root: -shared(root, near))
        if neighbour := self._neighbour(top, near):
            roots = [neighbour, *(root for root in roots if root != neighbour)]
        own = [(root, module) for root in roots if (module := self._module(top, join(root, top)))]
        sure = [module for root, module in own if self._is_sure(root, module, near)]
        # A package with an `__init__.py` hides folders of the same name without one, unless they are installed on their own.
        has_file = {bool(module.file) for module in sure}
        if sure:
            return sure if len(has_file) == 1 else [replace(module, sure=False) for module in sure]
        if outside := find_standard(top) or self._installed(top):
            return [outside]
        return [replace(module, sure=False) for _, module in own]

    def _installed(self, name: str) -> Module | None:
        python = self._project.python
        return self._module(name, f"{python.as_posix()}/{name}") if python else None

    def _neighbour(self, top: str, near: str) -> str | None:
        """Return the folder of a file that is in no package, if the module is in it, too: it comes first for scripts."""
        folder = parent(near)
        if not near or is_outside(near) or self._file(join(folder, INIT)):
            return None
        return folder if self._module(top, join(folder, top)) else None

    def _is_sure(self, root: str, module: Module, near: str) -> bool:
        """Return whether a name means a module: not if it is in tests, or in examples that the file is no part of."""
        modules = self._project.modules
        if root and root not in modules.starts and (not near.startswith(f"{root}/") or self._is_namespace(root)):
            return False
        return not modules.in_tests(module.folder or module.file)

    def _is_namespace(self, folder: str) -> bool:
        """Return whether files below a folder import it by its name: it is a package without an `__init__.py`."""
        if folder not in self._namespaces:
            name = folder.rpartition("/")[2]
            inside = islice((path for path in self._project.files if path.startswith(f"{folder}/")), ENOUGH_FILES)
            imports = (one for path in inside for one in self._project.fact(scan, path) or () if not one.level)
            named = any(one.module.partition(".")[0] == name for one in imports)
            self._namespaces[folder] = named and not self._project.modules.has(f"{folder}/{name}")
        return self._namespaces[folder]

    def module_at(self, path: str) -> Module:
        """Return the module of a file."""
        folder = parent(path) if path.endswith(f"/{INIT}") else ""
        return Module(self._project.modules.name(path) or "", path, folder)

    def submodule(self, module: Thing, name: str) -> Module | None:
        """Return a module in a package."""
        if not isinstance(module, Module) or not module.folder:
            return None
        return self._module(f"{module.name}.{name}", f"{module.folder}/{name}")

    def _module(self, name: str, place: str) -> Module | None:
        """Return the module at a path without its ending."""
        if file := self._file(f"{place}/{INIT}"):
            return Module(name, file, place)
        if file := self._file(f"{place}.py"):
            return Module(name, file, "")
        return Module(name, "", place) if self._is_folder(place) else None

    def _file(self, path: str) -> str:
        if not is_outside(path):
            return path if path in self._project.modules.files else ""
        return path if is_file(path) else ""

    def _is_folder(self, place: str) -> bool:
        return is_folder(place) if is_outside(place) else place in self._project.modules.folders

    def base_of(self, path: str, level: int, module: str) -> Sequence[Module | Standard]:
        """Return the modules that `from ..module import` means in the file at a path."""
        key = parent(path), level, module
        if key not in self._bases:
            self._bases[key] = self._find_bases(path, level, module)
        return self._bases[key]

    def _find_bases(self, path: str, level: int, module: str) -> Sequence[Module | Standard]:
        if not level:
            answer = self.dotted(module, path)
            found = answer.thing if answer.verdict == "ok" else None
            return [found] if is_module(found) else []
        folder = parent(path)
        for _ in range(level - 1):
            folder = parent(folder)
        place = join(folder, module.replace(".", "/")) if module else folder
        name = self._project.modules.name(f"{place}/{INIT}") or ""
        module_there = self._module(name, place) if place else None
        return [module_there] if module_there else []

    # Members

    def member(self, thing: Thing, name: str) -> Answer:
        """Return what an attribute of a module, a class, a function or an object is."""
        found = self._find_member(thing, name)
        if found.verdict == "missing" and SPECIAL.fullmatch(name):
            return unknown(f"Python and its libraries may set {name}")
        return found

    def _find_member(self, thing: Thing, name: str) -> Answer:
        if isinstance(thing, Either):
            return best(self._find_member(each, name) for each in thing.things) or unknown("")
        if isinstance(thing, Standard):
            return self._of_standard(thing, name)
        if isinstance(thing, Module):
            return self._of_module(thing, name)
        if thing.kind == "class":
            return self._of_class(thing, name, frozenset())
        if thing.kind == "instance":
            return self._of_instance(thing, name)
        if thing.kind == "function":
            return self._of_function(thing, name)
        return unknown(f"the value of {thing.name} is not known")

    def _of_module(self, module: Module, name: str) -> Answer:
        key = (module.file or module.folder or module.name, name)
        if key not in self._known:
            self._known[key] = unknown("imports go round in a circle")
            self._known[key] = self._find_in_module(module, name)
        return self._known[key]

    def _find_in_module(self, module: Module, name: str) -> Answer:
        if not module.file:
            return self._in_namespace(module, name)
        facts = self.outline(module.file)
        if facts is None:
            return unknown(f"{module.file} was not read")
        bindings = facts.names.get(name, ())
        real = [binding for binding in bindings if not binding.typing and binding.kind != "annotation"]
        if real:
            things = [self._thing(module, name, binding) for binding in real]
            return Answer("ok", "", things[0] if len(things) == 1 else Either(tuple(things)))
        if submodule := self.submodule(module, name):
            return Answer("ok", "", submodule)
        if name in OF_MODULES:
            return Answer("ok")
        found = best(self._in_star(module, star, name) for star in facts.stars)
        if found and found.verdict != "missing":
            return found
        if facts.dynamic or name in facts.deleted or name in facts.lazy:
            return unknown(f"{module.name} makes names while it runs")
        if any(binding.kind == "annotation" and not binding.typing for binding in bindings):
            return Answer("missing", f"{module.name} annotates {name} but gives it no value", module, name)
        if bindings:
            return Answer("missing", f"{module.name} imports {name} for type checkers only", module, name)
        if reason := self._elsewhere(module, name):
            return unknown(reason)
        return Answer("missing", f"{module.name} has no {name}", module, name)

    def _elsewhere(self, module: Module, name: str) -> str:
        """Return why a module may have a name that its Python code does not show."""
        folder, _, stem = place_of(module.file).rpartition("/")
        if any(entry.startswith(f"{stem}.") and entry.endswith(COMPILED) for entry in entries(self._on_disk(folder))):
            return f"{module.name} is compiled"
        package = self.outline(f"{folder}/{INIT}") if self._file(f"{folder}/{INIT}") else None
        if package and name in package.attributes.get(stem, ()):
            return f"the package of {module.name} gives it {name}"
        if not module.folder:
            return ""
        place = self._on_disk(module.folder)
        if any(entry.startswith(f"{name}.") and entry.endswith(COMPILED) for entry in entries(place)):
            return f"{module.name}.{name} is compiled"
        if name in entries(place) or f"{name}.py" in entries(place):
            return f"{module.name}.{name} is not part of the repository"
        if GENERATED.search(name):
            return f"{module.name}.{name} is generated"
        return ""

    def _on_disk(self, folder: str) -> str:
        return str(self._project.root / folder)

    def _is_outside(self, module: Module) -> bool:
        return is_outside(module.file or module.folder)

    def _in_namespace(self, module: Module, name: str) -> Answer:
        if submodule := self.submodule(module, name):
            return Answer("ok", "", submodule)
        top = module.name.partition(".")[0]
        if module.name == top or self._is_outside(module) or self._installed(top):
            return unknown(f"{module.name} may have more parts in other places")
        if reason := self._elsewhere(module, name):
            return unknown(reason)
        return Answer("missing", f"{module.name} has no {name}", module, name)

    def _of_standard(self, thing: Standard, name: str) -> Answer:
        """Return what a name of the standard library is. Other versions of Python, and other systems, may have more."""
        if found := member_of(thing, name):
            return Answer("ok", "", found)
        if is_misspelt(thing, name):
            return Answer("missing", f"{thing.name} has no {name}", thing, name)
        return unknown(f"other versions of Python, or other systems, may have {thing.name}.{name}")

    def _in_star(self, module: Module, star: tuple[int, str], name: str) -> Answer:
        bases = self.base_of(module.file, *star)
        if not bases:
            return unknown(f"{module.name} imports everything from {'.' * star[0]}{star[1]}")
        [base] = bases
        if isinstance(base, Standard):
            return self._of_standard(base, name) if not name.startswith("_") else Answer("missing", "", module)
        facts = self.outline(base.file) if base.file else None
        if facts and facts.public is not None and name not in facts.public:
            return Answer("missing", "", module)
        if name.startswith("_") and not (facts and facts.public):
            return Answer("missing", "", module)
        return self._of_module(base, name)

    def _thing(self, module: Module, name: str, binding: Binding) -> Thing:
        """Return what a name of a module is bound to."""
        if binding.kind in ("class", "function", "value"):
            return Defined(module, name, binding)
        answer = self._value(module, binding)
        found = answer.thing if answer.verdict == "ok" else None
        if binding.kind == "call":
            is_class = isinstance(found, Defined) and found.kind == "class"
            found = replace(found, instance=True) if isinstance(found, Defined) and is_class else None
        return found or Defined(module, name, Binding("value", binding.line))

    def _value(self, module: Module, binding: Binding) -> Answer:
        if binding.kind == "module":
            return self.dotted(binding.target, module.file)
        if binding.kind == "import":
            bases = self.base_of(module.file, binding.level, binding.target)
            found = best(self.member(base, binding.name) for base in bases)
            return found or unknown(f"{'.' * binding.level}{binding.target} is not known")
        return self.in_module(module, binding.target)

    def _of_class(self, thing: Defined, name: str, seen: frozenset[int]) -> Answer:
        found = self._in_class(thing, name, seen)
        if found.verdict == "missing" and (name in OF_CLASSES):
            return Answer("ok")
        return found

    def _in_class(self, thing: Defined, name: str, seen: frozenset[int]) -> Answer:
        binding = thing.binding
        members = binding.members.get(name, ())
        real = [member for member in members if not member.typing and member.kind != "annotation"]
        if real:
            full = f"{thing.name}.{name}"
            values = [kept if kept.kind in ("class", "function") else Binding("value", kept.line) for kept in real]
            things = tuple(Defined(thing.module, full, value) for value in values)
            return Answer("ok", "", things[0] if len(things) == 1 else Either(things))
        facts = self.outline(thing.module.file)
        if facts is None or name in facts.attributes.get(thing.name, ()):
            return Answer("ok")
        private = name.partition("__")
        if private[0] == f"_{thing.name.rpartition('.')[2].lstrip('_')}" and private[2]:
            return self._in_class(thing, f"__{private[2]}", seen)
        if members or name in self._assigned(thing):
            return unknown(f"{thing.name} may get {name} while it runs")
        for base in binding.bases:
            answer = self._in_base(thing, base, name, seen | {id(binding)})
            if answer.verdict != "missing":
                return answer
        if thing.name in facts.changed:
            return unknown(f"{thing.name} gets attributes while the program runs")
        if binding.metaclass or not set(binding.decorators) <= HARMLESS:
            return unknown(f"{thing.name} is changed while it is made")
        return Answer("missing", f"{thing.name} in {thing.module.name} has no {name}", thing, name)

    def _in_base(self, thing: Defined, base: str, name: str, seen: frozenset[int]) -> Answer:
        found = self.in_module(thing.module, base) if base else unknown("")
        if isinstance(found.thing, Defined) and found.thing.kind == "class" and found.verdict == "ok":
            if id(found.thing.binding) in seen:
                return unknown(f"the bases of {thing.name} go round in a circle")
            return self._in_class(found.thing, name, seen)
        kind = found.thing.value if isinstance(found.thing, Standard) else getattr(builtins, base, None)
        if isinstance(kind, type) and (found.verdict == "unknown" or isinstance(found.thing, Standard)):
            if not hasattr(kind, name) and is_used_in(kind, name):
                return unknown(f"{base} may get {name} while it runs")
            return Answer("ok" if hasattr(kind, name) else "missing", "", thing)
        return unknown(f"{thing.name} has the base {base or 'of an expression'}, which is not known")

    def _of_instance(self, thing: Defined, name: str) -> Answer:
        if self._in_class(thing, "__getattr__", frozenset()).verdict != "missing" or self._looks_up(thing):
            return unknown(f"{thing.name} makes attributes while it runs")
        found = self._in_class(thing, name, frozenset())
        return Answer("ok") if found.verdict == "unknown" and name in self._assigned(thing) else found

    def _looks_up(self, thing: Defined) -> bool:
        """Return whether a class of the project, or a base of it, has its own way to look up attributes."""
        found = self._in_class(thing, "__getattribute__", frozenset()).thing
        return isinstance(found, Defined) and found.name.endswith(".__getattribute__")

    def _of_function(self, thing: Defined, name: str) -> Answer:
        if name in OF_FUNCTIONS:
            return Answer("ok")
        facts = self.outline(thing.module.file)
        if facts and name in facts.attributes.get(thing.name, ()):
            return Answer("ok")
        if thing.binding.decorators:
            return unknown(f"{thing.name} is decorated")
        return Answer("missing", f"{thing.name} in {thing.module.name} is a function without {name}", thing, name)

    def _assigned(self, thing: Defined) -> frozenset[str]:
        facts = self.outline(thing.module.file)
        return facts.assigned.get(thing.name.rpartition(".")[2], frozenset()) if facts else frozenset()

    # Facts

    def outline(self, path: str) -> Outline | None:
        """Return what the module at a path binds, or None if it was not read."""
        facts: Outline | None = self._project.fact(outline, path)
        return facts

    def imported_later(self, path: str) -> LaterImports:
        """Return what the functions of the module at a path import."""
        return self._project.fact(later_imports, path) or {}

    def names_of(self, thing: Thing) -> list[str]:
        """Return the names that a module or a class has, for suggestions."""
        if isinstance(thing, Either):
            return [name for each in thing.things for name in self.names_of(each)]
        if isinstance(thing, Defined):
            return list(thing.binding.members)
        if isinstance(thing, Standard):
            return thing.names
        names = self._bound_in(thing, set()) if thing.file else []
        folder = str(self._project.root / thing.folder) if thing.folder else ""
        inside = [entry.removesuffix(".py") for entry in entries(folder) if folder]
        return [*names, *(name for name in inside if name.isidentifier())]

    def _bound_in(self, module: Module, seen: set[str]) -> list[str]:
        """Return the names that a module binds, those of star imports included."""
        facts = self.outline(module.file) if module.file not in seen else None
        if facts is None:
            return []
        seen.add(module.file)
        stars = (
            base
            for star in facts.stars
            for base in self.base_of(module.file, *star)
            if isinstance(base, Module) and base.file
        )
        return [*facts.names, *(name for base in stars for name in self._bound_in(base, seen))]


KEPT: WeakKeyDictionary[Project, Resolver] = WeakKeyDictionary()


def is_outside(path: str) -> bool:
    """Return whether a path is outside of the project."""
    return path[:1] == "/" or path[1:3] == ":/"


def shared(root: str, path: str) -> int:
    """Return how many folders a root and a file have in common."""
    pairs = zip(root.split("/"), path.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@cache
def is_file(path: str) -> bool:
    """Return whether a file outside of the project exists."""
    return Path(path).is_file()


@cache
def is_folder(path: str) -> bool:
    """Return whether a folder exists."""
    return Path(path).is_dir()


@cache
def entries(folder: str) -> frozenset[str]:
    """Return the names in a folder."""
    try:
        return frozenset(entry.name for entry in os.scandir(folder))
    except OSError:
        return frozenset()


def is_module(thing: Thing | None) -> TypeGuard[Module | Standard]:
    """Return whether a thing is a module."""
    return isinstance(thing, Module) or (isinstance(thing, Standard) and isinstance(thing.value, ModuleType))
