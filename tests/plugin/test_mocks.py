"""Mocks are as strict as the real objects."""

import asyncio
import inspect

import pytest

from phasework_suite.mocks import ProperAsyncMock, create_mock_service, mocked
from phasework_suite.unawaited import take_unawaited


class Mailer:
    """The real object of a mock."""

    sender = "Clinic"

    async def send(self, to: str, *, subject: str = "") -> str:
        """Send a message."""
        return f"{to}: {subject}"

    def count(self, to: str) -> int:
        """Count what was sent."""
        return len(to)

    async def __aenter__(self) -> "Mailer":
        """Connect."""
        return self

    async def __aexit__(self, *error: object) -> None:
        """Disconnect."""

    @classmethod
    async def connect(cls, host: str) -> "Mailer":
        """Return a mailer that is connected to a host."""
        mailer = cls()
        mailer.sender = host
        return mailer


def test_a_call_returns_the_given_value() -> None:
    mock = ProperAsyncMock(return_value=5)

    assert asyncio.run(mock("ada", urgent=True)) == 5
    mock.assert_awaited_once_with("ada", urgent=True)
    assert (mock.call_count, mock.await_count) == (1, 1)


def test_a_call_without_await_does_not_count_as_awaited() -> None:
    mock = ProperAsyncMock()

    mock()

    mock.assert_called_once_with()
    mock.assert_not_awaited()
    assert take_unawaited() == ["ProperAsyncMock()"]


def test_a_call_raises_the_given_exception() -> None:
    mock = ProperAsyncMock(side_effect=TimeoutError("too late"))

    with pytest.raises(TimeoutError, match="too late"):
        asyncio.run(mock())


def test_a_side_effect_returns_one_result_per_call() -> None:
    mock = ProperAsyncMock(side_effect=[1, 2])

    assert [asyncio.run(mock()), asyncio.run(mock())] == [1, 2]


def test_a_side_effect_may_be_a_coroutine_function() -> None:
    mock = ProperAsyncMock(side_effect=Mailer().send)

    assert asyncio.run(mock("ada", subject="Hello")) == "ada: Hello"


def test_attributes_are_strict_too() -> None:
    mock = ProperAsyncMock(name="mailer")

    mock.client.send("ada")

    assert take_unawaited() == ["mailer.client.send('ada')"]


@pytest.mark.parametrize("specified", [{"spec": Mailer}, {"spec_set": Mailer}, {"spec": Mailer()}])
def test_a_spec_keeps_sync_methods_sync(specified: dict[str, object]) -> None:
    mock = ProperAsyncMock(**specified)
    mock.count.return_value = 3

    assert mock.count("ada") == 3
    assert inspect.isawaitable(mock.send("ada"))
    assert len(take_unawaited()) == 1


def test_a_spec_has_no_other_attributes() -> None:
    mock = ProperAsyncMock(spec=Mailer)

    with pytest.raises(AttributeError, match="no_such_method"):
        mock.no_such_method()


def test_a_mocked_service_passes_isinstance() -> None:
    assert isinstance(create_mock_service(Mailer), Mailer)


def test_a_mocked_service_has_the_same_coroutine_functions() -> None:
    mailer = create_mock_service(Mailer, send="sent", count=3)

    assert asyncio.run(mailer.send("ada", subject="Hello")) == "sent"
    assert mailer.count("ada") == 3
    mocked(mailer.send).assert_awaited_once_with("ada", subject="Hello")
    mocked(mailer.count).assert_called_once_with("ada")


def test_the_result_of_a_mocked_service_is_not_awaited_again() -> None:
    mailer = create_mock_service(Mailer)

    sent = asyncio.run(mailer.send("ada"))

    assert not inspect.isawaitable(sent.strip())
    assert take_unawaited() == []


@pytest.mark.parametrize("error", [TimeoutError, TimeoutError("too late")])
def test_a_mocked_service_raises_an_exception(error: BaseException | type[BaseException]) -> None:
    mailer = create_mock_service(Mailer, send=error, count=error)

    with pytest.raises(TimeoutError):
        asyncio.run(mailer.send("ada"))
    with pytest.raises(TimeoutError):
        mailer.count("ada")


@pytest.mark.parametrize("method", ["send", "count"])
@pytest.mark.parametrize("arguments", [(), ("ada", "Hello", "more")])
def test_a_mocked_service_refuses_a_call_that_the_service_would(method: str, arguments: tuple[str, ...]) -> None:
    mailer = create_mock_service(Mailer)

    with pytest.raises(TypeError):
        getattr(mailer, method)(*arguments)

    assert take_unawaited() == []


def test_a_mocked_service_has_no_other_attributes() -> None:
    mailer = create_mock_service(Mailer)

    with pytest.raises(AttributeError, match="no_such_method"):
        _ = mailer.no_such_method  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no_such_attribute"):
        mailer.no_such_attribute = 1  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no_such_result"):
        create_mock_service(Mailer, no_such_result=1)


def test_a_call_of_a_mocked_service_that_is_not_awaited_is_named() -> None:
    mailer = create_mock_service(Mailer)

    mailer.send("ada")  # type: ignore[unused-coroutine]

    assert take_unawaited() == ["Mailer.send('ada')"]


def test_other_objects_are_refused() -> None:
    with pytest.raises(TypeError, match="is not a mock"):
        mocked(Mailer().count)


def test_a_service_mock_is_a_context_manager_like_the_class() -> None:
    mailer = create_mock_service(Mailer)
    mocked(mailer.__aenter__).return_value = mailer

    async def send() -> None:
        async with mailer as entered:
            await entered.send("ada")

    asyncio.run(send())

    mocked(mailer.send).assert_awaited_once_with("ada")


def test_a_service_mock_checks_the_calls_of_class_methods() -> None:
    mailer = create_mock_service(Mailer, connect=None)

    with pytest.raises(TypeError, match="host"):
        mailer.connect()  # type: ignore[call-arg, unused-coroutine]
    asyncio.run(mailer.connect("localhost"))

    mocked(mailer.connect).assert_awaited_once_with("localhost")
