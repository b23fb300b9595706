"""Which file a dotted name is, judged by the files alone."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

INIT = "__init__.py"


class Modules:
    """The modules of a project, found from its source roots: the folders where absolute imports begin."""

    def __init__(
        self, files: Sequence[str], sources: Sequence[str], projects: Iterable[str], is_test: Callable[[str], bool]
    ) -> None:
        """Take the files, the source roots that are given, and the folders that are built or installed on their own."""
        self.files = frozenset(files)
        self.folders = frozenset(_folders(files))
        self._is_test = is_test
        self._given = [clean(source) for source in sources]
        src = {folder for folder in self.folders if folder.rpartition("/")[2] == "src"}
        self.starts = frozenset(self._given or {"", *src, *projects})
        """The roots that are so by their name or by a file such as pyproject.toml."""
        self.roots = self._find_roots()
        """The source roots, relative to the project, with an empty text for the project itself."""
        self._roots = frozenset(self.roots)
        self._by_top = self._find_tops()
        self._names: dict[str, str | None] = {}

    def _find_roots(self) -> list[str]:
        """Return the given roots, or those that the files show: the folders that hold packages, and the starts."""
        if self._given:
            return list(dict.fromkeys([*self._given, ""]))
        tops = {parent(self.top_package(parent(file))) for file in self.files if file.endswith(f"/{INIT}")}
        return sorted({*self.starts, *tops}, key=lambda root: (root.count("/"), root))

    def _find_tops(self) -> dict[str, list[str]]:
        """Return the roots where each first part of a name is found: first those outside of tests."""
        tops: dict[str, list[str]] = defaultdict(list)
        roots = set(self.roots)
        for folder in self.folders:
            if parent(folder) in roots and folder:
                tops[folder.rpartition("/")[2]].append(parent(folder))
        for file in self.files:
            if parent(file) in roots and not file.endswith(INIT):
                tops[PurePosixPath(file).stem].append(parent(file))
        return {top: sorted(set(found), key=partial(self._rank, top)) for top, found in tops.items()}

    def _rank(self, top: str, root: str) -> tuple[bool, int, str]:
        return self.in_tests(join(root, top)), root.count("/"), root

    def top_package(self, folder: str) -> str:
        """Return the outermost folder of the package that a folder belongs to; folders between may lack an `__init__.py`."""
        top, above = folder, parent(folder)
        while above:
            if join(above, INIT) in self.files:
                top = above
            above = parent(above)
        return top

    def in_tests(self, folder: str) -> bool:
        """Return whether a folder is inside of tests; a folder of tests itself is not."""
        above = parent(folder)
        return bool(above) and self._is_test(f"{above}/{INIT}")

    def roots_of(self, top: str) -> list[str]:
        """Return the roots that have the first part of a name."""
        return self._by_top.get(top, [])

    def is_first_party(self, name: str) -> bool:
        """Return whether the first part of a name is a module of the project, outside of tests."""
        top = name.partition(".")[0]
        return any(not self.in_tests(join(root, top)) for root in self._by_top.get(top, ()))

    def find_all(self, name: str) -> list[str]:
        """Return the files that a dotted name may be: more than one if several roots have it."""
        below = name.replace(".", "/")
        found = (self.file_at(join(root, below)) for root in self._by_top.get(name.partition(".")[0], ()))
        return list(dict.fromkeys(file for file in found if file))

    def find(self, name: str) -> str | None:
        """Return the file of a module, or the `__init__.py` of a package. A namespace package has none."""
        return next(iter(self.find_all(name)), None)

    def file_at(self, place: str) -> str | None:
        """Return the file of the module at a path without its ending."""
        for file in (f"{place}/{INIT}" if place else INIT, f"{place}.py"):
            if file in self.files:
                return file
        return None

    def has(self, place: str) -> bool:
        """Return whether there is a module or a folder at a path without its ending."""
        return place in self.folders or self.file_at(place) is not None

    def find_folders(self, name: str) -> list[str]:
        """Return the folders that a dotted name may be, with an `__init__.py` or without."""
        below = name.replace(".", "/")
        folders = (join(root, below) for root in self._by_top.get(name.partition(".")[0], ()))
        return [folder for folder in folders if folder in self.folders]

    def names(self, path: str) -> list[str]:
        """Return the names by which a file can be imported, from the innermost root to the outermost."""
        place = place_of(path)
        above, names = place, []
        while above:
            above = parent(above)
            if above in self._roots:
                names.append(place[len(above) + 1 if above else 0 :].replace("/", "."))
        return [name for name in names if all(part.isidentifier() for part in name.split("."))]

    def name(self, path: str) -> str | None:
        """Return the name of a file: from the root of its outermost package."""
        if path not in self._names:
            self._names[path] = self._find_name(path)
        return self._names[path]

    def _find_name(self, path: str) -> str | None:
        names = self.names(path)
        root = parent(self.top_package(parent(path)))
        own = place_of(path)[len(root) + 1 if root else 0 :].replace("/", ".")
        return own if own in names else next(iter(names), None)


def _folders(files: Iterable[str]) -> Iterator[str]:
    """Yield the folders with files in them or below them, except the project itself."""
    seen: set[str] = set()
    for file in files:
        folder = parent(file)
        while folder and folder not in seen:
            seen.add(folder)
            yield folder
            folder = parent(folder)


def parent(path: str) -> str:
    """Return the folder of a path; the project itself is the empty text."""
    return path.rpartition("/")[0]


def place_of(path: str) -> str:
    """Return the path of a module without its ending, for a package its folder."""
    return path.removesuffix(".py").removesuffix("/__init__")


def join(folder: str, name: str) -> str:
    """Return a path below a folder, which may be the project itself."""
    return f"{folder}/{name}" if folder else name


def clean(folder: str) -> str:
    """Return the path of a folder as it is used here."""
    path = str(PurePosixPath(folder))
    return "" if path == "." else path


def is_standard(name: str) -> bool:
    """Return whether the first part of a name is a module of the standard library."""
    return name.partition(".")[0] in sys.stdlib_module_names


def find_site_packages(environment: Path) -> Path | None:
    """Return the folder of installed packages in a virtual environment."""
    candidates = [*sorted(environment.glob("lib/python3*/site-packages")), environment / "Lib" / "site-packages"]
    return next((folder for folder in reversed(candidates) if folder.is_dir()), None)
