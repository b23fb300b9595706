"""Tests of an API key that is revoked while it is used, on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from your_service.core.credentials import KEY, Admission, Credential, admit
from your_service.core.errors import NotFound
from your_service.core.events import EventBus
from your_service.modules.auth.api_keys import ApiKeyService
from your_service.modules.auth.models import ApiKey

from tests.support.races import RaceRunner


async def test_a_request_with_a_key_that_is_revoked_meanwhile(
    race_in_order: RaceRunner,
    api_key_service: ApiKeyService,
    test_api_key: ApiKey,
) -> None:
    await api_key_service.session.commit()
    credential = Credential(KEY, test_api_key.id, test_api_key.secret_hash)

    async def revoke(session: AsyncSession) -> None:
        await ApiKeyService(session, EventBus(session)).revoke(credential.id)

    async def use(session: AsyncSession) -> Admission | None:
        return await admit(session, credential)

    revoked, used, again = await race_in_order(revoke, use, revoke)

    assert revoked is None
    # It was read before the revocation was committed.
    assert isinstance(used, Admission)
    assert isinstance(again, NotFound)
    assert await admit(api_key_service.session, credential) is None
