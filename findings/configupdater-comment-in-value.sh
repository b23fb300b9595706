#!/usr/bin/env bash
# ConfigUpdater 4.1.1: `Option.value` counts a comment inside a multi-line value as one of its lines.
# configparser (CPython) and iniconfig 2.3.0, which pytest reads pytest.ini with, leave the comment out.
# Code that compares or merges values by `.value` treats the comment as an item.
#
# Output seen on 2026-11-29:
#   ConfigUpdater: ['error', '# one exception', 'ignore::DeprecationWarning']
#   configparser:  ['error', 'ignore::DeprecationWarning']
#   iniconfig:     ['error', 'ignore::DeprecationWarning']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check configupdater==4.1.1 iniconfig==2.3.0

cat >"$folder/pytest.ini" <<'INI'
[pytest]
filterwarnings =
    error
    # one exception
    ignore::DeprecationWarning
INI
"$folder/venv/bin/python" - "$folder/pytest.ini" >"$folder/seen" <<'PYTHON'
import configparser
import sys

from configupdater import ConfigUpdater
from iniconfig import IniConfig

file = sys.argv[1]
updater = ConfigUpdater()
updater.read(file)
parser = configparser.ConfigParser()
parser.read(file)
print("ConfigUpdater:", updater["pytest"]["filterwarnings"].value.split("\n")[1:])
print("configparser: ", parser["pytest"]["filterwarnings"].split("\n")[1:])
print("iniconfig:    ", IniConfig(file)["pytest"]["filterwarnings"].split("\n"))
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
ConfigUpdater: ['error', '# one exception', 'ignore::DeprecationWarning']
configparser:  ['error', 'ignore::DeprecationWarning']
iniconfig:     ['error', 'ignore::DeprecationWarning']
SEEN
