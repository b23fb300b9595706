"""The service for API keys."""

import secrets
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.accounts import Account
from ...core.clock import utcnow
from ...core.credentials import KEY, SHOWN_CHARACTERS, Admission, Credential, admits, hash_of_key, write_key
from ...core.resource import Resource
from ...core.tenancy import current_organisation
from ...core.users import User, UserService
from .models import ApiKey
from .schemas import ApiKeyCreate

SECRET_BYTES = 32
USE_NOTED = timedelta(minutes=1)
"""How often the last use of a key is noted."""


class ApiKeyService(Resource[ApiKey]):
    """API keys of the current organisation."""

    model = ApiKey
    name = "api_key"
    about = "user_id"

    async def issue(self, data: ApiKeyCreate, created_by_id: UUID) -> tuple[ApiKey, str]:
        """Return a new key with a user of its own, and its text, which is not stored."""
        key_id = uuid4()
        text = write_key(current_organisation(), key_id, secrets.token_bytes(SECRET_BYTES))
        users = UserService(self.session, self.events)
        # RFC 2606: no mail is delivered to .invalid. Without a password, nobody can sign in.
        account = await users.create_account(Account(email=f"{key_id.hex}@api-keys.invalid"))
        api_key = ApiKey(
            id=key_id,
            user=await users.add(account, data.name, data.role),
            created_by_id=created_by_id,
            prefix=text[:SHOWN_CHARACTERS],
            secret_hash=hash_of_key(text),
            read_only=data.read_only,
            expires_at=utcnow() + timedelta(days=data.lifetime_days),
        )
        return await self._add(api_key, "created"), text

    async def revoke(self, api_key_id: UUID) -> None:
        """End a key, and deactivate its user; raise `NotFound` if there is none."""
        api_key = await self.get(api_key_id, lock=True)
        api_key.user.active = False
        await self.session.delete(api_key)
        await self._publish("revoked", api_key)


@admits(KEY, ApiKey)
async def admit_machine(session: AsyncSession, credential: Credential) -> Admission | None:
    """Return the active user of an API key that has not expired, and note its use."""
    usable = select(ApiKey).join(ApiKey.user).where(User.active, ApiKey.expires_at > utcnow())
    statement = usable.where(ApiKey.id == credential.id)
    api_key = await session.scalar(statement)
    if api_key is None or not secrets.compare_digest(api_key.secret_hash, credential.secret_hash):
        return None
    if api_key.last_used_at is None or api_key.last_used_at <= utcnow() - USE_NOTED:
        # Not an attribute: meanwhile, the key may be revoked.
        used = update(ApiKey).where(ApiKey.id == api_key.id)
        values = {"last_used_at": utcnow(), "updated_at": ApiKey.updated_at}
        await session.execute(used.values(values), execution_options={"synchronize_session": False})
    return Admission(api_key.user, api_key.read_only)
