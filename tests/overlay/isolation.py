"""No test leaves anything in its database, in any order: true of SQLite and of PostgreSQL."""

from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from your_service.core.database import SessionFactory
from your_service.core.tenancy import Organisation

# Each test stores the same row: that fails if a test before has left it behind.
SAME = UUID(int=1)


def same_row() -> Organisation:
    return Organisation(id=SAME, name="The same")


async def count(session: AsyncSession) -> int | None:
    return await session.scalar(select(func.count(Organisation.id)))


class IsolationTests:
    """Tests that fail if another test has left something behind; a subclass runs them on the database of its folder."""

    @pytest.mark.parametrize("time", ["once", "again"])
    async def test_committed_rows_are_gone_afterwards(self, session_factory: SessionFactory, time: str) -> None:
        async with session_factory.begin() as session:
            session.add(same_row())

        async with session_factory() as session:
            assert await count(session) == 1

    @pytest.mark.parametrize("time", ["once", "again"])
    async def test_a_session_may_commit_and_continue(self, db_session: AsyncSession, time: str) -> None:
        db_session.add(same_row())
        await db_session.commit()
        db_session.add(Organisation(name="Another"))
        await db_session.commit()

        assert await count(db_session) == 2

    @pytest.mark.parametrize("time", ["once", "again"])
    async def test_a_session_may_roll_back_and_continue(self, db_session: AsyncSession, time: str) -> None:
        db_session.add(Organisation(name="Dropped"))
        await db_session.flush()
        await db_session.rollback()
        db_session.add(same_row())
        await db_session.commit()

        found = await db_session.scalars(select(Organisation.name))
        assert found.all() == ["The same"]

    @pytest.mark.parametrize("time", ["once", "again"])
    async def test_a_session_may_break_a_constraint_and_continue(self, session_factory: SessionFactory, time: str) -> None:
        async with session_factory.begin() as session:
            session.add(same_row())

        async with session_factory() as session:
            session.add(same_row())
            with pytest.raises(IntegrityError):
                await session.commit()

        async with session_factory.begin() as session:
            session.add(Organisation(name="Another"))
            await session.flush()
            assert await count(session) == 2

    async def test_sessions_of_one_test_share_committed_rows(
        self,
        db_session: AsyncSession,
        session_factory: SessionFactory,
    ) -> None:
        async with session_factory.begin() as session:
            session.add(same_row())

        assert await count(db_session) == 1

    async def test_a_rollback_undoes_only_its_session(self, session_factory: SessionFactory) -> None:
        async with session_factory.begin() as session:
            session.add(same_row())

        async with session_factory() as session:
            session.add(Organisation(name="Dropped"))
            await session.flush()
            await session.rollback()
            assert await count(session) == 1
