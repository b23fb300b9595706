"""Tests of what webhooks do when the data of a patient is erased."""

from uuid import uuid4

from sqlalchemy import select

from your_service.core.events import Event, EventBus
from your_service.modules.webhooks.models import InboundMessage, Receipt
from your_service.modules.webhooks.schemas import Call
from your_service.modules.webhooks.service import InboundMessageService

from tests.support.factories import Factory

ADA = "+12025550143"
PHOTO = {"MediaUrl0": "https://api.twilio.com/Media/ME1", "MediaContentType0": "image/jpeg"}


async def test_the_messages_from_an_erased_patient_are_erased(
    event_bus: EventBus,
    make_inbound_message: Factory[InboundMessage],
) -> None:
    sms = await make_inbound_message(From=ADA, **PHOTO)
    whatsapp = await make_inbound_message(From=f"whatsapp:{ADA}")
    other = await make_inbound_message(From="+12025550199")

    await event_bus.publish("patient.erased", uuid4(), known_as=["+1 202 555 0143", "ada@example.com"])

    for each in (sms, whatsapp, other):
        await event_bus.session.refresh(each)
    assert [(each.sender, each.text, each.media) for each in (sms, whatsapp)] == [("", "", [])] * 2
    assert (other.sender, other.text) == ("+12025550199", "Is there a slot on Monday?")


async def test_a_message_that_was_erased_is_not_received_again(
    event_bus: EventBus,
    make_inbound_message: Factory[InboundMessage],
    inbound_message_service: InboundMessageService,
) -> None:
    erased = await make_inbound_message(From=ADA, MessageSid="SM" + "1" * 32)
    await event_bus.publish("patient.erased", uuid4(), known_as=[ADA])

    await make_inbound_message(From=ADA, MessageSid="SM" + "1" * 32)

    page = await inbound_message_service.list()
    assert [each.id for each in page.items] == [erased.id]


async def test_calls_are_found_by_the_number_of_the_caller(
    event_bus: EventBus,
    inbound_message_service: InboundMessageService,
) -> None:
    for number, caller in enumerate(["+1 (202) 555-0143", "+12025550199", None]):
        call = Call(call_id=f"c{number}", caller=caller)
        await inbound_message_service.receive_call(f"msg_{number}", "voice_call.ended", call)

    found = await event_bus.session.scalars(select(Receipt.id).where(Receipt.mentions(["+1 202 555 0143"])))

    calls = await event_bus.session.scalars(select(Event.data).where(Event.record_id.in_(found.all())))
    assert [(data["call_id"], data["caller"]) for data in calls] == [("c0", ADA)]
