#!/usr/bin/env bash
# croniter 7.0.0: a daily job at 02:30 runs twice on the day on which the clocks go back, an hour apart. Debian's cron, and cronsim 2.8, which
# follows it, run it once, at the first 02:30.
#
# Output seen on 2026-11-29:
#   croniter: 2027-10-31T02:30:00+02:00, 2027-10-31T02:30:00+01:00, 2027-11-01T02:30:00+01:00
#   cronsim: 2027-10-31T02:30:00+02:00, 2027-11-01T02:30:00+01:00, 2027-11-02T02:30:00+01:00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8 tzdata==2026.1

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

start = datetime(2027, 10, 30, 12, tzinfo=ZoneInfo("Europe/Berlin"))
first, second = croniter("30 2 * * *", start), CronSim("30 2 * * *", start)
print("croniter:", ", ".join(first.get_next(datetime).isoformat() for _ in range(3)))
print("cronsim:", ", ".join(next(second).isoformat() for _ in range(3)))
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
croniter: 2027-10-31T02:30:00+02:00, 2027-10-31T02:30:00+01:00, 2027-11-01T02:30:00+01:00
cronsim: 2027-10-31T02:30:00+02:00, 2027-11-01T02:30:00+01:00, 2027-11-02T02:30:00+01:00
SEEN
