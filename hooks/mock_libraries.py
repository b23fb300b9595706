"""The names of libraries that replace code in tests."""

import re
from dataclasses import dataclass

CREATORS = [
    "Mock",
    "MagicMock",
    "AsyncMock",
    "NonCallableMock",
    "NonCallableMagicMock",
    "ThreadingMock",
    "PropertyMock",
    "create_autospec",
    "mock_open",
]
PATCHES = ["patch", "patch.object", "patch.dict", "patch.multiple"]
BARE_MOCKS = {"Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock", "ThreadingMock"}
METHODS = "get post put patch delete head options"


@dataclass(frozen=True, slots=True)
class Library:
    """What a library calls the things that replace something."""

    name: str
    roots: tuple[str, ...]
    """What the full names begin with."""
    uses: re.Pattern[str]
    """Matches the rest of the full names."""


def library(name: str, roots: str, uses: str) -> Library:
    """Return a library whose roots and uses are given as words; a use is a regular expression."""
    return Library(name, tuple(roots.split()), re.compile("|".join(uses.split())))


LIBRARIES = (
    library("unittest.mock", "unittest.mock mock mock.mock", " ".join([*CREATORS, *PATCHES])),
    library(
        "pytest-mock",
        "pytest_mock.mocker pytest_mock.MockerFixture() pytest_mock.plugin.MockerFixture() pytest_mock.MockFixture()",
        " ".join([*CREATORS, *PATCHES, "patch.context_manager spy stub async_stub"]),
    ),
    library(
        "monkeypatch",
        "pytest.MonkeyPatch() _pytest.monkeypatch.MonkeyPatch() pytest.MonkeyPatch.context() "
        "pytest.MonkeyPatch().context() _pytest.monkeypatch.MonkeyPatch().context()",
        "setattr delattr setitem delitem setenv delenv chdir syspath_prepend",
    ),
    library("respx", "respx", r"mock MockRouter Router"),
    library("respx", "respx respx.mock respx.mock() respx.MockRouter()", f"{METHODS} add route request"),
    library(
        "responses",
        "responses responses.RequestsMock()",
        f"{METHODS} activate add add_callback upsert RequestsMock start",
    ),
    library("requests-mock", "requests_mock", "Mocker mock"),
    library("requests-mock", "requests_mock.Mocker() requests_mock.mock()", f"{METHODS} register_uri request"),
    library("pytest-httpx", "pytest_httpx.HTTPXMock()", "add_response add_exception add_callback"),
    library("moto", "moto moto.server", r"mock_\w+ ThreadedMotoServer"),
    library("fakeredis", "fakeredis fakeredis.aioredis", r"Fake(Strict|Async)?Redis FakeConnection TcpFakeServer"),
    library("freezegun", "freezegun freezegun.api", "freeze_time"),
    library("time-machine", "time_machine", "travel"),
    library("time-machine", "time_machine.TimeMachineFixture()", "move_to shift"),
)
BY_ROOT: dict[str, list[Library]] = {}
for known in LIBRARIES:
    for root in known.roots:
        BY_ROOT.setdefault(root, []).append(known)

MOCKER = "pytest_mock.mocker"
FIXTURES = {
    **{f"{scope}mocker": MOCKER for scope in ("", "class_", "module_", "package_", "session_")},
    "monkeypatch": "pytest.MonkeyPatch()",
    "respx_mock": "respx.mock()",
    "requests_mock": "requests_mock.Mocker()",
    "httpx_mock": "pytest_httpx.HTTPXMock()",
    "freezer": "freezegun.freeze_time()",
    "time_machine": "time_machine.TimeMachineFixture()",
}
"""The fixtures of the libraries, with the full names of what they return."""

ACTIVE = {"respx_mock": "respx", "requests_mock": "requests-mock", "httpx_mock": "pytest-httpx", "freezer": "freezegun"}
"""The fixtures that replace something as soon as a test requests them."""

MENTIONS = re.compile(rb"mock|monkeypatch|MonkeyPatch|respx|responses|moto|fakeredis|freezegun|freezer|time_machine")
"""A file without any of these words uses none of the libraries."""


def identify(full: str | None) -> tuple[str, str] | None:
    """Return the library and the name in it of a full name, or None if it replaces nothing."""
    if not full:
        return None
    head, dot, rest = full.partition(".")
    while dot:
        for candidate in BY_ROOT.get(head, ()):
            if candidate.uses.fullmatch(rest):
                return candidate.name, rest
        part, dot, rest = rest.partition(".")
        head = f"{head}.{part}"
    return None
