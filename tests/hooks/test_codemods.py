"""Codemods change what is safe to change, print a diff or write it, and say what they left."""

import ast
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy

from hooks.codemod import main
from hooks.codemod_async_session import COROUTINES, FUNCTIONS

from .conftest import Project, Result

Run = Callable[..., Result]

UTCNOW = {
    "import datetime\nx = datetime.datetime.utcnow()\n": "import datetime\nx = datetime.datetime.now(datetime.UTC)\n",
    "import datetime as dt\nx = dt.datetime.utcnow()\n": "import datetime as dt\nx = dt.datetime.now(dt.UTC)\n",
    "from datetime import datetime\nx = datetime.utcnow()\n": "from datetime import UTC, datetime\nx = datetime.now(UTC)\n",
    "from datetime import datetime as D\nx = D.utcnow()\n": "from datetime import UTC, datetime as D\nx = D.now(UTC)\n",
    "from datetime import UTC as utc, datetime\nx = datetime.utcnow()\n": "from datetime import UTC as utc, datetime\nx = datetime.now(utc)\n",
    "from datetime import datetime, timezone\nx = datetime.utcnow()\n": "from datetime import datetime, timezone\nx = datetime.now(timezone.utc)\n",
    "from datetime import datetime\nx = datetime.utcfromtimestamp(3)\n": "from datetime import UTC, datetime\nx = datetime.fromtimestamp(3, tz=UTC)\n",
    # Django's timezone is another one.
    "from datetime import datetime\nfrom django.utils import timezone\nx = datetime.utcnow()\n": "from datetime import UTC, datetime\nfrom django.utils import timezone\nx = datetime.now(UTC)\n",
    "from datetime import datetime\nUTC = 0\nx = datetime.utcnow()\n": "from datetime import timezone, datetime\nUTC = 0\nx = datetime.now(timezone.utc)\n",
    "import datetime\nfrom datetime import datetime as D\nUTC = timezone = 0\nx = D.utcnow()\n": "import datetime\nfrom datetime import datetime as D\nUTC = timezone = 0\nx = D.now(datetime.UTC)\n",
    "def f():\n    from datetime import datetime\n    return datetime.utcnow()\n": "from datetime import UTC\n\ndef f():\n    from datetime import datetime\n    return datetime.now(UTC)\n",
    "from datetime import datetime, timezone\nx = datetime.utcnow().replace(tzinfo=timezone.utc)\n": "from datetime import datetime, timezone\nx = datetime.now(timezone.utc)\n",
    "from datetime import datetime, timezone\nx = field(default_factory=datetime.utcnow)\n": "from datetime import datetime, timezone\nx = field(default_factory=lambda: datetime.now(timezone.utc))\n",
    "from datetime import datetime, timezone\nx = f'{datetime.utcnow():%H}Z'\n": "from datetime import datetime, timezone\nx = f'{datetime.now(timezone.utc):%H}Z'\n",
}
LEFT = {
    "from clock import datetime\nx = datetime.utcnow()\n": "",
    "x = clock.utcnow()\n": "",
    "from datetime import datetime\ndef f(datetime):\n    return datetime.utcnow()\n": "",
    "from datetime import datetime\nUTC = timezone = 0\nx = datetime.utcnow()\n": "3: utcnow() was left: UTC and timezone mean something else in this module.",
    "from datetime import datetime\nfrom clock import *\nx = datetime.utcnow()\n": "3: utcnow() was left: UTC and timezone mean something else in this module.",
    'from datetime import datetime\nx = datetime.utcnow().isoformat() + "Z"\n': '2: utcnow() was left: an aware time ends in "+00:00", and here "Z" is added to it.',
    'from datetime import datetime\nx = f"{datetime.utcnow().replace(microsecond=0).isoformat()}Z"\n': '2: utcnow() was left: an aware time ends in "+00:00", and here "Z" is added to it.',
    "from datetime import datetime\nx = map(datetime.utcnow, y)\n": "2: utcnow is not called here, so it was left: write a function that returns datetime.now(UTC).",
    "from datetime import datetime\nx = datetime.utcfromtimestamp(*y)\n": "2: utcfromtimestamp() was left: its arguments are not a single time.",
    "mocked.utcnow.return_value = NOW\n": "1: This stands in for utcnow(), which the code may not call any more: let it return an aware time from now().",
    "\x0cx = utcnow\n": "1: The file was not changed: libcst cannot write it back as it is.",
    "def utcnow(:\n": "1: The file was not changed: it is no Python that libcst can read.",
}
HEAD = "from unittest.mock import AsyncMock, MagicMock, patch\n\n"
SESSIONS = {
    "session = AsyncMock()\nsession.scalars.return_value = rows\n": "session = create_autospec(AsyncSession, instance=True)\nsession.scalars.return_value = rows\n",
    "def test_it():\n    mock_db = AsyncMock()\n    mock_db.add.assert_called_once()\n": "def test_it():\n    mock_db = create_autospec(AsyncSession, instance=True)\n    mock_db.add.assert_called_once()\n",
    "db = MagicMock()\ndb.execute = AsyncMock(return_value=rows)\n": "db = create_autospec(AsyncSession, instance=True)\ndb.execute = AsyncMock(return_value=rows)\n",
    "class TestIt:\n    def setup_method(self):\n        self.session = AsyncMock()\n    def test_it(self):\n        self.session.commit.assert_awaited()\n": "class TestIt:\n    def setup_method(self):\n        self.session = create_autospec(AsyncSession, instance=True)\n    def test_it(self):\n        self.session.commit.assert_awaited()\n",
    "@pytest.fixture\ndef session():\n    return AsyncMock()\n\ndef test_it(session):\n    session.flush.assert_awaited()\n": "@pytest.fixture\ndef session():\n    return create_autospec(AsyncSession, instance=True)\n\ndef test_it(session):\n    session.flush.assert_awaited()\n",
    "@pytest.fixture\ndef session():\n    mocked = AsyncMock()\n    yield mocked\n\ndef test_it(session):\n    session.flush.assert_awaited()\n": "@pytest.fixture\ndef session():\n    mocked = create_autospec(AsyncSession, instance=True)\n    yield mocked\n\ndef test_it(session):\n    session.flush.assert_awaited()\n",
}
NO_SESSIONS = {
    "session = AsyncMock()\nsession.post.return_value = answer\n": "",  # of aiohttp
    "session = AsyncMock()\n": "",
    "session = MagicMock()\nsession.execute.return_value = rows\n": "",  # of synchronous SQLAlchemy
    "session = AsyncMock(spec=AsyncSession)\nsession.execute.return_value = rows\n": "",
    "service = AsyncMock()\nservice.commit.assert_awaited()\n": "",
    "session = AsyncMock()\nsession.comit.assert_awaited()\nsession.flush()\n": "3: session is no AsyncSession, or the code uses it wrongly: it has no comit. It was left.",
    "create_autospec = 1\nsession = AsyncMock()\nsession.flush()\n": "4: This mock was left: create_autospec means something else in this module.",
}
DIFFERENCES = {
    "async with session as inner: ...": "`async with` on this mock gives another mock, not the session: set session.__aenter__.return_value = session.",
    "(await session.scalars(query)).all()": "The methods of this result are coroutines unless you set a result: session.scalars.return_value = Mock().",
    "await session.add(order)": "add() of a session is no coroutine, and neither is that of the new mock: do not await it.",
    "session.add.assert_awaited_once()": "add() of a session is no coroutine, and neither is that of the new mock: do not await it.",
    "assert not iscoroutinefunction(session.add)": "inspect.iscoroutinefunction() is true for every method of this mock, also for add().",
}


@pytest.fixture
def run(project: Project, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run `phasework codemod` with arguments in the project, which supports Python 3.11."""
    project.write("pyproject.toml", '[project]\nrequires-python = ">=3.11"\n')

    def run(*arguments: str) -> Result:
        capfdbinary.readouterr()
        code = main(arguments)
        return Result(code, *(text.decode() for text in capfdbinary.readouterr()))

    return run


def written(project: Project, run: Run, name: str, source: str) -> tuple[str, str]:
    """Return a file after a codemod wrote it, and what was said about it."""
    project.write("tests/a.py", source)
    said = run(name, "--write").err
    return (project.folder / "tests/a.py").read_bytes().decode(), said


@pytest.mark.parametrize(("before", "after"), UTCNOW.items())
def test_naive_times_become_aware(project: Project, run: Run, before: str, after: str) -> None:
    assert written(project, run, "utcnow", before) == (after, "1 file changed.\n")

    compile(after, "a.py", "exec")
    assert written(project, run, "utcnow", after) == (after, "0 files changed.\n")


@pytest.mark.parametrize(("source", "note"), LEFT.items())
def test_what_is_not_safe_is_left(project: Project, run: Run, source: str, note: str) -> None:
    text, said = written(project, run, "utcnow", source)

    assert text == source
    assert said == (f"tests/a.py:{note}\n" if note else "") + "0 files changed.\n"


def test_changed_calls_run_and_are_aware(project: Project, run: Run) -> None:
    source = "from datetime import datetime\nnow, then = datetime.utcnow(), datetime.utcfromtimestamp(86400)\n"
    text, _ = written(project, run, "utcnow", source)
    names: dict[str, object] = {}

    exec(text, names)

    assert str(names["then"]) == "1970-01-02 00:00:00+00:00"
    assert str(names["now"]).endswith("+00:00")


def test_differences_need_two_aware_sides(project: Project, run: Run) -> None:
    source = "from datetime import datetime, timedelta\nx = created - datetime.utcnow()\ny = datetime.utcnow() - timedelta(days=1)\n"

    _, said = written(project, run, "utcnow", source)

    assert (
        said == "tests/a.py:2: The other side of this comparison or difference must be aware, too.\n1 file changed.\n"
    )


@pytest.mark.parametrize("required", ['requires-python = ">=3.10"', ""])
def test_older_pythons_have_no_utc(project: Project, run: Run, required: str) -> None:
    project.write("pyproject.toml", f"[project]\n{required}\n")

    text, _ = written(project, run, "utcnow", "from datetime import datetime\nx = datetime.utcnow()\n")

    assert text == "from datetime import timezone, datetime\nx = datetime.now(timezone.utc)\n"


def test_a_diff_changes_nothing_and_can_be_applied(project: Project, run: Run) -> None:
    before, after = next(iter(UTCNOW.items()))
    before, after = (f"# caf\xe9\n{text.rstrip()}".replace("\n", "\r\n") for text in (before, after))
    project.write("src/a.py", before.encode("utf-8"))
    project.write("src/b.py", "x = 1\n")

    found = run("utcnow", "src")

    assert found.code == 1
    assert found.err == "1 file would change.\n"
    assert (project.folder / "src/a.py").read_bytes() == before.encode()
    subprocess.run(["git", "apply", "-"], input=found.out.encode(), cwd=project.folder, check=True)
    assert (project.folder / "src/a.py").read_bytes() == after.encode()
    assert run("utcnow").code == 0


def test_encodings_stay(project: Project, run: Run) -> None:
    source = "# -*- coding: latin-1 -*-\nimport datetime\nx = '\xe9', datetime.datetime.utcnow()\n"
    project.write("a.py", source.encode("latin-1"))

    run("utcnow", "--write")

    assert (project.folder / "a.py").read_bytes() == source.replace("utcnow()", "now(datetime.UTC)").encode("latin-1")


def test_a_file_without_the_words_is_not_parsed(project: Project, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("a.py", "x = 1\n")
    monkeypatch.setattr("libcst.parse_module", None)

    assert run("utcnow").code == 0


@pytest.mark.parametrize(("before", "after"), SESSIONS.items())
def test_bare_mocks_of_sessions_get_a_spec(project: Project, run: Run, before: str, after: str) -> None:
    text, said = written(project, run, "async_session", HEAD + before)

    assert text.endswith(after)
    assert "from sqlalchemy.ext.asyncio import AsyncSession\n" in text
    assert said == "1 file changed.\n"
    assert written(project, run, "async_session", text) == (text, "0 files changed.\n")


@pytest.mark.parametrize(("source", "note"), NO_SESSIONS.items())
def test_other_mocks_are_left(project: Project, run: Run, source: str, note: str) -> None:
    text, said = written(project, run, "async_session", HEAD + source)

    assert text == HEAD + source
    assert said == (f"tests/a.py:{note}\n" if note else "") + "0 files changed.\n"


@pytest.mark.parametrize(("line", "note"), DIFFERENCES.items())
def test_lines_where_the_mock_differs_from_a_session_are_listed(
    project: Project, run: Run, line: str, note: str
) -> None:
    source = f"{HEAD}async def test_it():\n    session = AsyncMock()\n    session.flush()\n    {line}\n"

    text, said = written(project, run, "async_session", source)

    assert "create_autospec(AsyncSession, instance=True)" in text
    assert said == f"tests/a.py:6: {note}\n1 file changed.\n"


def test_the_settings_name_a_helper(project: Project, run: Run) -> None:
    project.write("pyproject.toml", '[tool.phasework.async_session]\nhelper = "tests.test_utils.create_session_mock"\n')

    text, _ = written(project, run, "async_session", HEAD + "session = AsyncMock()\nsession.flush()\n")

    assert text == (
        "from unittest.mock import MagicMock, patch\nfrom tests.test_utils import create_session_mock\n\n"
        "session = create_session_mock()\nsession.flush()\n"
    )


def test_a_wrong_helper_is_refused(project: Project, run: Run) -> None:
    project.write("pyproject.toml", '[tool.phasework.async_session]\nhelper = "create"\n')
    project.write("tests/a.py", f"{HEAD}session = AsyncMock()\nsession.flush()\n")

    found = run("async_session")

    assert (found.code, found.err) == (2, '[tool.phasework.async_session] helper is "create": write module.function.\n')


def test_we_know_the_attributes_of_a_session() -> None:
    # Its module cannot be imported without greenlet.
    source = Path(sqlalchemy.__file__).with_name("ext") / "asyncio/session.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    [session] = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "AsyncSession")
    coroutines = {node.name for node in session.body if isinstance(node, ast.AsyncFunctionDef)}
    functions = {node.name for node in session.body if isinstance(node, ast.FunctionDef)}
    proxies = [
        keyword.value for call in session.decorator_list if isinstance(call, ast.Call) for keyword in call.keywords
    ]
    functions |= {name for names in proxies for name in ast.literal_eval(names)}

    assert {name for name in coroutines if not name.startswith("_")} == COROUTINES
    assert {name for name in functions if not name.startswith("_")} - COROUTINES - FUNCTIONS == set()
    assert FUNCTIONS - functions == {"sync_session", "sync_session_class"}


def test_a_file_that_cannot_be_written_is_named(project: Project, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("a.py", next(iter(UTCNOW)))

    def write_bytes(file: Path, data: bytes) -> int:
        raise PermissionError(13, "Permission denied", str(file), data)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)

    found = run("utcnow", "--write")

    assert found.code == 2
    assert found.err == f"{project.folder}/a.py cannot be written: Permission denied.\n"
