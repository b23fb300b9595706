#!/usr/bin/env bash
# limits 5.8.0: `FixedWindowRateLimiter.hit` counts the cost of a hit even if it refuses the hit. With 5 per hour, a refused hit of cost 3 uses up
# the remaining 2, so a hit of cost 2 is refused too. `MovingWindowRateLimiter` counts only the hits that it allows.
#
# Output seen on 2026-11-29 (costs 3, 3 and 2):
#   FixedWindowRateLimiter: [True, False, False]
#   MovingWindowRateLimiter: [True, False, True]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check limits==5.8.0

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from limits import parse, strategies
from limits.storage import MemoryStorage

for name in ("FixedWindowRateLimiter", "MovingWindowRateLimiter"):
    limiter, limit = getattr(strategies, name)(MemoryStorage()), parse("5/hour")
    print(f"{name}: {[limiter.hit(limit, 'ada', cost=cost) for cost in (3, 3, 2)]}")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
FixedWindowRateLimiter: [True, False, False]
MovingWindowRateLimiter: [True, False, True]
SEEN
