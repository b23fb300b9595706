#!/usr/bin/env bash
# ConfigUpdater 4.1.1 in its strict mode, the default: it accepts two options that differ only in case. Both have the key in lower
# case, and reading or writing by that key uses only the first one. configparser (CPython), whose strict mode it follows,
# raises DuplicateOptionError for the same text; iniconfig, which pytest uses, keeps both options apart.
#
# Output seen on 2026-11-29:
#   keys: ['markers', 'markers']
#   by key: first
#   configparser: DuplicateOptionError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check configupdater==4.1.1

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
import configparser

from configupdater import ConfigUpdater

TEXT = "[pytest]\nMarkers = first\nmarkers = second\n"
updater = ConfigUpdater()
updater.read_string(TEXT)
print("keys:", [option.key for option in updater["pytest"].option_blocks()])
print("by key:", updater["pytest"]["markers"].value)
try:
    configparser.ConfigParser().read_string(TEXT)
except configparser.Error as error:
    print("configparser:", type(error).__name__)
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
keys: ['markers', 'markers']
by key: first
configparser: DuplicateOptionError
SEEN
