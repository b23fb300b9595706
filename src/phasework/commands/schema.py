"""`phasework schema`: print a JSON Schema of the answers for editors."""

import json
from typing import Annotated, Literal

import typer

from ..json_schema import answers_schema, own_modules_schema
from ..rules import load_rules

SCHEMAS = {"answers": answers_schema, "own_modules": own_modules_schema}


def schema(
    name: Annotated[
        Literal["answers", "own_modules"],
        typer.Argument(help="A file for `phasework new --data-file`, or one for `phasework add --from`."),
    ] = "answers",
) -> None:
    """Print the JSON Schema of a file with answers, or with own modules, with which editors complete and check it."""
    print(json.dumps(SCHEMAS[name](load_rules()), indent=2, ensure_ascii=False))
