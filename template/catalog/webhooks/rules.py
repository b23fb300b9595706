"""How to recognise the requests of Twilio and of a voice agent; these functions use neither database nor settings."""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

BODY_HASH = "bodySHA256"
"""The parameter of a URL with the hash of a JSON body."""
MIN_SECRET_BYTES = 24
"""The shortest secret according to the specification of Standard Webhooks."""
# PostgreSQL does not store the first one.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def read_form(body: bytes) -> FormData:
    """Return the fields of a form, including empty and repeated ones, which are signed too."""
    return FormData([*parse_qsl(body.decode(errors="replace"), keep_blank_values=True)])


def is_signed_by_twilio(token: str, url: str, content: FormData | bytes, signature: str) -> bool:
    """Return whether Twilio has signed a request to `url` with a form or a JSON body."""
    validator = RequestValidator(token)
    if isinstance(content, FormData):
        return bool(validator.validate(url, content, signature))
    # Without the hash, the signature would not cover the body.
    if BODY_HASH not in parse_qs(urlsplit(url).query):
        return False
    # A body that is not in UTF-8 gets another hash.
    return bool(validator.validate(url, content.decode(errors="replace"), signature))


def is_signed_by_agent(secrets: Sequence[str], body: bytes, headers: Mapping[str, str]) -> bool:
    """Return whether a request was signed with one of the secrets in the last five minutes."""
    return any(_is_signed_with(secret, body, headers) for secret in secrets)


def _is_signed_with(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    # The library does not catch the errors of a malformed header, and of a body that is not in UTF-8.
    except (WebhookVerificationError, ValueError):
        return False
    return True


def split_secrets(text: str) -> list[str]:
    """Return the secrets in a list that is separated by commas or spaces; raise `ValueError` if one is not valid."""
    secrets = text.replace(",", " ").split()
    for number, secret in enumerate(secrets, 1):
        if _length(secret.removeprefix("whsec_")) < MIN_SECRET_BYTES:
            raise ValueError(f"secret {number} must be whsec_ with at least {MIN_SECRET_BYTES} bytes in Base64")
    return secrets


def _length(encoded: str) -> int:
    try:
        return len(b64decode(encoded, validate=True))
    except ValueError:
        return 0


def storable(text: str) -> str:
    """Return `text` without control characters, except tabs and line breaks."""
    return _CONTROL.sub("", text)


def storable_json(value: Any) -> Any:
    """Return a JSON value whose names and texts are `storable`."""
    if isinstance(value, dict):
        return {storable(name): storable_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [storable_json(item) for item in value]
    return storable(value) if isinstance(value, str) else value
