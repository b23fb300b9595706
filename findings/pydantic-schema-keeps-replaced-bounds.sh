#!/usr/bin/env bash
# pydantic 2.14.4: bounds that are added to an annotated number with a BeforeValidator are validated, but the JSON Schema keeps the old ones
# and writes the new ones as `ge` and `le`, which are no keywords of JSON Schema. So OpenAPI documents allow what requests may not contain.
# Without the validator, or with lengths of a text, the schema is right.
#
# Output seen on 2026-11-30:
#   number                -> maximum=99, minimum=0
#   number with validator -> ge=0, le=99, maximum=1000, minimum=-10
#   text with validator   -> maxLength=20
#   100 is refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.4

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from typing import Annotated

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

Number = Annotated[int, Field(ge=-10, le=1000)]
Checked = Annotated[Number, BeforeValidator(lambda value: value)]
Text = Annotated[str, Field(max_length=200), BeforeValidator(lambda value: value)]
NARROWER = {
    "number": Annotated[Number, Field(ge=0, le=99)],
    "number with validator": Annotated[Checked, Field(ge=0, le=99)],
    "text with validator": Annotated[Text, Field(max_length=20)],
}
for name, annotation in NARROWER.items():
    schema = sorted(TypeAdapter(annotation).json_schema().items())
    print(f"{name:21} ->", ", ".join(f"{key}={value}" for key, value in schema if key != "type"))
try:
    TypeAdapter(NARROWER["number with validator"]).validate_python(100)
except ValidationError:
    print("100 is refused")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
number                -> maximum=99, minimum=0
number with validator -> ge=0, le=99, maximum=1000, minimum=-10
text with validator   -> maxLength=20
100 is refused
SEEN
