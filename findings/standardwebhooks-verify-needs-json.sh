#!/usr/bin/env bash
# standardwebhooks 1.1.0: `Webhook.verify` parses the body as JSON if the signature is valid. A signed body that is not JSON (text, a form,
# an empty ping) raises json.JSONDecodeError, which is not a WebhookVerificationError: a route that catches only the latter responds with 500.
# The specification allows any body.
#
# Output seen on 2026-11-29:
#   JSON: returned {'a': 1}
#   text: JSONDecodeError, a WebhookVerificationError: False
#   empty: JSONDecodeError, a WebhookVerificationError: False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from base64 import b64encode
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook("whsec_" + b64encode(b"k" * 24).decode())
now = datetime.now(timezone.utc)
for name, body in (("JSON", '{"a": 1}'), ("text", "call ended"), ("empty", "")):
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign("msg_1", now, body),
    }
    try:
        print(f"{name}: returned {webhook.verify(body, headers)}")
    except Exception as error:
        kind = isinstance(error, WebhookVerificationError)
        print(f"{name}: {type(error).__name__}, a WebhookVerificationError: {kind}")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
JSON: returned {'a': 1}
text: JSONDecodeError, a WebhookVerificationError: False
empty: JSONDecodeError, a WebhookVerificationError: False
SEEN
