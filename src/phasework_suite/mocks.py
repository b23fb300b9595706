"""Strict mocks: they accept only what the real object accepts, and every call of a coroutine function must be awaited."""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload
from unittest.mock import AsyncMock, Mock, NonCallableMock, call, create_autospec

from .unawaited import MockCall

T = TypeVar("T")


class ProperAsyncMock(AsyncMock):
    """An AsyncMock whose calls must be awaited by the test that makes them; otherwise the test fails and names the call.

    An AsyncMock only creates a coroutine, and Python warns about it when it is freed, which may be in another test.
    """

    signature: inspect.Signature | None = None
    """The signature that calls must match, if any."""

    def __call__(self, *args: Any, **kwargs: Any) -> MockCall:
        """Return a call to be awaited. Raise TypeError if it does not match the signature."""
        if self.signature:
            self.signature.bind(*args, **kwargs)
        return MockCall(_describe(self, args, kwargs), super().__call__(*args, **kwargs))

    def _get_child_mock(self, /, **kwargs: Any) -> NonCallableMock:
        child = super()._get_child_mock(**kwargs)
        return ProperAsyncMock(**kwargs) if isinstance(child, AsyncMock) else child


def create_mock_service(cls: type[T], **results: Any) -> T:
    """Return a mock of an instance of `cls`: `create_mock_service(ParcelService, get=parcel, delete=NotFound("Gone."))`.

    `results` sets what methods return; a method raises a result that is an exception. Unknown attributes raise
    AttributeError, and calls that do not match the signature raise TypeError.
    """
    mock = create_autospec(cls, instance=True, spec_set=True, name=cls.__name__)
    for name in filter(lambda name: inspect.iscoroutinefunction(getattr(cls, name, None)), dir(cls)):
        method = ProperAsyncMock(return_value=Mock())
        method.signature = _signature(cls, name)
        mock.attach_mock(method, name)
    for name, result in results.items():
        mocked(getattr(mock, name)).configure_mock(**_outcome(result))
    service: T = mock
    return service


@overload
def mocked(attribute: Callable[..., Awaitable[Any]]) -> AsyncMock: ...


@overload
def mocked(attribute: object) -> Mock: ...


def mocked(attribute: object) -> Mock:
    """Return the mock behind a method, typed as a mock: `mocked(service.get).assert_awaited_once_with(key)`."""
    if not isinstance(attribute, Mock):
        raise TypeError(f"{attribute!r} is not a mock")
    return attribute


def _signature(cls: type, name: str) -> inspect.Signature:
    """Return the signature of a method as its callers see it, without `self`."""
    # Not the signature of the mock: Python 3.11.2 finds none for `__aenter__` and `__aexit__`.
    signature = inspect.signature(getattr(cls, name))
    if isinstance(inspect.getattr_static(cls, name), classmethod | staticmethod):
        return signature
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _outcome(result: Any) -> dict[str, Any]:
    is_error = isinstance(result, BaseException) or (isinstance(result, type) and issubclass(result, BaseException))
    return {"side_effect" if is_error else "return_value": result}


def _describe(mock: Mock, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    name = re.search(r"name='([^']*)'", repr(mock))
    return f"{name[1] if name else type(mock).__name__}{repr(call(*args, **kwargs)).removeprefix('call')}"
