"""Calls over the network are refused while the caller has a transaction open."""

import asyncio
from collections.abc import Iterator
from contextvars import Context
from typing import Any

import pytest
from sqlalchemy import StaticPool, create_engine, text
from sqlalchemy.orm import Session

from phasework_suite.transactions import TransactionIsOpen, guarded, separate


class Bell:
    """A double of a gateway."""

    tower = "north"

    def __init__(self) -> None:
        self.rings = 0

    def ring(self, times: int) -> int:
        self.rings += times
        return self.rings


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_call_in_a_transaction_is_refused(session: Session) -> None:
    bell = Bell()
    session.execute(text("select 1"))

    with pytest.raises(TransactionIsOpen, match=r"^Bell\.ring was called while a transaction is open\."):
        guarded(bell).ring(times=1)

    assert bell.rings == 0


@pytest.mark.parametrize("end", [Session.commit, Session.rollback, Session.close])
def test_call_after_a_transaction_is_answered(session: Session, end: object) -> None:
    session.execute(text("select 1"))
    assert callable(end)
    end(session)

    assert guarded(Bell()).ring(times=2) == 2


def test_transaction_that_begins_again_counts(session: Session) -> None:
    for _ in range(2):
        session.execute(text("select 1"))
        session.commit()
    session.execute(text("select 1"))

    with pytest.raises(TransactionIsOpen):
        guarded(Bell()).ring(times=1)


def test_transactions_of_others_do_not_count(session: Session) -> None:
    session.execute(text("select 1"))

    assert Context().run(guarded(Bell()).ring, 1) == 1


def test_attributes_are_those_of_the_double() -> None:
    assert guarded(Bell()).tower == "north"


def test_request_does_not_see_the_transactions_of_its_test(session: Session) -> None:
    session.execute(text("select 1"))
    bell = Bell()

    async def application(*_: Any) -> None:
        guarded(bell).ring(times=1)

    asyncio.run(separate(application)({}, None, None))

    assert bell.rings == 1
    with pytest.raises(TransactionIsOpen):
        guarded(bell).ring(times=1)


def test_transaction_of_another_thread_of_a_request_counts(session: Session) -> None:
    async def application(*_: Any) -> None:
        await asyncio.to_thread(session.execute, text("select 1"))
        await asyncio.to_thread(guarded(Bell()).ring, 1)

    with pytest.raises(TransactionIsOpen):
        asyncio.run(separate(application)({}, None, None))
