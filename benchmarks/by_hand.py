"""An application for tickets as a careful engineer writes it for one table: the lower bound for a service.

It runs in the environment of the service, on its database.
"""

MODELS = """
import logging
import os
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID, uuid4

import jwt
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import JSON, DateTime, Enum, ForeignKey, String, Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class State(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


def ranks(kind):
    return [str(rank) for rank, _ in enumerate(kind)]


def now():
    return datetime.now(UTC)


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), dict[str, Any]: JSON}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class User(Base):
    __tablename__ = "core_users"

    account_id: Mapped[UUID]


class Ticket(Base):
    __tablename__ = "tickets"

    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    priority: Mapped[Priority] = mapped_column(Enum(Priority, native_enum=False, values_callable=ranks))
    state: Mapped[State] = mapped_column(Enum(State, native_enum=False, values_callable=list), default=State.OPEN)
    requester_id: Mapped[UUID] = mapped_column(ForeignKey("core_users.id"))
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("core_users.id"))
    version: Mapped[int] = mapped_column(default=1)


class Event(Base):
    __tablename__ = "core_events"

    name: Mapped[str] = mapped_column(String(100))
    record_id: Mapped[UUID]
    about: Mapped[UUID | None]
    data: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime] = mapped_column(default=now)


class TicketCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
    priority: Priority = Priority.NORMAL


class TicketRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    description: str
    priority: Priority
    state: State
    requester_id: UUID
    assignee_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


class TicketPage(BaseModel):
    items: list[TicketRead]
    next: str | None = None
    total: int | None = None


class Principal:
    def __init__(self, claims):
        self.account_id = UUID(claims["sub"])
        self.organisation_id = UUID(claims["org"])


SECRET = os.environ["JWT_SECRET"]
bearer = HTTPBearer()


async def authenticate(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> Principal:
    try:
        claims = jwt.decode(
            credentials.credentials,
            SECRET,
            algorithms=["HS256"],
            issuer="your_service",
            audience="your_service",
            options={"require": ["iss", "aud", "sub", "exp"]},
        )
        return Principal(claims)
    except (jwt.PyJWTError, ValueError, LookupError) as error:
        raise HTTPException(401, "The token is not valid.") from error


PrincipalDep = Annotated[Principal, Depends(authenticate)]
"""

ROUTES = """
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

router = APIRouter(prefix="/tickets")
engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=15)
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


@router.post("", status_code=201, response_model=TicketRead)
async def create_ticket(data: TicketCreate, session: SessionDep, principal: PrincipalDep) -> Ticket:
    organisation_id = principal.organisation_id
    user = select(User.id).where(User.account_id == principal.account_id, User.organisation_id == organisation_id)
    user_id = await session.scalar(user.with_for_update(read=True))
    if user_id is None:
        raise HTTPException(422, "The user does not exist.")
    ticket = Ticket(
        **data.model_dump(), id=uuid4(), organisation_id=organisation_id, requester_id=user_id, version=1
    )
    event = Event(organisation_id=organisation_id, name="ticket.created", record_id=ticket.id, data={})
    session.add_all([ticket, event])
    await session.commit()
    return ticket


@router.get("", response_model=TicketPage)
async def list_tickets(
    session: SessionDep,
    principal: PrincipalDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, Any]:
    tickets = (
        select(Ticket)
        .where(Ticket.organisation_id == principal.organisation_id)
        .order_by(Ticket.priority, Ticket.created_at, Ticket.id)
        .limit(limit + 1)
        .offset(offset)
    )
    found = await session.scalars(tickets)
    found = found.all()
    return {"items": found[:limit], "next": str(offset + limit) if len(found) > limit else None}


@router.get("/{ticket_id}", response_model=TicketRead)
async def get_ticket(ticket_id: UUID, session: SessionDep, principal: PrincipalDep) -> Ticket:
    same = (Ticket.id == ticket_id, Ticket.organisation_id == principal.organisation_id)
    ticket = await session.scalar(select(Ticket).where(*same))
    if ticket is None:
        raise HTTPException(404, "There is no such ticket.")
    return ticket


def create_app() -> FastAPI:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("uvicorn", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    app = FastAPI()
    app.include_router(router)
    return app
"""

SYNC_FORM = {
    "from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine": (
        "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import Session, sessionmaker"
    ),
    "create_async_engine": "create_engine",
    "async_sessionmaker": "sessionmaker",
    "AsyncSession": "Session",
    "AsyncIterator": "Iterator",
    "async def ": "def ",
    "async with ": "with ",
    "await ": "",
}


def application(package: str, form: str) -> str:
    """Return the source of the application in sync or async form, for the tokens of a service."""
    routes = ROUTES
    for written, derived in SYNC_FORM.items() if form == "sync" else ():
        routes = routes.replace(written, derived)
    return MODELS.replace("your_service", package) + routes
