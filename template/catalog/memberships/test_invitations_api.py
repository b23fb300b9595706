"""Tests of the API for invitations."""

from uuid import UUID

import pytest
from fastapi import status
from httpx2 import AsyncClient

from your_service.core.users import User
from your_service.modules.memberships.models import Invitation
from your_service.modules.memberships.tokens import EmailedToken

from tests.support.factories import Payload

URL = "/invitations"
NEW = "seven green umbrellas"
SHORT = "too short"


async def test_an_invitation_is_created_and_withdrawn(
    admin_client: AsyncClient,
    admin_user: User,
    invitation_payload: Payload,
) -> None:
    created = await admin_client.post(URL, json=invitation_payload())

    invitation = created.json()
    assert created.status_code == status.HTTP_201_CREATED
    assert invitation == {
        **{name: invitation[name] for name in ("id", "created_at", "updated_at", "expires_at")},
        **invitation_payload(),
        "inviter_id": str(admin_user.id),
    }
    path = f"{URL}/{invitation['id']}"
    read, listed = await admin_client.get(path), await admin_client.get(URL)
    assert (read.json(), listed.json()["items"]) == (invitation, [invitation])
    withdrawn, gone = await admin_client.delete(path), await admin_client.get(path)
    assert [withdrawn.status_code, gone.status_code] == [status.HTTP_204_NO_CONTENT, status.HTTP_404_NOT_FOUND]


async def test_a_withdrawn_invitation_is_not_accepted(
    admin_client: AsyncClient,
    client: AsyncClient,
    test_invitation_id: UUID,
    invitation_token: EmailedToken,
) -> None:
    withdrawn = await admin_client.delete(f"{URL}/{test_invitation_id}")

    accepted = await client.post(
        "/invitation-acceptances",
        json={"token": str(invitation_token), "new_password": NEW},
    )

    assert [withdrawn.status_code, accepted.status_code] == [status.HTTP_204_NO_CONTENT, status.HTTP_400_BAD_REQUEST]


async def test_somebody_new_accepts_and_signs_in(
    client: AsyncClient,
    test_invitation: Invitation,
    invitation_token: EmailedToken,
) -> None:
    email = test_invitation.email
    bodies = [{}, {"new_password": SHORT}, {"new_password": NEW}, {"new_password": NEW}]

    responses = [
        await client.post("/invitation-acceptances", json={"token": str(invitation_token), **body}) for body in bodies
    ]

    assert [response.status_code for response in responses] == [422, 422, 204, 400]
    assert responses[0].json()["errors"][0]["loc"] == ["body", "new_password"]
    signed_in = await client.post("/sign-ins", json={"email": email, "password": NEW})
    assert signed_in.status_code == status.HTTP_201_CREATED


@pytest.mark.parametrize("token", ["", "x", "a.b", f"{'0' * 32}.é"])
async def test_another_text_is_no_token(client: AsyncClient, token: str) -> None:
    response = await client.post("/invitation-acceptances", json={"token": token})

    assert response.status_code == status.HTTP_422_UNPROCESSABLE_CONTENT


async def test_an_unknown_token_is_refused(client: AsyncClient) -> None:
    response = await client.post("/invitation-acceptances", json={"token": f"{'0' * 32}.secret"})

    assert response.status_code == status.HTTP_400_BAD_REQUEST
    detail = "The link was used before, is too old, or the invitation was withdrawn."
    assert response.json()["detail"] == detail
