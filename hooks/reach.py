"""Finds the tests that a piece of test code takes part in: directly, by a fixture, a helper, a base class or `setUp`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property

from . import parts
from .modules import parent
from .parts import MODULE, Outline, Part
from .project import Project

Node = tuple[str, str]
"""A file and the qualified name of a part of it."""

CONFTEST = "conftest.py"
MAX_IMPORTS = 8
"""Modules that pass a name on. More are a circle."""


class Reach:
    """The tests of a project, and what each of them uses."""

    def __init__(self, project: Project, files: Iterable[str]) -> None:
        """Take the files whose parts count: those of the tests, and helpers elsewhere. They are read when needed."""
        self._project = project
        self._modules = project.modules
        self._files = frozenset(files)
        self._resolved: dict[tuple[str, str], Node | None] = {}
        self._tests: dict[Node, frozenset[Node]] = {}
        self.outline = cache(self._read)
        self._fixtures = cache(self._index)
        self._included = cache(self._find_included)
        self._fixture_in = cache(self._fixture_of_module)
        self.named_by = cache(lambda node: tuple(self._named_by(node)))

    def _read(self, file: str) -> Outline:
        """Return the outline of a file, which is empty if nobody could read it."""
        found = self._project.fact(parts.scan, file) if file in self._files else None
        return found or Outline({MODULE: Part()}, {})

    def _index(self, file: str) -> dict[tuple[str, str], str]:
        """Return the fixtures of a file by their class and name, with the functions."""
        named = ((name, part) for name, part in self.outline(file).parts.items() if part.fixture)
        return {(name.rpartition(".")[0], part.fixture): name for name, part in named}

    @cached_property
    def _users(self) -> dict[Node, set[Node]]:
        users: dict[Node, set[Node]] = defaultdict(set)
        for file, read in self._project.read(parts.scan, sorted(self._files)):
            for name in read.parts:
                for used in self._used((file, name)):
                    users[used].add((file, name))
        return users

    def tests(self) -> Iterator[tuple[Node, Part]]:
        """Yield all tests."""
        for file, read in self._project.read(parts.scan, sorted(self._files)):
            yield from (((file, name), part) for name, part in read.parts.items() if part.is_test)

    def tests_of(self, file: str, name: str) -> frozenset[Node]:
        """Return the tests that use a part of a file."""
        node = (file, name if name in self.outline(file).parts else MODULE)
        if node not in self._tests:
            self._tests[node] = frozenset(
                filter(self._is_test, reachable(node, lambda used: self._users.get(used, ())))
            )
        return self._tests[node]

    def used_by(self, test: Node) -> set[Node]:
        """Return the parts of files that a test uses, and the test itself."""
        return reachable(test, self._used)

    def _is_test(self, node: Node) -> bool:
        return self.outline(node[0]).parts[node[1]].is_test

    def _used(self, node: Node) -> Iterator[Node]:
        """Yield what a part of a file uses directly."""
        yield from self.named_by(node)
        file, name = node
        read = self.outline(file)
        part = read.parts[name]
        owner = name.rpartition(".")[0]
        if part.is_class:
            yield from self._of_class(file, name, part)
        if name == MODULE:
            yield from self._of_module(file, read)
        elif part.is_test or part.is_setup or part.fixture:
            yield file, owner if owner in read.parts else MODULE

    def _named_by(self, node: Node) -> Iterator[Node]:
        """Yield what a part of a file calls, reads or requests by its name."""
        file, name = node
        part = self.outline(file).parts[name]
        owner = name.rpartition(".")[0]
        for used in part.uses:
            yield from self._members(self._find_in_class(file, used) if "." in used else self._find_in_file(file, used))
        for full in part.refers:
            yield from self._members(self._resolve(file, full))
        for fixture in part.requests:
            if found := self._find_fixture(file, owner, fixture, node):
                yield found

    def _of_class(self, file: str, name: str, part: Part) -> Iterator[Node]:
        """Yield what applies to each test of a class: the set-up, fixtures that need no request, the base classes."""
        for inner, other in self.outline(file).parts.items():
            if inner.rpartition(".")[0] == name and (other.is_setup or other.is_autouse):
                yield file, inner
        for base in part.bases:
            found = self._resolve(file, base) or self._find_in_file(file, base)
            if found and found != (file, name):
                yield found
        outer = name.rpartition(".")[0]
        yield file, outer if outer in self.outline(file).parts else MODULE

    def _of_module(self, file: str, read: Outline) -> Iterator[Node]:
        """Yield what applies to each test of a file: its set-up, fixtures that need no request, those of conftest.py."""
        yield from self._unasked(file)
        yield from ((file, name) for name, part in read.parts.items() if "." not in name and part.is_setup)
        for conftest in self._conftests(file):
            if conftest != file:
                yield conftest, MODULE

    def _unasked(self, file: str, seen: frozenset[str] = frozenset()) -> Iterator[Node]:
        """Yield the fixtures of a module that need no request, also those that it imports or names as plugins."""
        read = self.outline(file)
        yield from ((file, name) for name, part in read.parts.items() if "." not in name and part.is_autouse)
        imported = (self._resolve(file, full) for full in read.imports.values())
        yield from (node for node in imported if node and self.outline(node[0]).parts[node[1]].is_autouse)
        for other in self._included(file):
            if other not in seen:
                yield from self._unasked(other, seen | {file, other})

    def _members(self, node: Node | None) -> Iterator[Node]:
        """Yield a part, and for a class that is no test its methods: its users may call them."""
        if node is None:
            return
        yield node
        file, name = node
        parts = self.outline(file).parts
        if not parts[name].is_class:
            return
        for inner, part in parts.items():
            if inner.startswith(f"{name}.") and not part.is_test:
                yield file, inner

    def _find_in_class(self, file: str, name: str, depth: int = MAX_IMPORTS) -> Node | None:
        """Return a method of a class or of its base classes."""
        if name in self.outline(file).parts:
            return file, name
        owner, _, method = name.rpartition(".")
        part = self.outline(file).parts.get(owner)
        for base in part.bases if part and depth else ():
            found = self._resolve(file, base) or self._find_in_file(file, base)
            if not found or found == (file, owner):
                continue
            if inherited := self._find_in_class(found[0], f"{found[1]}.{method}", depth - 1):
                return inherited
        return None

    def _find_in_file(self, file: str, name: str) -> Node | None:
        return (file, name) if name in self.outline(file).parts else None

    def _find_fixture(self, file: str, owner: str, name: str, asking: Node) -> Node | None:
        """Return the fixture that a test gets: of its class, its module, or the nearest conftest.py."""
        while owner:
            if (found := self._fixtures(file).get((owner, name))) and found != asking[1]:
                return file, found
            owner = owner.rpartition(".")[0]
        for place in dict.fromkeys([file, *self._conftests(file)]):
            found_node = self._fixture_in(place, name)
            if found_node and found_node != asking:
                return found_node
        return None

    def _fixture_of_module(self, file: str, name: str, seen: frozenset[str] = frozenset()) -> Node | None:
        """Return a fixture that a module defines, imports, or names as a plugin."""
        if found := self._fixtures(file).get((MODULE, name)):
            return file, found
        read = self.outline(file)
        if name in read.imports:
            return self._resolve(file, read.imports[name])
        for other in self._included(file):
            if other in seen:
                continue
            if inherited := self._fixture_of_module(other, name, seen | {file, other}):
                return inherited
        return None

    def _find_included(self, file: str) -> list[str]:
        """Return the files whose fixtures a module has, too: it imports everything from them, or names them as plugins."""
        read = self.outline(file)
        files = dict.fromkeys(self._file_of(file, module) for module in (*read.stars, *read.plugins))
        return [other for other in files if other and other in self._files and other != file]

    def _conftests(self, file: str) -> list[str]:
        """Return the files conftest.py that apply to a file, the nearest first."""
        found, folder = [], parent(file)
        while True:
            candidate = f"{folder}/{CONFTEST}" if folder else CONFTEST
            if candidate in self._files:
                found.append(candidate)
            if not folder:
                return found
            folder = parent(folder)

    def _resolve(self, file: str, full: str) -> Node | None:
        """Return the part of a file that a full name in `file` stands for."""
        key = (full if not full.startswith(".") else f"{parent(file)}:{full}", "")
        if key not in self._resolved:
            self._resolved[key] = None
            self._resolved[key] = self._search(file, full.replace("()", ""), MAX_IMPORTS)
        return self._resolved[key]

    def _search(self, file: str, full: str, depth: int) -> Node | None:
        parts = full.lstrip(".").split(".")
        dots = full[: len(full) - len(full.lstrip("."))]
        for count in range(len(parts) - 1, -1 if dots else 0, -1):
            found = self._file_of(file, dots + ".".join(parts[:count]))
            if found and found in self._files:
                return self._look_up(found, ".".join(parts[count:]), depth)
        return None

    def _look_up(self, file: str, name: str, depth: int) -> Node | None:
        """Return the part with a name, which the file may import from elsewhere."""
        read = self.outline(file)
        head, _, rest = name.partition(".")
        if name in read.parts:
            return file, name
        if head in read.parts:
            return file, head
        if not depth:
            return None
        if head in read.imports:
            return self._search(file, f"{read.imports[head]}.{rest}" if rest else read.imports[head], depth - 1)
        for module in read.stars:
            if found := self._search(file, f"{module}.{name}" if module.strip(".") else module + name, depth - 1):
                return found
        return None

    def _file_of(self, file: str, module: str) -> str | None:
        """Return the file of a module that `file` imports, of several the nearest."""
        if module.startswith("."):
            folder, name = parent(file), module[1:]
            while name.startswith("."):
                folder, name = parent(folder), name[1:]
            below = name.replace(".", "/")
            return self._modules.file_at("/".join(filter(None, (folder, below))))
        candidates = self._modules.find_all(module)
        return max(candidates, key=lambda candidate: shared(candidate, file), default=None)


def reachable(start: Node, steps: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """Return the nodes that some steps lead to, and the start."""
    seen, todo = {start}, [start]
    while todo:
        for node in steps(todo.pop()):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def shared(one: str, other: str) -> int:
    """Return how many characters two paths share at the start."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
