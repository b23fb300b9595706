"""Mocks that are as strict as what they stand for."""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload
from unittest.mock import AsyncMock, Mock, NonCallableMock, call, create_autospec

from tests.suite.unawaited import MockCall

T = TypeVar("T")


class ProperAsyncMock(AsyncMock):
    """An AsyncMock whose every call has to be awaited, in the test that makes it.

    A call that is not awaited fails the test, and is named. AsyncMock alone leaves a coroutine behind, whose warning
    comes whenever that is collected. Attributes are of this kind, too; `spec` keeps what is sync sync.
    """

    signature: inspect.Signature | None = None
    """What a call must match; create_mock() takes it from the method that is replaced."""

    def __call__(self, *args: Any, **kwargs: Any) -> MockCall:
        """Return the call, to be awaited; raise TypeError where it does not match the signature."""
        if self.signature:
            self.signature.bind(*args, **kwargs)
        return MockCall(_describe(self, args, kwargs), super().__call__(*args, **kwargs))

    def _get_child_mock(self, /, **kwargs: Any) -> NonCallableMock:
        child = super()._get_child_mock(**kwargs)
        return ProperAsyncMock(**kwargs) if isinstance(child, AsyncMock) else child


def create_mock(cls: type[T], **results: Any) -> T:
    """Return a mock of an instance of `cls`, which has its attributes and signatures and no others.

    Coroutine methods are to be awaited, all others are called. `results` name methods, and what each returns;
    an exception is raised instead. `mocked(mock.method)` tells how it was called.
    """
    mock = create_autospec(cls, instance=True, spec_set=True, name=cls.__name__)
    for name in filter(lambda name: inspect.iscoroutinefunction(getattr(cls, name, None)), dir(cls)):
        method = ProperAsyncMock(return_value=Mock())
        method.signature = inspect.signature(getattr(mock, name))
        mock.attach_mock(method, name)
    for name, result in results.items():
        mocked(getattr(mock, name)).configure_mock(**_outcome(result))
    replaced: T = mock
    return replaced


def create_mock_service(service_class: type[T], **results: Any) -> T:
    """Return a mock of a service, as in `create_mock_service(ParcelService, get=parcel, delete=NotFound("Gone."))`.

    Attributes that the service does not have raise AttributeError, calls that it would refuse raise TypeError.
    """
    return create_mock(service_class, **results)


@overload
def mocked(attribute: Callable[..., Awaitable[Any]]) -> AsyncMock: ...


@overload
def mocked(attribute: object) -> Mock: ...


def mocked(attribute: object) -> Mock:
    """Return an attribute of a mock as the mock that it is: `mocked(service.get).assert_awaited_once_with(key)`.

    What is no mock raises TypeError.
    """
    if not isinstance(attribute, Mock):
        raise TypeError(f"{attribute!r} is no mock")
    return attribute


def _outcome(result: Any) -> dict[str, Any]:
    is_error = isinstance(result, BaseException) or (isinstance(result, type) and issubclass(result, BaseException))
    return {"side_effect" if is_error else "return_value": result}


def _describe(mock: Mock, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    name = re.search(r"name='([^']*)'", repr(mock))
    return f"{name[1] if name else type(mock).__name__}{repr(call(*args, **kwargs)).removeprefix('call')}"
