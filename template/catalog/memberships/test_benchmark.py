"""Benchmarks of the services for members and invitations."""

from itertools import count

from your_service.core.users import User
from your_service.modules.memberships.invitations import InvitationService
from your_service.modules.memberships.schemas import InvitationCreate, UserQuery
from your_service.modules.memberships.service import MembershipService

from tests.performance.measure import Measure


def test_list(measure: Measure, membership_service: MembershipService, acting_user: User) -> None:
    query = UserQuery()

    found = measure(lambda: membership_service.list_members(query))

    assert acting_user in found.items


def test_invite(measure: Measure, invitation_service: InvitationService, admin_user: User) -> None:
    numbers = count(1)

    def data() -> InvitationCreate:
        return InvitationCreate(email=f"{next(numbers)}@example.com", name="Barbara Liskov")

    invited = measure(lambda: invitation_service.invite(data(), admin_user.id))

    assert invited.inviter_id == admin_user.id
