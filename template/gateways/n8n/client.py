"""The n8n gateway: starts workflows by their webhooks, and checks the signatures of their callbacks."""

import hmac
from dataclasses import dataclass
from time import time
from typing import Any, Protocol
from urllib.parse import quote
from uuid import UUID

from httpx2 import Client, HTTPError
from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

TEMPORARY = frozenset({408, 425, 429})
"""The statuses below 500 after which the same request may succeed."""
SIGNATURE_SECONDS = 300
"""How far the time of a signature may be from our clock."""


class N8nError(Exception):
    """The call failed. The text of the error may be logged: it has only the status, or the kind of failure."""


class N8nUnavailable(N8nError):
    """A temporary failure; a later attempt may succeed. The workflow may have been started nevertheless."""


class N8nRefused(N8nError):
    """A permanent failure: there is no such workflow, it is not active, or n8n does not accept the request."""


class BadSignature(N8nError):
    """A callback was not signed with our key, or too long ago."""


@dataclass(frozen=True, slots=True)
class Execution:
    """A workflow, what it gets, and what its callback repeats: whose run it is, and how often this run was queued."""

    workflow: str
    data: dict[str, Any]
    run_id: UUID
    number: int
    organisation_id: UUID


class N8nGateway(Protocol):
    """Starts workflows, and recognises their callbacks."""

    def start(self, execution: Execution) -> None:
        """Start a workflow, which goes on when this returns; raise `N8nUnavailable` or `N8nRefused`."""

    def check_callback(self, body: bytes, timestamp: str, signature: str) -> None:
        """Raise `BadSignature` unless the body was signed with the key at this time, and not long ago."""


class N8nSettings(BaseSettings):
    """Settings of n8n."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    n8n_webhook_url: HttpUrl = Field(description="URL of the webhooks, without the path of a workflow.")
    n8n_authorization: SecretStr | None = Field(default=None, description="Value of the header `Authorization`.")
    n8n_callback_secret: SecretStr | None = Field(
        default=None, min_length=32, description="Key that signs callbacks; without one, all of them are refused."
    )
    n8n_timeout_seconds: float = Field(default=10, gt=0, description="Timeout of connecting and of each response.")


def sign(secret: str, body: bytes, timestamp: str) -> str:
    """Return the signature of a callback: HMAC-SHA256 in hexadecimal digits, of the time, a dot and the body."""
    return hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()


class HttpN8nGateway:
    """Sends each request once: the task that sends it decides about another attempt."""

    def __init__(self, settings: N8nSettings) -> None:
        self.settings = settings

    def start(self, execution: Execution) -> None:
        """Start a workflow; raise the errors of `N8nGateway`."""
        # n8n does not know this header, but a workflow can read it and ignore a repeated request.
        headers = {"Idempotency-Key": f"{execution.run_id}-{execution.number}"}
        body = {
            "run_id": str(execution.run_id),
            "execution": execution.number,
            "organisation_id": str(execution.organisation_id),
            "data": execution.data,
        }
        try:
            with self._connect() as client:
                response = client.post(quote(execution.workflow, safe=""), json=body, headers=headers)
        except HTTPError as error:
            # Its text may have the URL, which is enough to start the workflow.
            raise N8nUnavailable(type(error).__name__) from None
        # Only the status counts: the text of the response depends on the workflow.
        if not response.is_success:
            temporary = response.is_server_error or response.status_code in TEMPORARY
            raise (N8nUnavailable if temporary else N8nRefused)(f"status {response.status_code}")

    def check_callback(self, body: bytes, timestamp: str, signature: str) -> None:
        """Check a signature; raise the error of `N8nGateway`."""
        secret = self.settings.n8n_callback_secret
        if secret is None or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 15:
            raise BadSignature
        expected = sign(secret.get_secret_value(), body, timestamp)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise BadSignature
        if abs(time() - int(timestamp)) > SIGNATURE_SECONDS:
            raise BadSignature

    def _connect(self) -> Client:
        secret = self.settings.n8n_authorization
        return Client(
            base_url=str(self.settings.n8n_webhook_url),
            headers={"Authorization": secret.get_secret_value()} if secret else {},
            timeout=self.settings.n8n_timeout_seconds,
        )
