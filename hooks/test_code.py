"""Which files are tests and which are production code, judged by what they contain as well as by their names."""

import ast
import re
from fnmatch import fnmatchcase
from functools import cache

from .modules import Modules, parent
from .project import TEST_FILES, TEST_FOLDERS, Project
from .source import Source

TESTS = re.compile(
    rb"^\s*(async )?def test_|^\s*(import|from) (pytest|unittest|django\.test|rest_framework\.test)\b", re.MULTILINE
)
WORDS = (b"def test_", b"pytest", b"unittest", b"django.test", b"rest_framework.test")
LIBRARIES = ("pytest.", "unittest.", "django.test.", "rest_framework.test.")
PYTEST = re.compile(rb"^(import|from) _?pytest\b", re.MULTILINE)
NOT_INSTALLED = re.compile(r"docs?|examples?|benchmarks?|scripts?|tools?|dev|ci|.*tests?|tests?_.*|testing|\..*")
NOT_INSTALLED_FILES = {"setup.py", "noxfile.py", "tasks.py", "fabfile.py", "manage.py", "test.py", "testing.py"}


def has_tests(source: Source) -> bool | None:
    """Return True for a file with tests or with code for tests."""
    if not TESTS.search(source.data):
        return None
    return True if any(map(_is_of_tests, source.statements_near(*WORDS))) else None  # the words may be in a string


def _is_of_tests(node: ast.AST) -> bool:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name.startswith("test_")
        case ast.ImportFrom(module=str() as module, level=0):
            return f"{module}.".startswith(LIBRARIES)
        case ast.Import(names=names):
            return any(f"{alias.name}.".startswith(LIBRARIES) for alias in names)
    return False


def uses_pytest(source: Source) -> bool | None:
    """Return True for a file that needs pytest, such as a plugin."""
    return True if PYTEST.search(source.data) else None


def is_installed(modules: Modules, path: str) -> bool:
    """Return whether a file is in none of the usual folders that are not installed: documentation, examples, tests.

    Inside of a package these names mean nothing: `shop/tools/` is installed with it.
    """
    folders = modules.top_package(parent(path)).split("/")
    return not any(map(NOT_INSTALLED.fullmatch, folders))


def is_named_like_tests(path: str) -> bool:
    """Return whether pytest or unittest would look for tests in a file, by its name."""
    return any(fnmatchcase(path.rpartition("/")[2], glob) for glob in TEST_FILES)


class TestCode:
    """Tells tests from production code in a project."""

    __test__ = False  # the name is no test of pytest

    def __init__(self, project: Project) -> None:
        self._project = project
        self._given = project.setting("sources")
        self.is_folder_of_tests = cache(self._is_folder_of_tests)
        self.is_test = cache(self._is_test)

    def _is_test(self, path: str) -> bool:
        """Return whether a file is certainly a test, or in a folder of tests.

        A name is not enough: `test_status.py` may be about the status of a blood test, and `lab/tests/` its module.
        """
        if not self._project.is_test(path):
            return False
        folders = path.split("/")[:-1]
        named = [number for number, folder in enumerate(folders) if folder in TEST_FOLDERS]
        if named:
            return self.is_folder_of_tests("/".join(folders[: named[0] + 1]))
        return bool(self._project.fact(has_tests, path))

    def is_production(self, path: str) -> bool:
        """Return whether a file belongs to what is installed: it is in a given source folder, or in none of the usual others."""
        if self._project.is_test(path) or self._project.fact(uses_pytest, path):
            return False
        if self._given:
            return any(path.startswith(f"{source.strip('/')}/") for source in self._given)
        return path.rpartition("/")[2] not in NOT_INSTALLED_FILES and is_installed(self._project.modules, path)

    def _is_folder_of_tests(self, folder: str) -> bool:
        """Return whether a folder has tests in it, at any depth."""
        inside = [path for path in self._project.files if path.startswith(f"{folder}/")]
        named = [path for path in inside if is_named_like_tests(path)]
        return any(path.endswith("/conftest.py") or self._project.fact(has_tests, path) for path in named)
