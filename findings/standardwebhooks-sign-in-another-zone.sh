#!/usr/bin/env bash
# standardwebhooks 1.1.0 (and svix 2.9.1): `Webhook.sign` does not convert the time that it is given. It only replaces the time zone with UTC. So an
# aware time in another zone, or a naive local time, is signed as a different time, and `verify` refuses the message with the
# right time in its timestamp header. Pass `datetime.now(timezone.utc)`, and convert all other times to UTC.
#
# Output seen on 2026-11-29:
#   UTC: accepted
#   the same moment at +02:00: WebhookVerificationError: No matching signature found
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check standardwebhooks==1.1.0

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from base64 import b64encode
from datetime import datetime, timedelta, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook("whsec_" + b64encode(b"k" * 24).decode())
body = '{"event": "call.ended"}'
utc = datetime.now(timezone.utc)
for name, moment in (("UTC", utc), ("the same moment at +02:00", utc.astimezone(timezone(timedelta(hours=2))))):
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign("msg_1", moment, body),
    }
    try:
        webhook.verify(body, headers)
        print(f"{name}: accepted")
    except WebhookVerificationError as error:
        print(f"{name}: {type(error).__name__}: {error}")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
UTC: accepted
the same moment at +02:00: WebhookVerificationError: No matching signature found
SEEN
