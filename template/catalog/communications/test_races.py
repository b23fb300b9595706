"""Tests of messages with concurrent requests and workers, on PostgreSQL."""

import os
import signal
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic_settings import BaseSettings
from sqlalchemy import URL, NullPool, create_engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.clock import utcnow
from your_service.core.events import Event, EventBus
from your_service.modules.communications.models import Communication
from your_service.modules.communications.rules import Channel
from your_service.modules.communications.service import CommunicationService

from tests.suite.plugin import RUN
from tests.suite.programs import running
from tests.suite.redis import prefix, redis_server
from tests.suite.waiting import wait_for
from tests.support.factories import Factory
from tests.support.gateways.twilio_server import TwilioServer
from tests.support.races import Racer, RaceRunner
from tests.support.server import settings_on

MESSAGES = 200
PATIENCE = 180
"""Seconds to wait for the workers, which are slow on a busy machine."""
WORKER = [sys.executable, "-m", "celery", "--app", "your_service.worker", "worker"]
OPTIONS = ["--pool", "solo", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]


async def test_one_of_several_workers_claims_a_message(
    race: RaceRunner,
    communication_service: CommunicationService,
    test_communication: Communication,
) -> None:
    await communication_service.session.commit()

    async def claim(session: AsyncSession) -> Communication | None:
        return await CommunicationService(session, EventBus(session)).claim_next()

    outcomes = await race(*[claim] * 4)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Communication", *["NoneType"] * 3]


async def test_workers_do_not_send_two_messages_to_an_address_at_once(
    race_in_order: RaceRunner,
    communication_service: CommunicationService,
    make_communication: Factory[Communication],
) -> None:
    first, _ = await make_communication(), await make_communication()
    await communication_service.session.commit()

    async def claim(session: AsyncSession) -> Communication | None:
        return await CommunicationService(session, EventBus(session)).claim_next()

    outcomes = await race_in_order(claim, claim)

    assert [outcome and outcome.id for outcome in outcomes] == [first.id, None]


async def test_a_message_is_either_cancelled_or_sent(
    race_in_order: RaceRunner,
    communication_service: CommunicationService,
    test_communication: Communication,
) -> None:
    await communication_service.session.commit()

    async def cancel(session: AsyncSession) -> Communication:
        return await CommunicationService(session, EventBus(session)).cancel(test_communication.id)

    async def claim(session: AsyncSession) -> Communication | None:
        return await CommunicationService(session, EventBus(session)).claim_next()

    outcomes = await race_in_order(claim, cancel)

    assert [type(outcome).__name__ for outcome in outcomes] == ["Communication", "Conflict"]


def receiving(words: str, minute: int) -> Racer:
    async def receive(session: AsyncSession) -> None:
        at = utcnow() + timedelta(minutes=minute)
        await CommunicationService(session, EventBus(session)).receive(Channel.SMS, "+12025550123", words, at)

    return receive


async def test_the_first_messages_of_a_person_arrive_together(
    race: RaceRunner,
    communication_service: CommunicationService,
) -> None:
    await communication_service.session.commit()

    outcomes = await race(*[receiving("STOP", minute) for minute in range(4)])

    assert outcomes == [None] * 4


async def test_an_erasure_locks_contacts_before_other_modules_react(
    race_in_order: RaceRunner,
    communication_service: CommunicationService,
    make_communication: Factory[Communication],
    published_events: list[Event],
) -> None:
    await make_communication(recipient_kind="patient", recipient_id=UUID(int=1))
    await communication_service.session.commit()

    async def erase(session: AsyncSession) -> None:
        await CommunicationService(session, EventBus(session)).erase("patient", UUID(int=1), [])

    async def names(_: AsyncSession) -> list[str]:
        return [event.name for event in published_events]

    # Whoever receives a message locks the contact, and then the conversation.
    received, erased, before = await race_in_order(receiving("Hello", 0), erase, names)

    assert (received, erased, before) == (None, None, ["communication.scheduled"])
    assert published_events[-1].name == "communication.cancelled"


async def test_an_erasure_locks_messages_in_the_order_of_their_channels(
    race_in_order: RaceRunner,
    communication_service: CommunicationService,
    make_communication: Factory[Communication],
) -> None:
    recipient = {"recipient_kind": "patient", "recipient_id": UUID(int=1)}
    messages = [await make_communication(**recipient) for _ in range(3)]
    first, _, last = sorted(messages, key=lambda each: each.id)
    last.channel, last.address = Channel.EMAIL, "ada@example.com"
    await communication_service.session.commit()

    def locking(message: Communication, *, wait: bool) -> Racer:
        async def lock(session: AsyncSession) -> UUID | None:
            found = select(Communication.id).where(Communication.id == message.id)
            return await session.scalar(found.with_for_update(nowait=not wait))

        return lock

    async def erase(session: AsyncSession) -> None:
        await CommunicationService(session, EventBus(session)).erase("patient", UUID(int=1), [])

    outcomes = await race_in_order(locking(last, wait=True), erase, locking(first, wait=False))

    # Notifications lock the e-mail first, too.
    assert outcomes == [last.id, None, first.id]


@pytest.mark.parametrize("is_report_first", [True, False])
async def test_a_report_that_arrives_with_the_confirmation_counts(
    race_in_order: RaceRunner,
    communication_service: CommunicationService,
    test_communication: Communication,
    is_report_first: bool,
) -> None:
    claimed = await communication_service.claim_next()
    assert claimed is not None
    await communication_service.session.commit()

    async def confirm(session: AsyncSession) -> None:
        await CommunicationService(session, EventBus(session)).confirm(claimed, "SM-1")

    async def report(session: AsyncSession) -> None:
        event = {"provider_id": "SM-1", "status": "delivered"}
        await EventBus(session).publish("delivery_status.received", claimed.id, about=None, **event)

    outcomes = await race_in_order(*([report, confirm] if is_report_first else [confirm, report]))

    await communication_service.session.refresh(test_communication)
    assert (outcomes, test_communication.state) == ([None, None], "delivered")


@pytest.fixture
async def received_messages(
    postgres_url: URL,
    worker_settings: BaseSettings,
    twilio_server: TwilioServer,
    communication_service: CommunicationService,
    make_communication: Factory[Communication],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> list[str]:
    """What Twilio received of `MESSAGES` messages, after one of two workers was killed while it sent them.

    It is a fixture because of the time budget of tests: the workers need some seconds to start.
    """
    for number in range(MESSAGES):
        await make_communication(text=f"Message {number}", address=f"+1202556{number:04}")
    await communication_service.session.commit()
    run = request.config.stash[RUN]
    with redis_server(run, tmp_path / "redis.log") as redis_url:
        settings = {
            **settings_on(postgres_url),
            **{name.upper(): str(getattr(worker_settings, name)) for name in worker_settings.model_fields_set},
            **twilio_server.environment,
            "DATABASE_URL": postgres_url.render_as_string(hide_password=False),
            "REDIS_URL": redis_url,
            "REDIS_PREFIX": prefix(run),
            "COMMUNICATION_INTERVAL_SECONDS": "0.5",
            "TWILIO_TIMEOUT_SECONDS": "60",
            "NO_PROXY": "127.0.0.1",
        }
        with (
            running([*WORKER, *OPTIONS, "--beat", "--hostname", "first@%h"], tmp_path / "first.log", settings),
            running([*WORKER, *OPTIONS, "--hostname", "second@%h"], tmp_path / "second.log", settings) as second,
        ):
            wait_for(lambda: len(twilio_server.messages) >= MESSAGES / 4, "a part of the messages", PATIENCE)
            twilio_server.confirms = False
            wait_for(lambda: twilio_server.unanswered == 2, "both workers to wait for an answer", PATIENCE)
            os.killpg(second.process.pid, signal.SIGKILL)
            twilio_server.confirms = True
            wait_for(lambda: count_sent(postgres_url) == MESSAGES - 1, "the messages of the other worker", PATIENCE)
            # Instead of waiting until the claim of the killed worker ends.
            end_claims(postgres_url)
            wait_for(lambda: count_sent(postgres_url) == MESSAGES, "the message of the killed worker", PATIENCE)
    return [received["Body"] for received in twilio_server.messages]


def test_all_messages_are_sent_although_a_worker_is_killed(received_messages: list[str]) -> None:
    copies = Counter(received_messages)

    assert copies.keys() == {f"Message {number}" for number in range(MESSAGES)}
    assert Counter(copies.values()) == {1: MESSAGES - 1, 2: 1}


def count_sent(url: URL) -> int:
    """Return the number of messages that the workers have stored as sent."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        counted = connection.execute(text("SELECT count(*) FROM communications WHERE state = 'sent'"))
        return int(counted.scalar_one())


def end_claims(url: URL) -> None:
    """Let the claims of all workers end."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE communications SET claimed_until = now() WHERE claimed_until IS NOT NULL"))
