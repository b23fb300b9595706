#!/usr/bin/env bash
# tomlkit 0.15.2: `Array.insert(i, item)` puts the item directly above the item at `i`, below the comment lines that belong to that one.
# Then the comment is above the new item. `remove` of an item leaves its comment line above the next one.
# Code that merges lists of dependencies item by item moves comments to the wrong item.
#
# Output seen on 2026-11-29:
#   dependencies = [
#       "a",
#       # b needs its extra
#       "ab",
#       "b[extra]",
#   ]
#   dependencies = [
#       "a",
#       # b needs its extra
#       "c",
#   ]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tomlkit==0.15.2

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
import tomlkit

document = tomlkit.parse('dependencies = [\n    "a",\n    # b needs its extra\n    "b[extra]",\n]\n')
document["dependencies"].insert(1, "ab")
print(tomlkit.dumps(document), end="")
document = tomlkit.parse('dependencies = [\n    "a",\n    # b needs its extra\n    "b[extra]",\n    "c",\n]\n')
document["dependencies"].remove("b[extra]")
print(tomlkit.dumps(document), end="")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
dependencies = [
    "a",
    # b needs its extra
    "ab",
    "b[extra]",
]
dependencies = [
    "a",
    # b needs its extra
    "c",
]
SEEN
