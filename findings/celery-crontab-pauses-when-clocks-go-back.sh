#!/usr/bin/env bash
# Celery 5.7.0: in a time zone with summer time, `crontab(minute="*/10")` is not due for a whole hour when the clocks go back: nothing runs
# during the second 02:00 to 02:59, so 70 minutes pass between two runs. Cron, and cronsim 2.8, run such schedules in both hours.
# With `timezone = "UTC"`, or with a timedelta as schedule, there is no gap.
#
# Output seen on 2026-11-29 (Europe/Berlin, 31 October 2027, the longest time between two runs):
#   Celery: 70 min
#   cronsim: 10 min
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check celery==5.7.0 cronsim==2.8 tzdata==2026.1

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

from celery import Celery
from celery.schedules import crontab
from cronsim import CronSim

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2027, 10, 31, 1, 30, tzinfo=BERLIN).astimezone(timezone.utc)


def celery_runs():
    """Ask the schedule every minute, as beat does, for four hours."""
    app = Celery(set_as_current=False)
    app.conf.timezone = "Europe/Berlin"
    schedule = crontab(minute="*/10", app=app, nowfun=lambda: now.astimezone(BERLIN))
    last = now = START
    runs = []
    while now < START + timedelta(hours=4):
        if schedule.is_due(last).is_due:
            runs.append(now)
            last = now
        now += timedelta(minutes=1)
    return runs


def cronsim_runs():
    schedule = CronSim("*/10 * * * *", START.astimezone(BERLIN))
    return [next(schedule).astimezone(timezone.utc) for _ in range(24)]


for name, runs in (("Celery", celery_runs()), ("cronsim", cronsim_runs())):
    longest = max(after - before for before, after in pairwise(runs))
    print(f"{name}: {longest // timedelta(minutes=1)} min")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
Celery: 70 min
cronsim: 10 min
SEEN
