"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[list[str] | None, typer.Option("--data", "-d", metavar="NAME=ANSWER", help="Answer a question.")]
DataFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Read answers from a YAML file.")]
Folder = Annotated[Path, typer.Option("--folder", "-C", metavar="FOLDER", help="The folder of the service.")]
