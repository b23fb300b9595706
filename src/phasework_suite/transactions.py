"""Refuses calls over the network while the caller has a database transaction open."""

from collections.abc import Callable, Coroutine, MutableMapping, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar, cast

from sqlalchemy import event
from sqlalchemy.orm import Session

Double = TypeVar("Double")
Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Coroutine[Any, Any, None]]


class TransactionIsOpen(AssertionError):
    """A call over the network would have kept locks, and a connection to the database, until it is answered."""


# Those that the code of this thread or task has used; most of them have no transaction any more.
_sessions: ContextVar[Sequence[Session]] = ContextVar("sessions", default=())


@event.listens_for(Session, "after_begin")
def _note(session: Session, *_: object) -> None:
    known = _sessions.get()
    if isinstance(known, list):
        known.append(session)
        return
    others = (other for other in known if other is not session and other.in_transaction())
    _sessions.set((*others, session))


def separate(application: Application) -> Application:
    """Return an application whose requests do not see the transactions of the test that sends them."""

    async def call(scope: Scope, receive: Any, send: Any) -> None:
        # A list, because the functions of a request run in several threads, each with a copy of the context.
        token = _sessions.set([])
        try:
            await application(scope, receive, send)
        finally:
            _sessions.reset(token)

    return call


def refuse_in_transaction(call: str) -> None:
    """Raise TransactionIsOpen, which names `call`, if a session of this thread or task has a transaction open."""
    if any(session.in_transaction() for session in _sessions.get()):
        raise TransactionIsOpen(
            f"{call} while a transaction is open. Commit first, call the service without a transaction, and store the "
            "result in another one. A test calls a task with `in_worker`."
        )


class _Guarded:
    def __init__(self, double: object) -> None:
        self._double = double

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._double, name)
        if not callable(found):
            return found

        @wraps(found)
        def call(*args: Any, **kwargs: Any) -> Any:
            refuse_in_transaction(f"{type(self._double).__name__}.{name} was called")
            return found(*args, **kwargs)

        return call


def guarded(double: Double) -> Double:
    """Return the double of a gateway with methods that refuse calls while a transaction is open."""
    return cast(Double, _Guarded(double))
