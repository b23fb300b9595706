"""One Python file: its bytes, its text and its tree."""

import ast
import sys
import tokenize
import warnings
from functools import cached_property
from io import BytesIO
from pathlib import Path

MAX_SIZE = 1_000_000
"""Larger files are generated: parsing one of 5 MB takes seconds and hundreds of megabytes."""

VERSION = ".".join(map(str, sys.version_info[:2]))


class NotRead(Exception):
    """A file was not read; the message says why."""


class Source:
    """A Python file, which is parsed when its tree is first used."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        """Relative to the root of the project, with forward slashes."""
        self.data = data

    @cached_property
    def text(self) -> str:
        """The decoded file, with line feeds only."""
        try:
            encoding, _ = tokenize.detect_encoding(BytesIO(self.data).readline)
            text = self.data.decode(encoding)
        except (SyntaxError, UnicodeDecodeError, LookupError) as error:
            raise NotRead(f"its encoding is unknown ({error})") from None
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        if len(self.data) > MAX_SIZE:
            raise NotRead(f"it is larger than {MAX_SIZE:,} bytes")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about escapes such as "\d", which the owner sees elsewhere
                return ast.parse(self.data)
        except SyntaxError as error:
            line = f"line {error.lineno}: " if error.lineno else ""
            raise NotRead(f"{line}{error.msg} (read as Python {VERSION})") from None
        except ValueError as error:
            raise NotRead(str(error)) from None
        except (RecursionError, MemoryError):
            raise NotRead("it is nested too deeply") from None

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree, parents before their children."""
        return list(ast.walk(self.tree))


def read_source(root: Path, path: str) -> Source:
    """Read a file, without parsing it."""
    try:
        return Source(path, (root / path).read_bytes())
    except OSError as error:
        raise NotRead(error.strerror or str(error)) from None
