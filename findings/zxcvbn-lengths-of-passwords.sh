#!/usr/bin/env bash
# zxcvbn 4.5.0: an empty password raises IndexError (a score of 0 in the JavaScript original), and one of more than 72 characters raises
# ValueError unless `max_length` is raised, although NIST SP 800-63B requires at least 64 and sets no upper bound.
# `user_inputs` are compared as a whole: a full name does not lower the score of a password with the surname in it.
#
# Output seen on 2026-11-29:
#   empty: IndexError
#   a passphrase of 84 characters: ValueError
#   the same with max_length=256: 4
#   'lovelace1815' for 'Ada Lovelace': 2, for 'lovelace': 1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check zxcvbn==4.5.0

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from zxcvbn import zxcvbn


def score(password, **options):
    try:
        return zxcvbn(password, **options)["score"]
    except Exception as error:
        return type(error).__name__


passphrase = "rusty otter paints the harbour slowly while eleven kites argue about tomorrow's rain"
print("empty:", score(""))
print(f"a passphrase of {len(passphrase)} characters:", score(passphrase))
print("the same with max_length=256:", score(passphrase, max_length=256))
full, part = score("lovelace1815", user_inputs=["Ada Lovelace"]), score("lovelace1815", user_inputs=["lovelace"])
print(f"'lovelace1815' for 'Ada Lovelace': {full}, for 'lovelace': {part}")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
empty: IndexError
a passphrase of 84 characters: ValueError
the same with max_length=256: 4
'lovelace1815' for 'Ada Lovelace': 2, for 'lovelace': 1
SEEN
