"""Benchmarks of the service for sign-ins."""

from your_service.modules.auth.models import SignIn
from your_service.modules.auth.rules import RefreshToken
from your_service.modules.auth.schemas import SignInQuery
from your_service.modules.auth.service import SignedIn, SignInService

from tests.performance.measure import Measure


def test_refresh(measure: Measure, sign_in_service: SignInService, refresh_token: RefreshToken) -> None:
    newest = [refresh_token]

    async def refresh() -> SignedIn | None:
        signed_in = await sign_in_service.refresh(newest[-1])
        assert signed_in is not None
        newest.append(signed_in.token)
        return signed_in

    assert measure(refresh) is not None


def test_list(measure: Measure, sign_in_service: SignInService, test_sign_in: SignIn) -> None:
    query = SignInQuery(user_id=test_sign_in.user_id)

    found = measure(lambda: sign_in_service.list(query))

    assert list(found.items) == [test_sign_in]
