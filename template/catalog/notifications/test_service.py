"""Tests of the services for notifications, their templates and preferences."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from time_machine import Traveller

from your_service.core.errors import Conflict, NotFound, Unprocessable
from your_service.core.schemas import SearchQuery
from your_service.modules.communications.models import Communication, CommunicationState
from your_service.modules.communications.rules import Channel
from your_service.modules.communications.service import CommunicationService
from your_service.modules.notifications.models import (
    Notification,
    NotificationPreference,
    NotificationTemplate,
    NotSent,
)
from your_service.modules.notifications.schemas import (
    NotificationCreate,
    NotificationPreferenceCreate,
    NotificationPreferenceQuery,
    NotificationPreferenceUpdate,
    NotificationQuery,
    NotificationTemplateCreate,
    NotificationTemplateUpdate,
)
from your_service.modules.notifications.service import (
    NotificationPreferenceService,
    NotificationService,
    NotificationTemplateService,
)

from tests.support.factories import Factory, Payload
from tests.test_config import FROZEN_NOW
from tests.test_utils import ServiceTestCase

pytestmark = pytest.mark.usefixtures("frozen_time")

# `frozen_time` is noon of a Tuesday in January.
MINUTE = timedelta(minutes=1)
ADA = UUID("00000000-0000-4000-8000-000000000001")
TWO_ENDS = "Quiet hours have a start and an end."
TWO_TIMES = "Quiet hours must end at another time than they start."


@pytest.mark.parametrize("schema", [NotificationTemplateCreate, NotificationTemplateUpdate])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("channels", []),
        ("channels", ["email", "fax"]),
        ("channels", ["email", "email"]),
        ("variables", ["Name"]),
        ("variables", ["1"]),
        ("variables", ["x" * 41]),
        ("variables", ["name", "place", "name"]),
        ("variables", [f"v{number}" for number in range(51)]),
        ("subject", "Costs $5"),
        ("subject", ""),
        ("text", "${name"),
        ("short_text", "$"),
        ("whatsapp_template", "HX1"),
    ],
)
def test_a_template_refuses_a_bad_value(
    notification_template_payload: Payload,
    schema: type[BaseModel],
    field: str,
    value: Any,
) -> None:
    with pytest.raises(ValidationError) as error:
        schema.model_validate(notification_template_payload(**{field: value}))

    assert {problem["loc"][0] for problem in error.value.errors()} == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipient_kind", "Patient"),
        ("recipient_kind", "p" * 51),
        ("recipient_id", "Ada"),
        ("channels", ["sms", "sms"]),
        ("time_zone", "Europe/Bielefeld"),
        ("quiet_from", "22:00:30"),
        ("quiet_until", "7"),
        ("batch_minutes", -1),
        ("batch_minutes", 1441),
    ],
)
def test_a_preference_refuses_a_bad_value(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        NotificationPreferenceCreate.model_validate(
            {"recipient_kind": "patient", "recipient_id": str(ADA), field: value}
        )

    assert {problem["loc"][0] for problem in error.value.errors()} == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("values", {"Name": "Ada"}),
        ("values", {"name": " "}),
        ("addresses", {"fax": "1"}),
        ("addresses", {"email": "Ada"}),
        ("urgent", 1),
    ],
)
def test_a_notification_refuses_a_bad_value(notification_payload: Payload, field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as error:
        NotificationCreate(**notification_payload(**{field: value}))

    assert {problem["loc"][0] for problem in error.value.errors()} == {field}


class TestNotificationTemplateService(ServiceTestCase[NotificationTemplateService]):
    service_class = NotificationTemplateService

    async def test_create_stores_a_template(self, notification_template_payload: Payload) -> None:
        payload = notification_template_payload()

        created = await self.service.create(NotificationTemplateCreate(**payload))

        await self.session.refresh(created)
        assert {field: getattr(created, field) for field in payload} == payload

    @pytest.mark.parametrize("field", ["subject", "text", "short_text"])
    async def test_a_variable_that_is_not_listed_is_refused(
        self,
        make_notification_template: Factory[NotificationTemplate],
        field: str,
    ) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_notification_template(**{field: "$name $when ${where}"})

        assert error.value.detail == f"The {field} has variables that are not in the list of variables: when, where."
        assert (error.value.fields, error.value.hints) == ((field,), {"allowed": ["name", "place"]})

    @pytest.mark.parametrize("changes", [{"text": "$when"}, {"variables": ["name"]}])
    async def test_a_change_must_not_leave_a_variable_unlisted(
        self,
        test_notification_template: NotificationTemplate,
        changes: dict[str, Any],
    ) -> None:
        data = NotificationTemplateUpdate.model_validate(changes)

        with pytest.raises(Unprocessable):
            await self.service.update(test_notification_template.id, data)

        await self.session.refresh(test_notification_template)
        assert test_notification_template.variables == ["name", "place"]

    async def test_text_and_variables_can_change_together(
        self,
        test_notification_template: NotificationTemplate,
    ) -> None:
        changes = {"variables": ["when"], "subject": "Now", "text": "$when", "short_text": None}

        data = NotificationTemplateUpdate.model_validate(changes)
        updated = await self.service.update(test_notification_template.id, data)

        await self.session.refresh(updated)
        assert {field: getattr(updated, field) for field in changes} == changes

    async def test_a_template_may_have_no_variables(
        self,
        make_notification_template: Factory[NotificationTemplate],
    ) -> None:
        payload: dict[str, Any] = {"variables": [], "subject": "Closed", "text": "It costs $$5.", "short_text": None}

        created = await make_notification_template(**payload)

        assert created.variables == []

    async def test_the_name_of_a_template_is_unique(
        self,
        make_notification_template: Factory[NotificationTemplate],
    ) -> None:
        await make_notification_template(name="results")

        with pytest.raises(Conflict) as error:
            await make_notification_template(name="results")

        assert error.value.fields == ("name",)

    async def test_search_finds_templates_by_name(
        self,
        make_notification_template: Factory[NotificationTemplate],
    ) -> None:
        found = await make_notification_template(name="Laboratory results")
        await make_notification_template()

        listing = await self.service.list(SearchQuery(search="LABOR"))

        assert [template.id for template in listing.items] == [found.id]

    async def test_a_used_template_cannot_be_deleted(self, test_notification: Notification) -> None:
        with pytest.raises(Conflict):
            await self.service.delete(test_notification.template_id)

        kept = await self.service.get(test_notification.template_id)
        assert kept.variables == ["name", "place"]


class TestNotificationPreferenceService(ServiceTestCase[NotificationPreferenceService]):
    service_class = NotificationPreferenceService

    async def test_the_defaults_allow_everything(self, make_notification_preference: Factory[Any]) -> None:
        stored = await make_notification_preference()

        await self.session.refresh(stored)
        assert (stored.channels, stored.time_zone) == (["whatsapp", "sms", "email"], "UTC")
        assert (stored.quiet_hours, stored.batch_minutes) == (None, 0)

    async def test_create_stores_a_preference(self, make_notification_preference: Factory[Any]) -> None:
        values = {
            "channels": ["sms"],
            "time_zone": "Europe/Berlin",
            "quiet_from": time(22),
            "quiet_until": time(7, 30),
            "batch_minutes": 1440,
        }

        stored = await make_notification_preference(**values)

        await self.session.refresh(stored)
        assert {field: getattr(stored, field) for field in values} == values
        assert (self.published_events[-1].name, self.published_events[-1].about) == (
            "notification_preference.created",
            stored.recipient_id,
        )

    @pytest.mark.parametrize(
        ("quiet", "detail", "fields"),
        [
            ({"quiet_from": time(22)}, TWO_ENDS, ("quiet_from", "quiet_until")),
            ({"quiet_until": time(22)}, TWO_ENDS, ("quiet_from", "quiet_until")),
            ({"quiet_from": time(22), "quiet_until": time(22)}, TWO_TIMES, ("quiet_until",)),
        ],
    )
    async def test_quiet_hours_have_two_different_ends(
        self,
        make_notification_preference: Factory[NotificationPreference],
        quiet: dict[str, time],
        detail: str,
        fields: tuple[str, ...],
    ) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_notification_preference(**quiet)

        assert (error.value.detail, error.value.fields) == (detail, fields)

    async def test_quiet_hours_can_be_removed(
        self,
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        stored = await make_notification_preference(quiet_from=time(22), quiet_until=time(7))
        changes = NotificationPreferenceUpdate(quiet_from=None, quiet_until=None)

        updated = await self.service.update(stored.id, changes)

        assert updated.quiet_hours is None

    async def test_a_recipient_has_one_preference(
        self,
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        await make_notification_preference(recipient_id=ADA)
        await make_notification_preference(recipient_id=ADA, recipient_kind="practitioner")

        with pytest.raises(Conflict) as error:
            await make_notification_preference(recipient_id=ADA)

        assert error.value.fields == ("recipient_kind", "recipient_id")

    @pytest.mark.parametrize(
        "query", [{"recipient_id": str(ADA)}, {"recipient_kind": "practitioner"}], ids=["id", "kind"]
    )
    async def test_list_filters_by_recipient(
        self,
        make_notification_preference: Factory[NotificationPreference],
        query: dict[str, Any],
    ) -> None:
        await make_notification_preference()
        found = await make_notification_preference(recipient_id=ADA, recipient_kind="practitioner")

        listing = await self.service.list(NotificationPreferenceQuery.model_validate(query))

        assert [preference.id for preference in listing.items] == [found.id]


class TestNotificationService(ServiceTestCase[NotificationService]):
    service_class = NotificationService

    async def communications(self) -> list[Communication]:
        """Return the communications in the order in which they were created."""
        await self.session.flush()
        found = await self.session.scalars(select(Communication))
        return sorted(found, key=lambda each: (each.created_at, each.channel, each.text or ""))

    async def test_notify_sends_on_each_channel_of_the_template(self, make_notification: Factory[Notification]) -> None:
        sent = await make_notification(values={"name": "Ada", "place": "the desk"})

        email, sms = await self.communications()
        assert (email.channel, email.address, email.subject) == ("email", "ada@example.com", "Your results, Ada")
        assert email.text == "Dear Ada,\n\nyour results are at the desk."
        assert (sms.channel, sms.address, sms.subject) == ("sms", "+12025550100", None)
        assert sms.text == "Results at the desk."
        assert {(each.recipient_kind, each.recipient_id) for each in (email, sms)} == {("patient", ADA)}
        assert sent.deliveries == [
            {"channel": "email", "communication_id": str(email.id), "not_sent": None, "detail": None},
            {"channel": "sms", "communication_id": str(sms.id), "not_sent": None, "detail": None},
        ]

    async def test_notify_publishes_an_event_about_the_recipient(
        self,
        make_notification: Factory[Notification],
        test_notification_template: NotificationTemplate,
    ) -> None:
        sent = await make_notification()

        event = self.published_events[-1]
        assert (event.name, event.record_id, event.about) == ("notification.created", sent.id, ADA)
        assert event.data == {"template": test_notification_template.name}

    async def test_a_subject_is_shortened_to_what_an_email_can_have(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
    ) -> None:
        template = await make_notification_template(subject="For $name at $place")

        await make_notification(template=template.name, values={"name": "x" * 200, "place": "home"})

        email, _ = await self.communications()
        assert email.subject == f"For {'x' * 196}"

    async def test_channels_are_served_in_a_fixed_order(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
    ) -> None:
        template = await make_notification_template(channels=["whatsapp", "sms", "email"])

        sent = await make_notification(template=template.name)

        assert [each["channel"] for each in sent.deliveries] == ["email", "sms", "whatsapp"]

    async def test_without_a_short_text_all_channels_have_the_same_text(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
    ) -> None:
        template = await make_notification_template(short_text=None)

        await make_notification(template=template.name, values={"name": "Ada", "place": "home"})

        email, sms = await self.communications()
        assert sms.text == email.text == "Dear Ada,\n\nyour results are at home."

    async def test_an_unknown_template_is_refused(self, make_notification: Factory[Notification]) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_notification(template="greeting")

        assert (error.value.detail, error.value.fields) == ("There is no template 'greeting'.", ("template",))

    @pytest.mark.parametrize(
        ("values", "detail"),
        [
            ({}, "Values are missing: name, place."),
            ({"place": "home"}, "Values are missing: name."),
            (
                {"name": "Ada", "place": "home", "when": "now", "age": "36"},
                "The template has no variables age, when.",
            ),
        ],
    )
    async def test_the_values_must_be_those_of_the_template(
        self,
        make_notification: Factory[Notification],
        values: dict[str, str],
        detail: str,
    ) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_notification(values=values)

        assert (error.value.detail, error.value.fields) == (detail, ("values",))
        assert error.value.hints == {"allowed": ["name", "place"]}
        assert await self.communications() == []

    async def test_channels_that_the_recipient_does_not_want_carry_nothing(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        await make_notification_preference(recipient_id=ADA, channels=["sms", "whatsapp"])

        sent = await make_notification(urgent=True)

        [sms] = await self.communications()
        assert sms.channel == "sms"
        assert [(each["channel"], each["not_sent"]) for each in sent.deliveries] == [
            ("email", NotSent.NOT_WANTED),
            ("sms", None),
        ]

    async def test_preferences_are_those_of_the_kind_of_recipient(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        await make_notification_preference(recipient_id=ADA, recipient_kind="practitioner", channels=[])

        await make_notification()

        assert len(await self.communications()) == 2

    async def test_a_channel_without_an_address_carries_nothing(
        self,
        make_notification: Factory[Notification],
    ) -> None:
        sent = await make_notification(addresses={"sms": "+12025550100"})

        [sms] = await self.communications()
        assert [(each["communication_id"], each["not_sent"]) for each in sent.deliveries] == [
            (None, NotSent.NO_ADDRESS),
            (str(sms.id), None),
        ]

    async def test_a_channel_that_refuses_the_message_does_not_affect_the_others(
        self,
        make_notification: Factory[Notification],
    ) -> None:
        sent = await make_notification(addresses={"email": "ada@example.com", "sms": "not a number"})

        [email] = await self.communications()
        detail = "Value error, must be a valid phone number with its country code, such as +49 30 901820"
        assert sent.deliveries == [
            {"channel": "email", "communication_id": str(email.id), "not_sent": None, "detail": None},
            {"channel": "sms", "communication_id": None, "not_sent": "refused", "detail": detail},
        ]

    async def test_whatsapp_refuses_people_who_have_not_written(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
    ) -> None:
        template = await make_notification_template(channels=["whatsapp"])

        sent = await make_notification(template=template.name, addresses={"whatsapp": "+12025550100"})

        [refused] = sent.deliveries
        assert (refused["not_sent"], refused["communication_id"]) == ("refused", None)
        assert refused["detail"].startswith("WhatsApp requires a template")
        assert await self.communications() == []

    async def test_whatsapp_uses_a_template_of_twilio_if_there_is_one(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        sid = f"HX{'0' * 32}"
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)
        template = await make_notification_template(channels=["whatsapp", "sms"], whatsapp_template=sid)
        addresses = {"sms": "+12025550100", "whatsapp": "+12025550100"}

        for place in ("home", "work"):
            values = {"name": "Ada", "place": place}
            await make_notification(template=template.name, addresses=addresses, values=values)

        sms, *whatsapp = await self.communications()
        assert (sms.template, sms.text) == (None, "Results at home.\n\nResults at work.")
        assert [(each.template, each.text) for each in whatsapp] == [(sid, None)] * 2
        assert {(each.variables or {})["place"] for each in whatsapp} == {"home", "work"}

    async def test_without_quiet_hours_and_batches_messages_are_sent_at_once(
        self,
        make_notification: Factory[Notification],
    ) -> None:
        await make_notification()
        await make_notification()

        found = await self.communications()
        assert len(found) == 4
        assert {each.state for each in found} == {CommunicationState.QUEUED}
        assert {each.due_at for each in found} == {FROZEN_NOW}

    async def test_messages_wait_for_the_end_of_quiet_hours_in_the_zone_of_the_recipient(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        # Noon in London is 21:00 in Tokyo.
        await make_notification_preference(
            recipient_id=ADA, time_zone="Asia/Tokyo", quiet_from=time(20, 30), quiet_until=time(7)
        )

        await make_notification()

        found = await self.communications()
        assert {each.due_at for each in found} == {datetime(2030, 1, 15, 22, tzinfo=UTC)}

    async def test_a_batch_that_ends_in_quiet_hours_waits_for_their_end(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        quiet = {"quiet_from": time(12, 30), "quiet_until": time(13)}
        await make_notification_preference(recipient_id=ADA, batch_minutes=30, **quiet)

        await make_notification()

        assert {each.due_at for each in await self.communications()} == {FROZEN_NOW + 60 * MINUTE}

    async def test_an_urgent_notification_is_sent_at_once_and_by_itself(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        quiet = {"quiet_from": time(11), "quiet_until": time(13)}
        await make_notification_preference(recipient_id=ADA, batch_minutes=10, **quiet)
        waiting = await make_notification()

        urgent = await make_notification(urgent=True)

        assert (waiting.urgent, urgent.urgent) == (False, True)
        ids = {each["communication_id"] for each in urgent.deliveries}
        found = [each for each in await self.communications() if str(each.id) in ids]
        assert len(found) == 2
        assert {each.due_at for each in found} == {FROZEN_NOW}
        assert ids.isdisjoint({each["communication_id"] for each in waiting.deliveries})

    async def test_notifications_within_a_window_become_one_message(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
        frozen_time: Traveller,
    ) -> None:
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)

        sent = []
        for _ in range(3):
            sent.append(await make_notification())
            frozen_time.shift(4 * MINUTE)

        email, sms = await self.communications()
        assert (email.due_at, sms.due_at) == (FROZEN_NOW + 10 * MINUTE,) * 2
        assert sms.text == "Results at desk 1.\n\nResults at desk 2.\n\nResults at desk 3."
        assert (email.subject, sms.subject) == ("3 notifications", None)
        assert (email.text or "").count("Dear Ada,") == 3
        assert {each["communication_id"] for one in sent for each in one.deliveries} == {str(email.id), str(sms.id)}

    async def test_a_message_is_locked_before_a_notification_joins_it(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
        locked_tables: list[str],
    ) -> None:
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)
        await make_notification(addresses={"sms": "+12025550100"})
        locked_tables.clear()

        await make_notification(addresses={"sms": "+12025550100"})

        # Otherwise a worker could send the message without the text that is added.
        assert any(table.startswith("communications JOIN notification_messages") for table in locked_tables)

    async def test_the_next_window_begins_when_the_message_is_due(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
        frozen_time: Traveller,
    ) -> None:
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)
        await make_notification(addresses={"sms": "+12025550100"})

        frozen_time.shift(10 * MINUTE)
        await make_notification(addresses={"sms": "+12025550100"})

        first, second = await self.communications()
        assert (first.text, first.due_at) == ("Results at desk 1.", FROZEN_NOW + 10 * MINUTE)
        assert (second.text, second.due_at) == ("Results at desk 2.", FROZEN_NOW + 20 * MINUTE)

    @pytest.mark.parametrize("change", ["state", "attempts", "address", "source"])
    async def test_other_messages_are_not_joined(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
        change: str,
    ) -> None:
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)
        await make_notification(addresses={"sms": "+12025550100"}, urgent=change == "source")
        [waiting] = await self.communications()
        if change == "state":
            waiting.state = CommunicationState.SENT
        if change == "attempts":
            waiting.attempts = 1
        if change == "source":
            waiting.due_at += 10 * MINUTE
        await self.session.flush()

        await make_notification(addresses={"sms": "+12025550199" if change == "address" else "+12025550100"})

        assert [each.text for each in await self.communications()] == ["Results at desk 1.", "Results at desk 2."]

    @pytest.mark.parametrize(
        "recipient", [{"recipient_id": uuid4()}, {"recipient_kind": "practitioner"}], ids=["id", "kind"]
    )
    async def test_recipients_with_the_same_address_have_messages_of_their_own(
        self,
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
        recipient: dict[str, Any],
    ) -> None:
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)
        await make_notification_preference(**{"recipient_id": ADA, **recipient}, batch_minutes=10)

        await make_notification(addresses={"sms": "+12025550100"})
        await make_notification(addresses={"sms": "+12025550100"}, **recipient)

        assert [each.text for each in await self.communications()] == ["Results at desk 1.", "Results at desk 2."]

    @pytest.mark.parametrize(
        ("channel", "length", "messages"), [("sms", 800, 2), ("sms", 799, 1), ("email", 10_000, 2), ("email", 9_999, 1)]
    )
    async def test_a_message_becomes_no_longer_than_its_channel_allows(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
        channel: str,
        length: int,
        messages: int,
    ) -> None:
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)
        texts = {"subject": "A", "text": "x" * length, "short_text": None}
        template = await make_notification_template(channels=[channel], variables=[], **texts)

        for _ in range(2):
            await make_notification(template=template.name, values={})

        assert len(await self.communications()) == messages

    async def test_each_channel_of_an_address_has_a_message_of_its_own(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
    ) -> None:
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)
        template = await make_notification_template(channels=["sms", "whatsapp"])
        phone = "+12025550100"
        # WhatsApp accepts free text from now on.
        await CommunicationService(self.session, self.events).receive(Channel.WHATSAPP, phone, "Hello", FROZEN_NOW)

        await make_notification(template=template.name, addresses={"sms": phone, "whatsapp": phone})

        found = await self.communications()
        assert [(each.channel, each.text) for each in found] == [
            ("sms", "Results at desk 1."),
            ("whatsapp", "Results at desk 1."),
        ]

    async def test_the_first_of_several_waiting_messages_is_joined(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
        make_notification_preference: Factory[NotificationPreference],
        frozen_time: Traveller,
    ) -> None:
        await make_notification_preference(recipient_id=ADA, batch_minutes=10)
        options: dict[str, Any] = {"channels": ["sms"], "variables": [], "subject": "A", "short_text": None}

        for text in ("a" * 1000, "b" * 1000, "c"):
            template = await make_notification_template(text=text, **options)
            await make_notification(template=template.name, values={})
            frozen_time.shift(MINUTE)

        first, second = await self.communications()
        assert (first.text, second.text) == (f"{'a' * 1000}\n\nc", "b" * 1000)

    @pytest.mark.parametrize("by", ["template_id", "recipient_kind", "recipient_id"])
    async def test_list_filters(
        self,
        make_notification_template: Factory[NotificationTemplate],
        make_notification: Factory[Notification],
        by: str,
    ) -> None:
        template = await make_notification_template()
        await make_notification()
        found = await make_notification(template=template.name, recipient_kind="practitioner", recipient_id=uuid4())

        listing = await self.service.list(NotificationQuery(**{by: getattr(found, by)}))

        assert [notification.id for notification in listing.items] == [found.id]

    async def test_get_returns_the_deliveries(self, test_notification: Notification) -> None:
        self.session.expunge_all()

        stored = await self.service.get(test_notification.id)

        assert [each["channel"] for each in stored.deliveries] == ["email", "sms"]

    async def test_unknown(self) -> None:
        with pytest.raises(NotFound):
            await self.service.get(uuid4())
