"""Tests of the service for tickets."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from time_machine import Traveller

from your_service.core.errors import Conflict, InvalidTransition, NotFound, Unprocessable
from your_service.core.schemas import ListQuery
from your_service.core.tenancy import Organisation
from your_service.core.users import User, UserService
from your_service.modules.tickets.models import Ticket, TicketPriority, TicketState
from your_service.modules.tickets.schemas import (
    RequestedTicket,
    TicketCreate,
    TicketQuery,
    TicketUpdate,
)
from your_service.modules.tickets.service import TicketService

from tests.support.factories import Factory, Payload
from tests.test_utils import ServiceTestCase, TenantContext

CHANGES: dict[str, Callable[[TicketService, Ticket], Any]] = {
    "update": lambda service, ticket: service.update(ticket.id, TicketUpdate(version=1, title="Printer on fire")),
    "assign": lambda service, ticket: service.assign(ticket.id, ticket.requester_id),
    "assign automatically": lambda service, ticket: service.assign_automatically(ticket.id),
    "unassign": lambda service, ticket: service.unassign(ticket.id),
    "move": lambda service, ticket: service.move_to(ticket.id, TicketState.IN_PROGRESS),
}
MOVES = [
    (TicketState.OPEN, TicketState.IN_PROGRESS),
    (TicketState.OPEN, TicketState.CLOSED),
    (TicketState.IN_PROGRESS, TicketState.WAITING),
    (TicketState.IN_PROGRESS, TicketState.RESOLVED),
    (TicketState.WAITING, TicketState.IN_PROGRESS),
    (TicketState.WAITING, TicketState.RESOLVED),
    (TicketState.RESOLVED, TicketState.OPEN),
    (TicketState.RESOLVED, TicketState.CLOSED),
]


async def change_elsewhere(session: AsyncSession, ticket: Ticket) -> None:
    """Change a ticket as a concurrent request would: `session` still has the values it read before."""
    statement = update(Ticket).where(Ticket.id == ticket.id).values(title="Changed elsewhere", version=2)
    await session.execute(statement, execution_options={"synchronize_session": False})


def test_priority_is_normal_by_default() -> None:
    assert TicketCreate(title="No network", description="Help.").priority is TicketPriority.NORMAL


@pytest.mark.parametrize("field", ["title", "description"])
def test_create_requires(ticket_payload: Payload, field: str) -> None:
    payload = ticket_payload()
    del payload[field]

    with pytest.raises(ValidationError) as error:
        TicketCreate(**payload)

    assert error.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 201),
        ("title", None),
        ("title", "No\u200bnetwork"),
        ("description", " \n"),
        ("description", "\x1b[31m"),
        ("description", None),
        ("priority", "whenever"),
        ("priority", None),
        ("state", "closed"),
        ("assignee_id", "00000000-0000-4000-8000-000000000001"),
    ],
)
@pytest.mark.parametrize(("schema", "known"), [(TicketCreate, {}), (TicketUpdate, {"version": 1})])
def test_refuses_a_bad_value(
    ticket_payload: Payload,
    schema: type[BaseModel],
    known: dict[str, int],
    field: str,
    value: str | None,
) -> None:
    with pytest.raises(ValidationError) as error:
        schema.model_validate(ticket_payload(**known, **{field: value}))

    assert [problem["loc"] for problem in error.value.errors()] == [(field,)]


class TestTicketService(ServiceTestCase[TicketService]):
    service_class = TicketService

    async def test_create_stores_all_fields(self, acting_user: User) -> None:
        data = RequestedTicket(
            title="No network",
            description="Since this morning.",
            priority=TicketPriority.HIGH,
            requester_id=acting_user.id,
        )

        created = await self.service.create(data)

        stored = await self.service.get(created.id)
        assert {field: getattr(stored, field) for field in RequestedTicket.model_fields} == {
            "title": "No network",
            "description": "Since this morning.",
            "priority": TicketPriority.HIGH,
            "requester_id": acting_user.id,
        }

    async def test_a_new_ticket_is_open_and_unassigned(self, test_ticket: Ticket) -> None:
        assert test_ticket.state is TicketState.OPEN
        assert test_ticket.assignee_id is None
        assert test_ticket.version == 1

    async def test_requester_must_exist(self, make_ticket: Factory[Ticket]) -> None:
        with pytest.raises(Unprocessable) as error:
            await make_ticket(requester_id=uuid4())

        assert error.value.fields == ("requester_id",)

    async def test_create_publishes_an_event(self, make_ticket: Factory[Ticket]) -> None:
        created = await make_ticket()

        assert [(event.name, event.record_id) for event in self.published_events] == [("ticket.created", created.id)]

    async def test_list_puts_the_most_urgent_first(self, make_ticket: Factory[Ticket]) -> None:
        for priority in ["low", "urgent", "normal", "high"]:
            await make_ticket(priority=priority)

        listing = await self.service.list()

        assert [ticket.priority for ticket in listing.items] == ["urgent", "high", "normal", "low"]

    async def test_list_sorts_equal_priorities_by_age(
        self,
        make_ticket: Factory[Ticket],
        frozen_time: Traveller,
    ) -> None:
        newer = await make_ticket()
        frozen_time.shift(-60)
        older = await make_ticket()

        listing = await self.service.list()

        assert [ticket.id for ticket in listing.items] == [older.id, newer.id]

    async def test_list_returns_a_page_and_the_total(self, make_ticket: Factory[Ticket]) -> None:
        for priority in TicketPriority:
            await make_ticket(priority=priority)

        page = await self.service.list(ListQuery(limit=2, offset=1, with_total=True))

        assert ([ticket.priority for ticket in page.items], page.total) == (["high", "normal"], 4)

    async def test_pages_continue_within_a_priority(self, make_ticket: Factory[Ticket]) -> None:
        made = [await make_ticket(priority=priority) for priority in ("urgent", "high", "high", "low")]

        first = await self.service.list(ListQuery(limit=2))
        second = await self.service.list(ListQuery(limit=2, cursor=first.next))

        assert [ticket.id for ticket in [*first.items, *second.items]] == [ticket.id for ticket in made]
        assert (len(first.items), second.next) == (2, None)

    async def test_list_filters_by_state(self, make_ticket: Factory[Ticket]) -> None:
        waiting, _ = await make_ticket(), await make_ticket()
        waiting.state = TicketState.WAITING

        listing = await self.service.list(TicketQuery(state=TicketState.WAITING))

        assert [ticket.id for ticket in listing.items] == [waiting.id]

    async def test_list_filters_by_priority(self, make_ticket: Factory[Ticket]) -> None:
        high, _ = await make_ticket(priority="high"), await make_ticket(priority="urgent")

        listing = await self.service.list(TicketQuery(priority=TicketPriority.HIGH))

        assert [ticket.id for ticket in listing.items] == [high.id]

    async def test_list_filters_by_requester(self, make_ticket: Factory[Ticket], add_user: Factory[User]) -> None:
        grace = await add_user()
        hers, _ = await make_ticket(requester_id=grace.id), await make_ticket()

        listing = await self.service.list(TicketQuery(requester_id=grace.id))

        assert [ticket.id for ticket in listing.items] == [hers.id]

    async def test_list_filters_by_assignee(
        self,
        make_ticket: Factory[Ticket],
        add_user: Factory[User],
        acting_user: User,
    ) -> None:
        grace = await add_user()
        hers, other, _ = await make_ticket(), await make_ticket(), await make_ticket()
        await self.service.assign(hers.id, grace.id)
        await self.service.assign(other.id, acting_user.id)

        listing = await self.service.list(TicketQuery(assignee_id=grace.id))

        assert [ticket.id for ticket in listing.items] == [hers.id]

    @pytest.mark.parametrize(
        ("unassigned", "found"),
        [
            (True, {"free"}),
            (False, {"assigned"}),
            (None, {"free", "assigned"}),
        ],
    )
    async def test_list_filters_unassigned_tickets(
        self,
        make_ticket: Factory[Ticket],
        acting_user: User,
        unassigned: bool | None,
        found: set[str],
    ) -> None:
        await make_ticket(title="free")
        assigned = await make_ticket(title="assigned")
        await self.service.assign(assigned.id, acting_user.id)

        listing = await self.service.list(TicketQuery(unassigned=unassigned))

        assert {ticket.title for ticket in listing.items} == found

    @pytest.mark.parametrize("field", ["title", "description"])
    async def test_search_ignores_case(self, make_ticket: Factory[Ticket], field: str) -> None:
        found, _ = await make_ticket(**{field: "The Coffee machine"}), await make_ticket()

        listing = await self.service.list(TicketQuery(search="cOFFEE"))

        assert [ticket.id for ticket in listing.items] == [found.id]

    async def test_update_changes_only_the_given_fields(self, make_ticket: Factory[Ticket]) -> None:
        ticket = await make_ticket(title="No network", description="Help.", priority="low")

        updated = await self.service.update(ticket.id, TicketUpdate(version=1, priority=TicketPriority.URGENT))

        assert (updated.title, updated.description, updated.priority) == ("No network", "Help.", TicketPriority.URGENT)

    async def test_update_publishes_the_changed_fields(self, test_ticket: Ticket) -> None:
        await self.service.update(test_ticket.id, TicketUpdate(version=1, title="No network", description="Help."))

        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("ticket.updated", test_ticket.id)
        assert event.data == {"fields": ["description", "title"]}

    async def test_every_change_increments_the_version(self, test_ticket: Ticket, acting_user: User) -> None:
        await self.service.update(test_ticket.id, TicketUpdate(version=1, title="No network"))
        await self.service.assign(test_ticket.id, acting_user.id)
        await self.service.unassign(test_ticket.id)
        moved = await self.service.move_to(test_ticket.id, TicketState.IN_PROGRESS)

        assert moved.version == 5

    async def test_lock_returns_a_ticket_of_the_current_version(self, test_ticket: Ticket) -> None:
        locked = await self.service.lock(test_ticket.id, 1)

        assert (locked.id, locked.version) == (test_ticket.id, 1)

    @pytest.mark.parametrize("version", [1, 3])
    async def test_lock_refuses_another_version(self, test_ticket: Ticket, version: int) -> None:
        await change_elsewhere(self.session, test_ticket)

        with pytest.raises(Conflict, match=f"has changed since version {version}") as error:
            await self.service.lock(test_ticket.id, version)

        assert error.value.fields == ("version",)
        assert error.value.hints == {"allowed": [2]}

    @pytest.mark.parametrize("change", ["update", "assign", "assign automatically"])
    async def test_a_change_follows_the_change_of_another_request(
        self,
        test_ticket: Ticket,
        change: str,
    ) -> None:
        await change_elsewhere(self.session, test_ticket)

        changed = await CHANGES[change](self.service, test_ticket)

        title = "Printer on fire" if change == "update" else "Changed elsewhere"
        assert (changed.title, changed.version) == (title, 3)

    async def test_assign(self, test_ticket: Ticket, add_user: Factory[User]) -> None:
        grace = await add_user()

        assigned = await self.service.assign(test_ticket.id, grace.id)

        assert assigned.assignee_id == grace.id
        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("ticket.assigned", test_ticket.id)
        assert event.data == {"before": None, "after": str(grace.id)}

    async def test_assign_publishes_the_previous_assignee(self, test_ticket: Ticket, add_user: Factory[User]) -> None:
        grace, alan = await add_user(), await add_user("Alan Turing")
        await self.service.assign(test_ticket.id, grace.id)

        assigned = await self.service.assign(test_ticket.id, alan.id)

        assert assigned.assignee_id == alan.id
        assert self.published_events[-1].data == {"before": str(grace.id), "after": str(alan.id)}

    async def test_assign_to_the_same_user_changes_nothing(self, test_ticket: Ticket, acting_user: User) -> None:
        await self.service.assign(test_ticket.id, acting_user.id)

        again = await self.service.assign(test_ticket.id, acting_user.id)

        assert (again.assignee_id, again.version) == (acting_user.id, 2)
        assert [event.name for event in self.published_events] == ["ticket.created", "ticket.assigned"]

    async def test_assign_refuses_an_unknown_user(self, test_ticket: Ticket) -> None:
        with pytest.raises(Unprocessable) as error:
            await self.service.assign(test_ticket.id, uuid4())

        assert error.value.fields == ("assignee_id",)
        assert test_ticket.assignee_id is None

    async def test_assign_refuses_an_inactive_user(self, test_ticket: Ticket, add_user: Factory[User]) -> None:
        left = await add_user(active=False)

        with pytest.raises(Unprocessable, match=f"{left.id} is not an active user") as error:
            await self.service.assign(test_ticket.id, left.id)

        assert error.value.fields == ("assignee_id",)

    async def test_unassign(self, test_ticket: Ticket, acting_user: User) -> None:
        await self.service.assign(test_ticket.id, acting_user.id)

        unassigned = await self.service.unassign(test_ticket.id)

        assert unassigned.assignee_id is None
        event = self.published_events[-1]
        assert (event.name, event.data) == ("ticket.assigned", {"before": str(acting_user.id), "after": None})

    async def test_unassign_of_an_unassigned_ticket_changes_nothing(self, test_ticket: Ticket) -> None:
        unassigned = await self.service.unassign(test_ticket.id)

        assert (unassigned.assignee_id, unassigned.version) == (None, 1)
        assert self.published_events[-1].name == "ticket.created"

    async def test_automatic_assignment_chooses_the_user_with_the_fewest_tickets(
        self,
        make_ticket: Factory[Ticket],
        add_user: Factory[User],
        acting_user: User,
    ) -> None:
        grace = await add_user()
        for assignee in [acting_user, acting_user, grace]:
            held = await make_ticket()
            await self.service.assign(held.id, assignee.id)
        ticket = await make_ticket()

        assigned = await self.service.assign_automatically(ticket.id)

        assert assigned.assignee_id == grace.id
        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("ticket.assigned", ticket.id)
        assert event.data == {"before": None, "after": str(grace.id)}

    @pytest.mark.parametrize(
        ("state", "chosen"),
        [
            (TicketState.OPEN, "Grace Hopper"),
            (TicketState.IN_PROGRESS, "Grace Hopper"),
            (TicketState.WAITING, "Grace Hopper"),
            (TicketState.RESOLVED, "Ada Lovelace"),
            (TicketState.CLOSED, "Ada Lovelace"),
        ],
    )
    async def test_automatic_assignment_counts_unresolved_tickets(
        self,
        make_ticket: Factory[Ticket],
        add_user: Factory[User],
        acting_user: User,
        state: TicketState,
        chosen: str,
    ) -> None:
        users = {user.id: user.name for user in [acting_user, await add_user("Grace Hopper")]}
        held, ticket = await make_ticket(), await make_ticket()
        await self.service.assign(held.id, acting_user.id)
        held.state = state

        assigned = await self.service.assign_automatically(ticket.id)

        assert users.get(assigned.assignee_id or uuid4()) == chosen

    async def test_automatic_assignment_does_not_count_the_ticket_itself(
        self,
        test_ticket: Ticket,
        add_user: Factory[User],
        acting_user: User,
    ) -> None:
        await add_user("Grace Hopper")
        await self.service.assign(test_ticket.id, acting_user.id)

        assigned = await self.service.assign_automatically(test_ticket.id)

        assert assigned.assignee_id == acting_user.id

    async def test_automatic_assignment_breaks_ties_by_name(self, test_ticket: Ticket, add_user: Factory[User]) -> None:
        await add_user("Grace Hopper")
        aaron = await add_user("Aaron Swartz")

        assigned = await self.service.assign_automatically(test_ticket.id)

        assert assigned.assignee_id == aaron.id

    async def test_automatic_assignment_breaks_ties_of_equal_names_by_id(self, test_ticket: Ticket) -> None:
        for number in [2, 1, 3]:
            self.session.add(User(id=UUID(int=number), name="Aaron Swartz", email=f"aaron-{number}@example.com"))
            await self.session.flush()

        assigned = await self.service.assign_automatically(test_ticket.id)

        assert assigned.assignee_id == UUID(int=1)

    async def test_automatic_assignment_ignores_inactive_users(
        self,
        test_ticket: Ticket,
        add_user: Factory[User],
        acting_user: User,
    ) -> None:
        await add_user("Aaron Swartz", active=False)

        assigned = await self.service.assign_automatically(test_ticket.id)

        assert assigned.assignee_id == acting_user.id

    async def test_automatic_assignment_ignores_other_organisations(
        self,
        test_ticket: Ticket,
        add_user: Factory[User],
        acting_user: User,
        other_org: Organisation,
    ) -> None:
        with TenantContext(other_org):
            await add_user("Aaron Swartz")

        assigned = await self.service.assign_automatically(test_ticket.id)

        assert assigned.assignee_id == acting_user.id

    async def test_automatic_assignment_requires_an_active_user(self, test_ticket: Ticket, acting_user: User) -> None:
        acting_user.active = False

        with pytest.raises(Conflict, match=r"^There is no active user to assign this ticket to\.$"):
            await self.service.assign_automatically(test_ticket.id)

        assert test_ticket.assignee_id is None

    @pytest.mark.parametrize(("before", "after"), MOVES)
    async def test_moves(self, test_ticket: Ticket, before: TicketState, after: TicketState) -> None:
        test_ticket.state = before

        moved = await self.service.move_to(test_ticket.id, after)

        assert moved.state is after
        event = self.published_events[-1]
        assert (event.name, event.record_id) == ("ticket.moved", test_ticket.id)
        assert event.data == {"before": before, "after": after}

    @pytest.mark.parametrize("before", TicketState)
    async def test_refuses_to_move(self, test_ticket: Ticket, before: TicketState) -> None:
        allowed = sorted(after for start, after in MOVES if start is before)
        test_ticket.state = before

        for after in [state for state in TicketState if state not in allowed]:
            with pytest.raises(InvalidTransition) as error:
                await self.service.move_to(test_ticket.id, after)

            assert test_ticket.state is before
            assert error.value.hints == {"allowed": allowed}

    @pytest.mark.parametrize("change", CHANGES)
    async def test_a_closed_ticket_cannot_be_changed(self, test_ticket: Ticket, change: str) -> None:
        await self.service.move_to(test_ticket.id, TicketState.CLOSED)

        with pytest.raises(Conflict):
            await CHANGES[change](self.service, test_ticket)

        assert test_ticket.version == 2
        assert [event.name for event in self.published_events] == ["ticket.created", "ticket.moved"]

    async def test_the_refusal_of_a_closed_ticket_names_its_state(self, test_ticket: Ticket) -> None:
        await self.service.move_to(test_ticket.id, TicketState.CLOSED)

        with pytest.raises(Conflict, match=r"^A closed ticket cannot be changed\.$") as error:
            await self.service.unassign(test_ticket.id)

        assert (error.value.fields, error.value.hints) == ((), {})

    async def test_delete(self, test_ticket: Ticket) -> None:
        await self.service.delete(test_ticket.id)

        with pytest.raises(NotFound):
            await self.service.get(test_ticket.id)
        _, event = self.published_events
        assert (event.name, event.record_id) == ("ticket.deleted", test_ticket.id)

    async def test_a_user_with_tickets_cannot_be_deleted(
        self,
        make_ticket: Factory[Ticket],
        add_user: Factory[User],
        acting_user: User,
    ) -> None:
        other = await add_user()
        requested, assigned = await make_ticket(), await make_ticket(requester_id=other.id)
        await self.service.assign(assigned.id, acting_user.id)

        with pytest.raises(Conflict) as error:
            await UserService(self.session, self.service.events).delete(acting_user.id)

        assert error.value.detail == f"This user is needed by ticket {assigned.id} and ticket {requested.id}."

    async def test_a_ticket_that_needs_a_user_twice_is_named_once(
        self,
        make_ticket: Factory[Ticket],
        acting_user: User,
    ) -> None:
        ticket = await make_ticket()
        await self.service.assign(ticket.id, acting_user.id)

        with pytest.raises(Conflict) as error:
            await UserService(self.session, self.service.events).delete(acting_user.id)

        assert error.value.hints == {"records": [{"kind": "ticket", "id": ticket.id}]}
