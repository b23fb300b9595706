"""One Python file: its bytes, its text and its tree."""

import ast
import os
import sys
import tokenize
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TypeVar, cast

from .names import bound_by
from .nodes import statements, walk
from .walking import Calls, Context, find_calls

MAX_SIZE = 1_000_000
"""Larger files are generated: parsing one of 5 MB takes seconds and hundreds of megabytes."""

VERSION = ".".join(map(str, sys.version_info[:2]))


Node = TypeVar("Node", bound=ast.AST)


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
        """All nodes of the tree that are code, parents before their children."""
        return list(walk(self.tree))

    def lines_with(self, *words: bytes) -> list[int]:
        """Return the lines with one of some words, in order, counted from 1."""
        data = self.data if b"\r" not in self.data else self.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return sorted({line for word in words for line in _lines_with(data, word)})

    def calls_near(self, *words: bytes) -> Iterator[tuple[ast.Call, Context]]:
        """Yield the calls in all statements with one of some words, each with its context."""
        return find_calls(self.tree, self.lines_with(*words))

    def statements_near(self, *words: bytes) -> Iterator[ast.AST]:
        """Yield the statements with one of some words, and those around them."""
        return statements(self.tree.body, self.lines_with(*words))

    def all(self, kind: type[Node]) -> list[Node]:
        """Return all nodes of a kind."""
        return cast(list[Node], self._by_kind.get(kind, []))

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All functions."""
        return [*self.all(ast.FunctionDef), *self.all(ast.AsyncFunctionDef)]

    @cached_property
    def _by_kind(self) -> dict[type[ast.AST], list[ast.AST]]:
        found: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for node in self.nodes:
            found[node.__class__].append(node)
        return found

    @cached_property
    def imported(self) -> dict[str, str]:
        """The names that imports bind and nothing else in the file, with their full names."""
        other = {node.id for node in self.all(ast.Name) if node.ctx.__class__ is not ast.Load}
        other.update(node.arg for node in self.all(ast.arg))
        other.update(node.name for node in (*self.functions, *self.all(ast.ClassDef)))
        other.update(node.name or "" for node in self.all(ast.ExceptHandler))
        found: dict[str, str] = {}
        for statement in (*self.all(ast.Import), *self.all(ast.ImportFrom)):
            for name, full in bound_by(statement):
                if found.setdefault(name, str(full)) != full:
                    other.add(name)
        return {name: full for name, full in found.items() if name not in other}

    @cached_property
    def calls(self) -> Calls:
        """All calls, with the context of each."""
        return list(find_calls(self.tree))


def _lines_with(data: bytes, word: bytes) -> Iterator[int]:
    line, counted = 1, 0
    position = data.find(word)
    while position >= 0:
        line += data.count(b"\n", counted, position)
        yield line
        counted = position
        position = data.find(word, position + len(word))


def read_source(root: Path, path: str) -> Source:
    """Read a file, without parsing it."""
    try:
        with open(os.path.join(root, path), "rb") as file:  # noqa: PTH118, PTH123, several times faster than a path object
            return Source(path, file.read())
    except OSError as error:
        raise NotRead(error.strerror or str(error)) from None
