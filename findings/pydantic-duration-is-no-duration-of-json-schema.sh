#!/usr/bin/env bash
# pydantic 2.14.4: a timedelta has `format: duration` in its JSON Schema, but what it writes for hours and seconds without minutes, for
# fractions of a second and for negative durations is no duration there: RFC 3339, appendix A, which JSON Schema names, allows seconds
# after minutes only, and has neither fractions nor signs. So clients that check formats refuse some responses.
# jsonschema-rs 0.61.2 checks the format.
#
# Output seen on 2026-12-01:
#   PT5H1M27S valid
#   PT5H27S   not valid
#   PT0.5S    not valid
#   -P1D      not valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.4 jsonschema-rs==0.61.2

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from datetime import timedelta

from jsonschema_rs import validator_for
from pydantic import TypeAdapter

kind = TypeAdapter(timedelta)
validator = validator_for(kind.json_schema(), validate_formats=True)
DURATIONS = [
    timedelta(hours=5, minutes=1, seconds=27),
    timedelta(hours=5, seconds=27),
    timedelta(seconds=0.5),
    timedelta(days=-1),
]
for duration in DURATIONS:
    written = kind.dump_python(duration, mode="json")
    print(f"{written:9}", "valid" if validator.is_valid(written) else "not valid")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
PT5H1M27S valid
PT5H27S   not valid
PT0.5S    not valid
-P1D      not valid
SEEN
