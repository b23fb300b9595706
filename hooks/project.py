"""The code base that is checked: its files, its settings and what was read of them."""

import fnmatch
import pickle
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from .changes import PROJECT_FILES, changed_since, find_files
from .check import Configurable, Scan, Unusable
from .modules import INIT, Modules, find_site_packages, parent
from .scanning import UNREAD, Facts, Stored, cache_file, name_of, scan_files

TEST_FOLDERS = {"tests", "test"}
TEST_FILES = ("test_*.py", "*_test.py", "conftest.py", "tests.py")
SETTINGS: dict[str, Any] = {"sources": [], "tests": [], "exclude": [], "python": "", "baseline": ""}
"""The keys of `[tool.phasework]` in pyproject.toml, with their defaults."""

GLOB = re.compile(r"[*?\[]")
MANY_PATTERNS = 100
"""Looking for more takes longer than reading all files."""


class Project:
    """A folder with Python files."""

    def __init__(
        self,
        root: Path,
        settings: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        *,
        stored: bool = False,
    ) -> None:
        self.root = root
        self._settings = settings or {}
        self._options = options or {}
        self._stored = Stored(cache_file(root) if stored else None)
        self._facts: dict[str, Facts] = {}
        self._unpacked: dict[tuple[str, Scan], Any] = {}
        self._named: set[str] | None = None
        self.is_test = cache(self._is_test)
        self.unread: dict[str, str] = {}
        """The files that were not read, each with the reason."""
        self.advance: Callable[[int, int], None] = lambda _, __: None
        """Is told how many of how many files are read."""

    @classmethod
    def open(
        cls,
        root: Path,
        paths: Sequence[Path] = (),
        since: str = "",
        find: Callable[[str], Configurable | None] = lambda _: None,
        options: Mapping[str, Any] | None = None,
        *,
        stored: bool = False,
    ) -> "Project":
        """Return the project in a folder, of which only `paths` and what changed since a revision are checked.

        `find` returns what has a table of a name in the settings; other tables are refused.
        """
        settings = read_settings(root)
        refuse_settings(settings, find)
        project = cls(root, settings, options, stored=stored)
        project.narrow(paths, since)
        return project

    def narrow(self, paths: Sequence[Path], since: str) -> None:
        """Check only files in `paths`, and of these only those that changed since a revision."""
        if paths:
            self._named = {name for path in paths for name in self._files_in(path)}
        if since:
            changed = changed_since(self.root, since) & set(self.files)
            self._named = changed if self._named is None else changed & self._named

    def _files_in(self, path: Path) -> Iterator[str]:
        """Yield the files that a path of the command line stands for."""
        if not path.exists():
            raise Unusable(f"{path} does not exist.")
        absolute = path.resolve()
        if not absolute.is_relative_to(self.root):
            raise Unusable(f"{path} is not in {self.root}.")
        below = absolute.relative_to(self.root).as_posix()
        if path.is_dir():
            yield from (file for file in self.files if below == "." or file.startswith(f"{below}/"))
        elif not self._is_excluded(below) and not path.is_symlink():
            yield below

    def _is_excluded(self, path: str) -> bool:
        return any(matches(path, glob) for glob in self.setting("exclude"))

    @cached_property
    def files(self) -> list[str]:
        """All Python files, relative to the root, with forward slashes, in order."""
        return [file for file in self._found if file.endswith(".py") and not self._is_excluded(file)]

    @cached_property
    def _found(self) -> list[str]:
        return list(find_files(self.root))

    @cached_property
    def checked(self) -> list[str]:
        """The files to judge."""
        return self.files if self._named is None else sorted(self._named)

    @property
    def partial(self) -> bool:
        """Whether only some of the files are judged."""
        return self._named is not None

    @cached_property
    def modules(self) -> Modules:
        """The modules of the project."""
        projects = {parent(file) for file in self._found if file.rpartition("/")[2] in PROJECT_FILES}
        projects -= {parent(file) for file in self.files if file.endswith(f"/{INIT}")}  # there, setup.py is a module
        return Modules(self.files, self.setting("sources"), projects, self.is_test)

    @cached_property
    def python(self) -> Path | None:
        """The folder of installed packages: of the named environment, or of `.venv` or `venv` in the root."""
        if named := self._options.get("python") or self.setting("python"):
            found = find_site_packages(self.root / Path(named).expanduser())
            if not found:
                raise Unusable(f"{named} is not a virtual environment.")
            return found
        candidates = (find_site_packages(self.root / name) for name in (".venv", "venv"))
        return next((found for found in candidates if found), None)

    def _is_test(self, path: str) -> bool:
        """Return whether a file belongs to tests, by its folders and its name."""
        folders, name = parent(path), path.rpartition("/")[2]
        return (
            not TEST_FOLDERS.isdisjoint(folders.split("/"))
            or any(fnmatch.fnmatchcase(name, glob) for glob in TEST_FILES)
            or any(matches(path, folder) for folder in self.setting("tests"))
        )

    def setting(self, key: str) -> Any:
        """Return a setting that all checks share."""
        return self._settings.get(key, SETTINGS[key])

    def settings(self, check: Configurable) -> dict[str, Any]:
        """Return the settings of a check or a codemod, completed with its defaults."""
        return {**check.settings, **self._settings.get(check.name, {})}

    def option(self, name: str) -> Any:
        """Return an option of the command line."""
        return self._options.get(name.replace("-", "_"))

    def read(self, scan: Scan, paths: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Yield the facts that a scan finds in files, leaving out those where it finds none.

        A path outside of the project is absolute.
        """
        paths = list(paths)
        self.prepare(dict.fromkeys(paths, (scan,)))
        for path in paths:
            if (facts := self.fact(scan, path)) is not None:
                yield path, facts

    def fact(self, scan: Scan, path: str) -> Any:
        """Return the facts that a scan finds in a file, or None."""
        key = path, scan
        if key not in self._unpacked:
            name = name_of(scan)
            if name not in self._facts.get(path, ()):
                self.prepare({path: (scan,)})
            packed = self._facts[path][name]
            self._unpacked[key] = None if packed is None else pickle.loads(packed)
        return self._unpacked[key]

    def others_with(self, patterns: Sequence[tuple[str, str]]) -> list[str]:
        """Return the files that are not judged but match one of some patterns: what changed may break them.

        Before each pattern stands a word that is in all that it matches, because a word is found much faster.
        """
        rest = set(self.files).difference(self.checked) if patterns else ()
        if len(patterns) > MANY_PATTERNS:
            return sorted(rest)
        compiled = [(word.encode(), re.compile(pattern.encode(), re.MULTILINE)) for word, pattern in patterns]
        contents = ((path, self.bytes(path)) for path in rest)
        return sorted(
            path for path, data in contents if any(word in data and one.search(data) for word, one in compiled)
        )

    def bytes(self, path: str) -> bytes:
        """Return the content of a file, or nothing if it cannot be read."""
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return b""

    def prepare(self, scans: Mapping[str, Sequence[Scan]]) -> None:
        """Run the scans that each file needs and that have not run yet."""
        jobs = [(path, missing) for path, needed in scans.items() if (missing := self._missing(path, needed))]
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self.advance(done, len(jobs))

        for path, facts in scan_files(self.root, jobs, advance):
            known = self._facts[path]
            known.update(facts)
            self._note(path, known)
            self._stored.keep(self.root, path, known)

    def _missing(self, path: str, needed: Iterable[Scan]) -> tuple[Scan, ...]:
        known = self._facts.get(path)
        if known is None:
            known = self._facts[path] = dict(self._stored.find(self.root, path))
            self._note(path, known)
        return tuple(scan for scan in needed if name_of(scan) not in known)

    def _note(self, path: str, facts: Facts) -> None:
        if (reason := facts.get(UNREAD)) and not Path(path).is_absolute():
            self.unread[path] = reason.decode()

    def save(self) -> None:
        """Keep what was read for the next run."""
        self._stored.save()


def matches(path: str, pattern: str) -> bool:
    """Return whether a path is in a folder, or matches a glob, or a folder above it does."""
    pattern = pattern.rstrip("/")
    if not GLOB.search(pattern):
        return f"{path}/".startswith(f"{pattern}/")
    while path:
        if fnmatch.fnmatchcase(path, pattern):
            return True
        path = parent(path)
    return False


def find_root(start: Path) -> Path:
    """Return the nearest folder with a pyproject.toml or a git repository, or the start itself."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file() or (folder / ".git").exists():
            return folder
    return start


def read_settings(root: Path) -> dict[str, Any]:
    """Return `[tool.phasework]` of pyproject.toml, unchecked, or nothing."""
    try:
        data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Unusable(f"pyproject.toml cannot be read: {error}.") from None
    settings = data.get("tool", {}).get("phasework", {})
    if not isinstance(settings, dict):
        raise Unusable("[tool.phasework] in pyproject.toml is not a table.")
    return settings


def refuse_settings(settings: Mapping[str, Any], find: Callable[[str], Configurable | None]) -> None:
    """Refuse unknown keys and values of the wrong type."""
    for key, value in settings.items():
        if owner := find(key):
            if not isinstance(value, dict):
                raise Unusable(f"[tool.phasework] in pyproject.toml: {key} is a table with settings of the check.")
            for inner, given in value.items():
                _refuse(f"tool.phasework.{key}", inner, given, owner.settings)
        else:
            _refuse("tool.phasework", key, value, SETTINGS)


def _refuse(table: str, key: str, value: Any, known: Mapping[str, Any]) -> None:
    if key not in known:
        allowed = f"known are {', '.join(known)}" if known else "it has no settings"
        raise Unusable(f"[{table}] in pyproject.toml: {key} is not a setting; {allowed}.")
    expected = type(known[key])
    fits = isinstance(value, expected) and (expected is not list or all(isinstance(item, str) for item in value))
    if not fits:
        what = {list: "a list of texts", str: "a text", bool: "true or false", int: "a number", dict: "a table"}
        raise Unusable(f"[{table}] in pyproject.toml: {key} must be {what.get(expected, expected.__name__)}.")


def warn(text: str) -> None:
    """Print a line that is not part of the report."""
    print(text.encode(errors="backslashreplace").decode(), file=sys.stderr)
