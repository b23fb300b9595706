"""The helpers in `tests/test_utils.py`."""

import inspect
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.errors import NotFound, Unauthenticated
from your_service.core.events import EventBus
from your_service.core.security import Claims, TokenService
from your_service.core.tenancy import Organisation, OrganisationNotSet, current_organisation
from your_service.core.users import User, UserService

from tests import test_utils
from tests.test_config import FROZEN_NOW, TEST_ACCOUNT_ID, TEST_JWT_SECRET, TEST_ORGANISATION_ID, TOKEN_EXPIRY
from tests.test_utils import (
    ServiceTestCase,
    TenantContext,
    TestDataFactory,
    create_mock_service,
    create_session_mock,
    create_test_jwt,
    mocked,
    with_tenant_context,
)

HERE, THERE = UUID(int=1), UUID(int=2)


def test_every_helper_has_a_docstring() -> None:
    helpers = {name: getattr(test_utils, name) for name in test_utils.__all__}

    assert [name for name, helper in helpers.items() if not inspect.getdoc(helper)] == []


class TestToken:
    """create_test_jwt()"""

    def test_has_an_account_and_an_organisation_by_default(self, token_service: TokenService) -> None:
        claims = token_service.read_token(create_test_jwt())

        assert claims == Claims(str(TEST_ACCOUNT_ID), TEST_ORGANISATION_ID)

    def test_has_the_given_claims(self, token_service: TokenService) -> None:
        claims = token_service.read_token(create_test_jwt(HERE, THERE))

        assert claims == Claims(str(HERE), THERE)

    def test_is_valid_longer_than_every_test(self) -> None:
        claims = jwt.decode(create_test_jwt(), TEST_JWT_SECRET, ["HS256"], audience="your_service")

        assert claims["exp"] == TOKEN_EXPIRY.timestamp()

    @pytest.mark.usefixtures("frozen_time")
    def test_may_have_expired(self, token_service: TokenService) -> None:
        with pytest.raises(Unauthenticated, match="expired"):
            token_service.read_token(create_test_jwt(expires_at=FROZEN_NOW))


class TestSessionMock:
    """create_session_mock()"""

    async def test_returns_and_raises_the_given_results(self) -> None:
        user = User(name="Ada")
        session = create_session_mock(scalar=user, flush=OperationalError("", {}, Exception()))

        async with session as entered:
            assert await entered.scalar(select(User)) is user
            with pytest.raises(OperationalError):
                await entered.flush()

        assert isinstance(session, AsyncSession)

    def test_refuses_what_a_session_refuses(self) -> None:
        session: Any = create_session_mock()

        with pytest.raises(TypeError):
            session.add()
        with pytest.raises(AttributeError):
            session.no_such_method()


class TestServiceMock:
    """create_mock_service(), with a service of the core"""

    async def test_returns_and_raises_the_given_results(self) -> None:
        user = User(name="Ada")
        users = create_mock_service(UserService, find_or_create=user, get=NotFound("Gone."))

        assert await users.find_or_create("ada@example.com") is user
        mocked(users.find_or_create).assert_called_once_with("ada@example.com")
        with pytest.raises(NotFound):
            await users.get(HERE)


@pytest.fixture
def scope_is_left() -> Iterator[None]:
    """The test leaves no organisation in scope."""
    yield
    with pytest.raises(OrganisationNotSet):
        current_organisation()


@pytest.mark.usefixtures("scope_is_left")
class TestTenant:
    """TenantContext and with_tenant_context()"""

    @pytest.mark.parametrize("organisation", [HERE, Organisation(id=HERE, name="Here")])
    def test_organisation_is_in_scope_in_the_block(self, organisation: Organisation | UUID) -> None:
        with TenantContext(organisation) as organisation_id:
            assert (organisation_id, current_organisation()) == (HERE, HERE)

    def test_contexts_nest(self) -> None:
        with TenantContext(HERE):
            with TenantContext(THERE):
                assert current_organisation() == THERE
            assert current_organisation() == HERE

    def test_context_can_be_used_again(self) -> None:
        here = TenantContext(HERE)

        for _ in range(2):
            with here:
                assert current_organisation() == HERE

    def test_error_leaves_the_context(self) -> None:
        with pytest.raises(ZeroDivisionError), TenantContext(HERE):
            raise ZeroDivisionError

    async def test_function_runs_in_the_organisation(self) -> None:
        @with_tenant_context(HERE)
        async def scope(number: int, *, text: str = "") -> tuple[UUID, int, str]:
            """Return the scope."""
            return current_organisation(), number, text

        assert await scope(1, text="a") == (HERE, 1, "a")
        assert (scope.__name__, scope.__doc__) == ("scope", "Return the scope.")
        assert str(inspect.signature(scope)) == "(number: int, *, text: str = '') -> tuple[uuid.UUID, int, str]"

    def test_plain_function_runs_in_the_organisation(self) -> None:
        assert with_tenant_context(Organisation(id=HERE, name="Here"))(current_organisation)() == HERE

    def test_generators_are_refused(self) -> None:
        def numbers() -> Iterator[int]:
            yield 1

        with pytest.raises(TypeError, match="numbers is a generator"):
            with_tenant_context(HERE)(numbers)


class TestDataFactoryFixture:
    """The fixture data_factory"""

    async def test_every_kind_of_record_is_stored(self, data_factory: TestDataFactory, db_session: AsyncSession) -> None:
        kinds = ["organisation", "user", "patient", "practitioner", "appointment", "journey_definition", "journey", "ticket"]
        for kind in kinds:
            first, second = await data_factory.create_many(2, kind)

            model = type(first)
            stored = select(func.count(model.id)).where(model.id.in_([first.id, second.id]))
            assert await db_session.scalar(stored) == 2

    async def test_keywords_set_values(self, data_factory: TestDataFactory) -> None:
        organisation = await data_factory.create_organisation(name="Acme")

        assert organisation.name == "Acme"

    @pytest.mark.parametrize("number", [0, 1, 3])
    async def test_many_share_a_value(self, data_factory: TestDataFactory, number: int) -> None:
        organisations = await data_factory.create_many(number, "organisation", name="Acme")

        assert [organisation.name for organisation in organisations] == ["Acme"] * number

    async def test_function_gives_each_record_its_value(self, data_factory: TestDataFactory) -> None:
        organisations = await data_factory.create_many(3, "organisation", name=lambda number: f"Acme {number}")

        assert [organisation.name for organisation in organisations] == ["Acme 1", "Acme 2", "Acme 3"]

    def test_unknown_kind_is_an_error(self, data_factory: TestDataFactory) -> None:
        with pytest.raises(AttributeError, match=r"There is no create_parcel; there are records of .*organisation"):
            data_factory.create_parcel()


class TestUsers(ServiceTestCase[UserService]):
    """ServiceTestCase"""

    service_class = UserService

    async def test_service_works_in_the_organisation_of_the_test(self) -> None:
        user = await self.service.find_or_create("ada@example.com")

        assert user.organisation_id == self.organisation.id == current_organisation()
        assert [event.name for event in self.published_events] == ["user.created"]

    def test_attributes_are_the_fixtures(self, db_session: AsyncSession, event_bus: EventBus) -> None:
        assert (self.session, self.service.session) == (db_session, db_session)
        assert (self.events, self.service.events) == (event_bus, event_bus)
        assert self.published_events == []

    async def test_unknown_user_is_not_found(self) -> None:
        with pytest.raises(NotFound):
            await self.service.get(uuid4())
