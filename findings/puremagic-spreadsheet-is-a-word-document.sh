#!/usr/bin/env bash
# puremagic 1.30: `from_string(data, mime=True)` says that a spreadsheet written by openpyxl is a Word document: the first guess for every
# Office file is the same. filetype 1.2.0 distinguishes them. With puremagic's first guess, uploads get the wrong content type.
#
# Output seen on 2026-11-29 (docx and xlsx stand for their full media types):
#   document     puremagic: docx   filetype: docx
#   spreadsheet  puremagic: docx   filetype: xlsx
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    puremagic==1.30 filetype==1.2.0 openpyxl==3.1.5 python-docx==1.2.0

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
import io

import filetype
import puremagic
from docx import Document
from openpyxl import Workbook

SHORT = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
document, spreadsheet = io.BytesIO(), io.BytesIO()
Document().save(document)
Workbook().save(spreadsheet)
for name, stream in (("document", document), ("spreadsheet", spreadsheet)):
    data = stream.getvalue()
    guesses = puremagic.from_string(data, mime=True), filetype.guess(data).mime
    first, second = (SHORT.get(guess, guess) for guess in guesses)
    print(f"{name:12} puremagic: {first}   filetype: {second}")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
document     puremagic: docx   filetype: docx
spreadsheet  puremagic: docx   filetype: xlsx
SEEN
