#!/usr/bin/env bash
# ConfigUpdater 4.1.1: `Option.append` rewrites the whole option instead of adding one line. The indentation becomes four
# spaces, CRLF becomes LF (in this option alone, so the file ends up with both), and an empty line inside the value becomes four spaces.
# A merge that adds one line therefore changes every line of the option.
#
# Output seen on 2026-11-29:
#   '[s]\r\na =\n    1\n    \n    2\n    3\nb = 4\r\n'
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check configupdater==4.1.1

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from configupdater import ConfigUpdater

updater = ConfigUpdater()
updater.read_string("[s]\r\na =\r\n  1\r\n\r\n  2\r\nb = 4\r\n")
updater["s"]["a"].append("3")
print(repr(str(updater)))
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
'[s]\r\na =\n    1\n    \n    2\n    3\nb = 4\r\n'
SEEN
