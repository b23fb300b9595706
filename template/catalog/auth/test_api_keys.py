"""Tests of the service for API keys."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from time_machine import Traveller

from your_service.core.clock import utcnow
from your_service.core.credentials import KEY, Credential, admit, hash_of_key, read_key, write_key
from your_service.core.errors import NotFound
from your_service.core.tenancy import Organisation
from your_service.core.users import Role, User
from your_service.modules.auth.api_keys import SECRET_BYTES, USE_NOTED, ApiKeyService
from your_service.modules.auth.models import ApiKey
from your_service.modules.auth.schemas import ApiKeyCreate

from tests.support.factories import Factory
from tests.test_utils import ServiceTestCase, TenantContext

NEW = ApiKeyCreate(name="Nightly export")


def credential_of(api_key: ApiKey) -> Credential:
    return Credential(KEY, api_key.id, api_key.secret_hash)


def test_a_key_names_organisation_and_credential() -> None:
    text = write_key(UUID(int=1), UUID(int=2), b"secret")

    assert text.startswith("key_")
    assert read_key(text) == (UUID(int=1), Credential(KEY, UUID(int=2), hash_of_key(text)))


@pytest.mark.parametrize("text", ["key_", "key_x", "key_é", f"key_{'A' * 40}", f"key_{'*' * 86}"])
def test_another_text_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_key(text)


class TestApiKeyService(ServiceTestCase[ApiKeyService]):
    """Tests of ApiKeyService."""

    service_class = ApiKeyService

    async def test_issue(self, frozen_time: Traveller, acting_user: User) -> None:
        data = ApiKeyCreate(name="Till", role=Role.ADMIN, read_only=True, lifetime_days=30)

        api_key, text = await self.service.issue(data, acting_user.id)

        organisation_id, credential = read_key(text)
        assert (organisation_id, credential) == (self.organisation.id, credential_of(api_key))
        assert (api_key.name, api_key.role, api_key.read_only) == ("Till", Role.ADMIN, True)
        assert (api_key.created_by_id, api_key.last_used_at) == (acting_user.id, None)
        assert api_key.expires_at == utcnow() + timedelta(days=30)
        assert [event.name for event in self.published_events] == ["user.created", "api_key.created"]
        assert self.published_events[-1].about == api_key.user_id

    async def test_issue_stores_no_secret(self, acting_user: User) -> None:
        api_key, text = await self.service.issue(NEW, acting_user.id)

        assert text not in str(vars(api_key))
        assert text.startswith(api_key.prefix)
        # The prefix is a part of the id alone.
        assert write_key(UUID(int=0), api_key.id, b"").startswith(api_key.prefix)
        assert len(api_key.prefix) == 12

    async def test_issue_makes_another_secret_each_time(self, acting_user: User) -> None:
        issued = [await self.service.issue(NEW, acting_user.id) for _ in range(2)]

        secrets = {text[-SECRET_BYTES:] for _, text in issued}
        assert len(secrets) == 2
        assert SECRET_BYTES * 8 >= 128

    async def test_the_user_of_a_key_has_an_address_without_a_mailbox(self, acting_user: User) -> None:
        api_key, _ = await self.service.issue(NEW, acting_user.id)

        assert api_key.user.email.endswith(".invalid")

    async def test_a_key_admits_its_user(self, test_api_key: ApiKey) -> None:
        admission = await admit(self.session, credential_of(test_api_key))

        assert admission is not None
        assert (admission.user, admission.read_only) == (test_api_key.user, False)

    @pytest.mark.parametrize("wrong", ["", "secret", "id", "organisation", "expired", "deactivated"])
    async def test_who_is_admitted(
        self,
        frozen_time: Traveller,
        test_api_key: ApiKey,
        other_org: Organisation,
        wrong: str,
    ) -> None:
        credential = credential_of(test_api_key)
        if wrong == "secret":
            credential = Credential(KEY, test_api_key.id, hash_of_key("key_of_others"))
        if wrong == "id":
            credential = Credential(KEY, uuid4(), test_api_key.secret_hash)
        if wrong == "expired":
            frozen_time.shift(timedelta(days=1))
        if wrong == "deactivated":
            test_api_key.user.active = False
            await self.session.flush()

        with TenantContext(other_org if wrong == "organisation" else self.organisation):
            admission = await admit(self.session, credential)

        await self.session.refresh(test_api_key)
        assert (admission is None, test_api_key.last_used_at is None) == (bool(wrong), bool(wrong))

    async def test_the_last_use_is_noted_once_a_minute(self, frozen_time: Traveller, test_api_key: ApiKey) -> None:
        noted = []
        changed = test_api_key.updated_at
        for pause in (timedelta(seconds=1), USE_NOTED - timedelta(seconds=1), timedelta(seconds=1)):
            frozen_time.shift(pause)
            await admit(self.session, credential_of(test_api_key))
            await self.session.refresh(test_api_key)
            noted.append(test_api_key.last_used_at)

        assert noted == [utcnow() - USE_NOTED, utcnow() - USE_NOTED, utcnow()]
        assert test_api_key.updated_at == changed

    async def test_revoke(self, test_api_key: ApiKey, acting_user: User) -> None:
        await self.service.revoke(test_api_key.id)

        users = await self.session.scalars(select(User.active).where(User.id != acting_user.id))
        assert await self.session.scalar(select(func.count(ApiKey.id))) == 0
        assert users.all() == [False]
        assert acting_user.active
        assert [event.name for event in self.published_events] == ["api_key.revoked"]

    async def test_revoke_does_not_find_a_key_of_another_organisation(
        self,
        make_api_key: Factory[ApiKey],
        other_org: Organisation,
    ) -> None:
        api_key = await make_api_key()

        with TenantContext(other_org), pytest.raises(NotFound):
            await self.service.revoke(api_key.id)
