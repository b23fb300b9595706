"""Tests of the service for what providers send."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select

from your_service.core.errors import NotFound
from your_service.core.tenancy import Organisation
from your_service.modules.webhooks.models import Channel, InboundMessage, Receipt
from your_service.modules.webhooks.schemas import (
    Call,
    InboundMessageQuery,
    TwilioEvent,
    TwilioMessage,
    TwilioStatus,
)
from your_service.modules.webhooks.service import InboundMessageService
from your_service.modules.webhooks.settings import RouteSettings

from tests.fixtures.webhooks import OTHER_SECRET, VOICE_SECRET
from tests.support.factories import Factory, Payload
from tests.test_utils import ServiceTestCase, TenantContext

SID = "SM" + "0" * 31 + "1"
PHOTO = {"url": "https://api.twilio.com/Media/ME1", "content_type": "image/jpeg"}
VOICE = {"url": "https://api.twilio.com/Media/ME2", "content_type": "audio/ogg"}

# Other modules may react to the events.
pytestmark = pytest.mark.usefixtures("no_handlers")


def status(**overrides: str) -> TwilioStatus:
    return TwilioStatus.model_validate({"MessageSid": SID, "MessageStatus": "delivered", **overrides})


class TestMessages:
    """The fields of a message."""

    def test_an_sms_has_numbers(self, inbound_message_payload: Payload) -> None:
        message = TwilioMessage.model_validate(inbound_message_payload())

        assert (message.channel, message.sender, message.recipient) == (Channel.SMS, "+12025550143", "+15005550006")
        assert (message.text, message.media) == ("Is there a slot on Monday?", [])

    def test_a_whatsapp_message_has_addresses(self, inbound_message_payload: Payload) -> None:
        message = TwilioMessage.model_validate(inbound_message_payload(From="whatsapp:+12025550143"))

        assert message.channel is Channel.WHATSAPP

    @pytest.mark.parametrize("sender", ["12345", "My Clinic", "+4930123456"])
    def test_a_sender_may_be_a_short_code_or_a_name(self, inbound_message_payload: Payload, sender: str) -> None:
        assert TwilioMessage.model_validate(inbound_message_payload(From=sender)).sender == sender

    def test_media_are_collected(self, inbound_message_payload: Payload) -> None:
        fields = {
            f"Media{name}{number}": media[key]
            for number, media in enumerate([PHOTO, VOICE])
            for name, key in [("Url", "url"), ("ContentType", "content_type")]
        }

        message = TwilioMessage.model_validate(inbound_message_payload(NumMedia="2", Body="", **fields))

        assert [media.model_dump() for media in message.media] == [PHOTO, VOICE]
        assert message.text == ""

    def test_ten_media_are_collected(self, inbound_message_payload: Payload) -> None:
        fields = {f"MediaUrl{n}": f"https://api.twilio.com/{n}" for n in range(10)}
        kinds = {f"MediaContentType{n}": "image/png" for n in range(10)}

        message = TwilioMessage.model_validate(inbound_message_payload(**fields, **kinds))

        assert [media.url[-1] for media in message.media] == [*"0123456789"]

    def test_control_characters_are_left_out(self, inbound_message_payload: Payload) -> None:
        assert TwilioMessage.model_validate(inbound_message_payload(Body="a\x00b")).text == "ab"

    def test_the_text_may_be_missing(self, inbound_message_payload: Payload) -> None:
        fields = inbound_message_payload()
        del fields["Body"]

        assert TwilioMessage.model_validate(fields).text == ""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("MessageSid", "SM1"),
            ("MessageSid", SID + "0"),
            ("MessageSid", "CA" + SID[2:]),
            ("From", ""),
            ("From", "messenger:123"),
            ("From", "+" + "1" * 52),
            ("To", ""),
            ("Body", "a" * 20_001),
        ],
    )
    def test_fields_that_are_not_valid_are_refused(
        self,
        inbound_message_payload: Payload,
        field: str,
        value: str,
    ) -> None:
        with pytest.raises(ValidationError) as error:
            TwilioMessage.model_validate(inbound_message_payload(**{field: value}))

        assert [each["loc"] for each in error.value.errors()] == [(field,)]

    @pytest.mark.parametrize("media", [{"MediaUrl0": "x"}, {"MediaUrl0": PHOTO["url"]}], ids=["no URL", "no type"])
    def test_media_that_are_not_valid_are_refused(
        self,
        inbound_message_payload: Payload,
        media: dict[str, str],
    ) -> None:
        with pytest.raises(ValidationError, match="media"):
            TwilioMessage.model_validate(inbound_message_payload(**media))


class TestEvents:
    """The events of Twilio's Event Streams."""

    def test_the_data_of_an_event_have_the_names_of_forms(self) -> None:
        data = {"messageSid": SID, "from": "whatsapp:+12025550143", "to": "whatsapp:+15005550006", "body": "Ahoy!"}
        event = TwilioEvent(type="com.twilio.messaging.inbound-message.received", data=data)

        message = TwilioMessage.model_validate(event.fields)

        assert (message.provider_id, message.sender, message.text) == (SID, "whatsapp:+12025550143", "Ahoy!")

    def test_the_type_of_an_event_has_the_status(self) -> None:
        data = {"messageSid": SID, "errorCode": 30003, "messageStatus": "FAILED"}
        event = TwilioEvent(type="com.twilio.messaging.message.undelivered", data=data)

        assert TwilioStatus.model_validate(event.fields).model_dump() == {
            "provider_id": SID,
            "status": "undelivered",
            "error_code": 30003,
        }


class TestStatuses:
    """The fields of a delivery status."""

    @pytest.mark.parametrize(("code", "read"), [("30003", 30003), ("", None)])
    def test_an_error_code_is_a_number(self, code: str, read: int | None) -> None:
        assert status(ErrorCode=code).error_code == read

    def test_an_error_code_may_be_missing(self) -> None:
        assert status().error_code is None

    @pytest.mark.parametrize("field", ["MessageSid", "MessageStatus", "ErrorCode"])
    def test_fields_that_are_not_valid_are_refused(self, field: str) -> None:
        with pytest.raises(ValidationError, match=field):
            status(**{field: "A?"})


class TestInboundMessageService(ServiceTestCase[InboundMessageService]):
    """What happens to messages, statuses and calls."""

    service_class = InboundMessageService

    async def count(self, model: Any) -> int:
        """Return the number of rows of the organisation."""
        number = await self.session.scalar(select(func.count(model.id)))
        return int(number or 0)

    async def test_a_message_is_stored_and_published(self, make_inbound_message: Factory[InboundMessage]) -> None:
        fields = {"MediaUrl0": PHOTO["url"], "MediaContentType0": PHOTO["content_type"]}

        message = await make_inbound_message(From="whatsapp:+12025550143", To="whatsapp:+15005550006", **fields)

        expected = {
            "channel": "whatsapp",
            "sender": "+12025550143",
            "recipient": "+15005550006",
            "text": "Is there a slot on Monday?",
            "media": [PHOTO],
            "provider_id": message.provider_id,
        }
        assert {name: getattr(message, name) for name in expected} == expected
        (event,) = self.published_events
        assert (event.name, event.record_id) == ("inbound_message.received", message.id)
        assert event.data == expected

    async def test_a_repeated_message_changes_nothing(self, make_inbound_message: Factory[InboundMessage]) -> None:
        first = await make_inbound_message(MessageSid=SID)
        await make_inbound_message(MessageSid=SID, Body="Another text")

        assert (first.text, await self.count(InboundMessage)) == ("Is there a slot on Monday?", 1)
        assert len(self.published_events) == 1

    async def test_each_message_counts(self, make_inbound_message: Factory[InboundMessage]) -> None:
        for _ in range(3):
            await make_inbound_message()

        assert await self.count(InboundMessage) == len(self.published_events) == 3

    async def test_the_same_message_of_another_organisation_counts(
        self,
        make_inbound_message: Factory[InboundMessage],
        other_org: Organisation,
    ) -> None:
        await make_inbound_message(MessageSid=SID)
        with TenantContext(other_org):
            await make_inbound_message(MessageSid=SID)

        assert len(self.published_events) == 2

    async def test_a_status_is_published(self) -> None:
        await self.service.receive_status(status(MessageStatus="failed", ErrorCode="30003"))

        (event,) = self.published_events
        assert event.name == "delivery_status.received"
        assert event.data == {"provider_id": SID, "status": "failed", "error_code": 30003}
        assert event.record_id == await self.session.scalar(select(Receipt.id))

    async def test_each_status_of_a_message_counts_once(self) -> None:
        for name in ("sent", "delivered", "sent", "delivered"):
            await self.service.receive_status(status(MessageStatus=name))

        assert [event.data["status"] for event in self.published_events] == ["sent", "delivered"]

    async def test_the_status_of_a_received_message_counts(self, make_inbound_message: Factory[InboundMessage]) -> None:
        await make_inbound_message(MessageSid=SID)
        await self.service.receive_status(status())

        assert [event.name for event in self.published_events] == [
            "inbound_message.received",
            "delivery_status.received",
        ]

    async def test_a_call_is_published(self) -> None:
        call = Call(call_id="c1", caller="+12025550143", collected={"name": "Ada"})

        await self.service.receive_call("msg_1", "voice_call.ended", call)

        (event,) = self.published_events
        assert (event.name, event.record_id) == ("voice_call.ended", await self.session.scalar(select(Receipt.id)))
        assert event.data == {"call_id": "c1", "caller": "+12025550143", "collected": {"name": "Ada"}}

    async def test_a_call_is_published_without_characters_that_the_database_cannot_read(self) -> None:
        call = Call.model_validate({"call_id": "c1", "collected": {"na\0me": ["A\0da"]}})

        await self.service.receive_call("msg_1", "voice_call.ended", call)

        assert self.published_events[0].data["collected"] == {"name": ["Ada"]}

    async def test_each_event_of_a_call_counts_once(self) -> None:
        for number in (1, 2, 1):
            await self.service.receive_call(f"msg_{number}", "voice_call.started", Call(call_id="c1"))

        assert [event.data["caller"] for event in self.published_events] == [None, None]

    async def test_messages_statuses_and_calls_have_receipts_of_their_own(
        self,
        make_inbound_message: Factory[InboundMessage],
    ) -> None:
        await make_inbound_message(MessageSid=SID)
        await self.service.receive_status(status())
        await self.service.receive_call(SID, "voice_call.ended", Call(call_id="c1"))

        receipts = await self.session.execute(select(Receipt.kind, Receipt.provider_id).order_by(Receipt.kind))
        assert [tuple(receipt) for receipt in receipts] == [
            ("call", SID),
            ("message", SID),
            ("status", f"{SID} delivered"),
        ]
        assert len(self.published_events) == 3

    async def test_messages_are_filtered_and_searched(self, make_inbound_message: Factory[InboundMessage]) -> None:
        sms = await make_inbound_message(From="+12025550101")
        whatsapp = await make_inbound_message(From="whatsapp:+12025550102", Body="Thanks")

        found = [
            await self.service.list(query)
            for query in (
                InboundMessageQuery(),
                InboundMessageQuery(channel=Channel.WHATSAPP),
                InboundMessageQuery(sender="+12025550101"),
                InboundMessageQuery(search="thank"),
                InboundMessageQuery(search="550101"),
            )
        ]

        assert [[*each.items] for each in found] == [[sms, whatsapp], [whatsapp], [sms], [whatsapp], [sms]]

    async def test_an_unknown_message_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            await self.service.get(UUID(int=1))


def test_there_are_no_secrets_by_default() -> None:
    assert RouteSettings(_env_file=None).voice_agent_secrets == SecretStr("")


def test_the_secrets_of_the_agent_are_checked() -> None:
    secrets = SecretStr(f"{VOICE_SECRET},{OTHER_SECRET}")

    assert RouteSettings(_env_file=None, voice_agent_secrets=secrets).voice_agent_secrets == secrets
    with pytest.raises(ValidationError, match="secret 1 must be"):
        RouteSettings(_env_file=None, voice_agent_secrets=SecretStr("secret"))
