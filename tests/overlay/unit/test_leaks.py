"""Commits whose rows would stay after the test are refused."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from your_service.core.tenancy import Organisation

from tests.suite.leaks import LeakError

ADD_A_ROW = insert(Organisation).values(name="Left behind")


async def leave_a_row(engine: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(ADD_A_ROW)


async def test_connection_of_the_test_alone_cannot_commit(engine: Any) -> None:
    with pytest.raises(LeakError, match="would see the rows of this commit"):
        await leave_a_row(engine)

    async with engine.connect() as connection:
        names = await connection.scalars(select(Organisation.name))
        assert not names.all()


async def test_connection_of_the_fixtures_cannot_commit(connection: Any) -> None:
    await connection.execute(ADD_A_ROW)

    with pytest.raises(LeakError, match="session_factory"):
        await connection.commit()
