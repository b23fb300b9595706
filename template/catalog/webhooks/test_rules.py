"""Tests of the signatures of Twilio and of a voice agent."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from starlette.datastructures import FormData
from time_machine import Traveller
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from your_service.modules.webhooks.rules import (
    is_signed_by_agent,
    is_signed_by_twilio,
    read_form,
    split_secrets,
    storable,
    storable_json,
)

from tests.fixtures.webhooks import OTHER_SECRET, VOICE_SECRET, Signed
from tests.support.gateways.twilio_server import TOKEN

URL = "https://clinic.example.com/webhooks/1/twilio/messages"
# Twilio leaves empty fields in the form, and may repeat one.
FORM = FormData([("From", "+12025550143"), ("Body", ""), ("Tag", "b"), ("Tag", "a")])
BODY = b'[{"type": "ping"}]'
JSON_URL = f"{URL}?bodySHA256={sha256(BODY).hexdigest()}"
NOW = datetime(2030, 1, 15, 12, tzinfo=UTC)


def sign(url: str, content: Any = None) -> str:
    signature: str = RequestValidator(TOKEN).compute_signature(url, content)
    return signature


# The example of Twilio's documentation, computed independently of its library.
def test_a_signature_is_the_hmac_of_the_url_and_the_sorted_fields() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE",  # pragma: allowlist secret
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"

    assert is_signed_by_twilio("12345", url, FormData(fields), "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


def test_a_form_with_empty_and_repeated_fields_is_recognised() -> None:
    assert is_signed_by_twilio(TOKEN, URL, FORM, sign(URL, FORM))


def test_a_form_is_read_with_its_empty_and_repeated_fields() -> None:
    form = read_form(b"From=%2B12025550143&Body=&Tag=b&Tag=a+%C3%BC&Tag=%FF&Tag=\xff")

    assert form.multi_items() == [
        ("From", "+12025550143"),
        ("Body", ""),
        ("Tag", "b"),
        ("Tag", "a ü"),
        ("Tag", "\ufffd"),
        ("Tag", "\ufffd"),
    ]


@pytest.mark.parametrize(
    ("token", "url", "form"),
    [
        ("another-token", URL, FORM),
        (TOKEN, URL.replace("/1/", "/2/"), FORM),
        (TOKEN, URL.replace("https", "http"), FORM),
        (TOKEN, f"{URL}?a=1", FORM),
        (TOKEN, URL, FormData([*FORM.multi_items(), ("More", "1")])),
        (TOKEN, URL, FormData([("From", "+12025550199"), *FORM.multi_items()[1:]])),
        (TOKEN, URL, FormData(FORM.multi_items()[:-1])),
        (TOKEN, URL, FormData([item for item in FORM.multi_items() if item[0] != "Body"])),
    ],
    ids=["token", "path", "scheme", "query", "more fields", "another value", "a value less", "an empty field less"],
)
def test_a_form_is_refused_if_anything_has_changed(token: str, url: str, form: FormData) -> None:
    assert not is_signed_by_twilio(token, url, form, sign(URL, FORM))


@pytest.mark.parametrize("signature", ["", "AAAA", "ö", sign(URL, FORM)[:-1], sign(URL, FORM).swapcase()])
def test_a_form_without_its_signature_is_refused(signature: str) -> None:
    assert not is_signed_by_twilio(TOKEN, URL, FORM, signature)


def test_a_json_body_is_recognised_by_its_hash() -> None:
    assert is_signed_by_twilio(TOKEN, JSON_URL, BODY, sign(JSON_URL))


@pytest.mark.parametrize("body", [b"[]", BODY + b" ", b"", b"\xff"], ids=["other", "space", "empty", "not UTF-8"])
def test_another_json_body_is_refused(body: bytes) -> None:
    assert not is_signed_by_twilio(TOKEN, JSON_URL, body, sign(JSON_URL))


@pytest.mark.parametrize("query", ["", "?bodySHA256=", "?body=1"])
def test_a_json_body_is_refused_if_the_url_has_no_hash(query: str) -> None:
    # Such a signature is genuine: it covers the URL alone.
    assert not is_signed_by_twilio(TOKEN, URL + query, BODY, sign(URL + query))


def test_a_json_body_with_the_signature_of_another_url_is_refused() -> None:
    assert not is_signed_by_twilio(TOKEN, JSON_URL, BODY, sign(URL))


class TestAgent:
    """Requests of a voice agent, signed as in the specification of Standard Webhooks."""

    @pytest.fixture(autouse=True)
    def now(self, time_machine: Traveller) -> None:
        """Stop the clock."""
        time_machine.move_to(NOW, tick=False)

    @pytest.mark.parametrize("secret", [VOICE_SECRET, OTHER_SECRET])
    def test_each_of_the_secrets_is_accepted(self, signed_call: Signed, secret: str) -> None:
        request = signed_call({"type": "ping"}, secret=secret)

        assert is_signed_by_agent([VOICE_SECRET, OTHER_SECRET], request["content"], request["headers"])

    def test_a_body_need_not_be_json(self, signed_call: Signed) -> None:
        request = signed_call(b"no JSON")

        assert is_signed_by_agent([VOICE_SECRET], request["content"], request["headers"])

    @pytest.mark.parametrize("secrets", [[], [OTHER_SECRET]], ids=["none", "another"])
    def test_other_secrets_are_refused(self, signed_call: Signed, secrets: list[str]) -> None:
        request = signed_call({"type": "ping"})

        assert not is_signed_by_agent(secrets, request["content"], request["headers"])

    @pytest.mark.parametrize(
        ("minutes", "accepted"),
        [(0, True), (-4.9, True), (4.9, True), (-5.1, False), (5.1, False)],
    )
    def test_old_and_future_requests_are_refused(self, signed_call: Signed, minutes: float, accepted: bool) -> None:
        request = signed_call({"type": "ping"}, at=NOW + timedelta(minutes=minutes))

        assert is_signed_by_agent([VOICE_SECRET], request["content"], request["headers"]) is accepted

    @pytest.mark.parametrize("body", [b"", b'{"type":"ping"}', b"\xff"], ids=["empty", "other", "not UTF-8"])
    def test_another_body_is_refused(self, signed_call: Signed, body: bytes) -> None:
        request = signed_call({"type": "ping"})

        assert not is_signed_by_agent([VOICE_SECRET], body, request["headers"])

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("webhook-id", "msg_2"),
            ("webhook-id", ""),
            ("webhook-timestamp", str(int(NOW.timestamp()) + 1)),
            ("webhook-timestamp", "noon"),
            ("webhook-timestamp", "nan"),
            ("webhook-timestamp", ""),
            ("webhook-signature", "v1,AAAA"),
            ("webhook-signature", "v1"),
            ("webhook-signature", "v1,A"),
            ("webhook-signature", "v1,ö"),
            ("webhook-signature", ""),
        ],
    )
    def test_a_header_that_has_changed_is_refused(self, signed_call: Signed, name: str, value: str) -> None:
        request = signed_call({"type": "ping"})

        assert not is_signed_by_agent([VOICE_SECRET], request["content"], request["headers"] | {name: value})

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_a_missing_header_is_refused(self, signed_call: Signed, name: str) -> None:
        request = signed_call({"type": "ping"})
        del request["headers"][name]

        assert not is_signed_by_agent([VOICE_SECRET], request["content"], request["headers"])


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("", []),
        (VOICE_SECRET, [VOICE_SECRET]),
        (f"{VOICE_SECRET},{OTHER_SECRET}", [VOICE_SECRET, OTHER_SECRET]),
        (f" {VOICE_SECRET} ,\n{OTHER_SECRET} ", [VOICE_SECRET, OTHER_SECRET]),
        (b64encode(b"k" * 24).decode(), [b64encode(b"k" * 24).decode()]),
    ],
)
def test_secrets_are_separated_by_commas_or_spaces(text: str, secrets: list[str]) -> None:
    assert split_secrets(text) == secrets


@pytest.mark.parametrize(
    "wrong",
    ["whsec_", "whsec_short", f"whsec_{b64encode(b'k' * 23).decode()}", "whsec_" + "ö" * 32, "whsec_" + "!" * 32],
)
def test_a_secret_that_is_not_valid_is_refused_without_being_shown(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^secret 2 must be whsec_ with at least 24 bytes in Base64$"):
        split_secrets(f"{VOICE_SECRET} {wrong}")


def test_control_characters_are_not_stored() -> None:
    assert storable("a\x00\x08b\tc\r\nd\x0b\x0c\x1fe\x7f\x9ff ü🙂") == "ab\tc\r\ndef ü🙂"


def test_control_characters_are_not_stored_in_json() -> None:
    value = {"na\x00me": ["A\x00da", 1, None, {"b": "\x00"}], "text": "\\u0000"}

    assert storable_json(value) == {"name": ["Ada", 1, None, {"b": ""}], "text": "\\u0000"}
