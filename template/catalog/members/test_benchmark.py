"""Benchmarks of the services for members and invitations."""

from itertools import count

from your_service.core.users import User
from your_service.modules.members.invitations import InvitationService
from your_service.modules.members.schemas import InvitationCreate, MemberQuery
from your_service.modules.members.service import MemberService

from tests.performance.measure import Measure


def test_list(measure: Measure, member_service: MemberService, acting_user: User) -> None:
    query = MemberQuery()

    found = measure(lambda: member_service.list_members(query))

    assert acting_user in found.items


def test_invite(measure: Measure, invitation_service: InvitationService, admin_user: User) -> None:
    numbers = count(1)

    def data() -> InvitationCreate:
        return InvitationCreate(email=f"{next(numbers)}@example.com", name="Barbara Liskov")

    invited = measure(lambda: invitation_service.invite(data(), admin_user.id))

    assert invited.inviter_id == admin_user.id
