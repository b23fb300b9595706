"""Numbers without gaps."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.concurrency import lock_keys
from .models import InvoiceSeries, Numbered


async def give_number(session: AsyncSession, document: Numbered, series: str) -> None:
    """Give a document the next number of a series of the current organisation.

    Call it last: until the transaction ends, other documents of the series wait. If it fails, the number is not used.
    """
    # Before the lock, so that nobody waits for these statements.
    await session.flush()
    number = await _next(session, series)
    if number is None:
        # The first document of the series.
        await lock_keys(session, ("billing.series", series))
        number = await _next(session, series)
    if number is None:
        number = 1
        session.add(InvoiceSeries(name=series, last_number=number))
    document.series, document.number = series, number
    await session.flush()


async def _next(session: AsyncSession, series: str) -> int | None:
    following = update(InvoiceSeries).where(InvoiceSeries.name == series)
    following = following.values(last_number=InvoiceSeries.last_number + 1)
    returning = following.returning(InvoiceSeries.last_number)
    number: int | None = await session.scalar(returning, execution_options={"synchronize_session": False})
    return number
