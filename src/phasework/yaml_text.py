"""Reads YAML that people wrote, and says where it is wrong and what to write instead."""

import re
from typing import Any

import yaml

# PyYAML also raises these: for February 30, for a thousand nested brackets, for a tag that does not fit its value.
YAML_ERRORS = (ValueError, LookupError, AttributeError, RecursionError, yaml.YAMLError)
QUOTES = "put the text in quotes"
ADVICE: tuple[tuple[str, str], ...] = (
    (r"character '\\t'", "indent with spaces, not with a tab"),
    (r"found '<stream end>'", "close the bracket or brace before it"),
    (r"unknown escape", "use single quotes, in which a backslash is plain text"),
    (r"got ':'", "put a text with a colon in quotes"),
    (r"a comment or a line break", f"write a reference as -> MODULE, or {QUOTES}"),
    (r"character '|undefined alias|expected alphabetic|node content|indicators", QUOTES),
    (r"unexpected end of stream", "close the quote that opens here"),
    (r"got '\?'|mapping keys", 'put all of it in quotes, as in "[short, long]?"'),
    (r"expected ',' or '\]'", "close the bracket that opens here, as in [short, long]"),
    (r"expected ',' or '}'", "close the brace that opens here, as in {phase: 2, coverage: 80}"),
    (r"expected ':'", "write NAME: VALUE, with a colon and a space"),
    (r"found '<block mapping start>'", "indent this line like the lines that it belongs to"),
    (r"found '[]}]'", "leave out this bracket, which nothing opens"),
    (r"found '<scalar>'", "put all of the text in quotes"),
    (r"found '[-?]'|sequence entries", "write either a list or names with values here, not both"),
    (r"constructor for the tag", "leave out the tag"),
    (r"unhashable key", "use text for a name"),
    (r"another document", "leave out this line: one document is enough"),
)
"""What to write instead, by a pattern in PyYAML's reason."""


class InvalidYaml(Exception):
    """A text is not YAML; the message says where, and what to write instead."""


class Loader(yaml.SafeLoader):
    """Refuses a name that is in a mapping twice, of which PyYAML would keep the last one."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError) as error:
            problem = f"{node.value} cannot be read ({error}); put a text in quotes"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping."""
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name = (key.tag, key.value)
            if name in lines:
                problem = f"{key.value} is already in line {lines[name]}; use each name once"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            lines[name] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


def construct_number(loader: Loader, node: yaml.ScalarNode) -> int | float:
    """Return a number; refuse one that has another value than it seems to have: 010 would be 8, and 1:30 would be 90."""
    is_int = node.tag.endswith(":int")
    number: int | float = loader.construct_yaml_int(node) if is_int else loader.construct_yaml_float(node)
    if re.search(r":|_|^[-+]?0[0-9bx]" if is_int else r":|_", node.value):
        problem = f"YAML reads {node.value} as the number {number}; write {number}, or {QUOTES}"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return number


for kind in ("int", "float"):
    Loader.add_constructor(f"tag:yaml.org,2002:{kind}", construct_number)


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML text; raise `InvalidYaml` if there is none."""
    try:
        # A subclass of SafeLoader, which makes no objects.
        return yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        raise InvalidYaml(explain(error, text.splitlines())) from error
    except YAML_ERRORS as error:
        raise InvalidYaml(f"this is not YAML: {str(error).splitlines()[0]}") from error


def explain(error: yaml.MarkedYAMLError, lines: list[str]) -> str:
    """Return where a text is wrong and what to write instead."""
    for number, text in enumerate(lines, 1):
        if text.startswith("<<<<<<< "):
            return f"line {number}: resolve git's conflict"
    reason = str(error.problem)
    mark, begin = error.problem_mark, error.context_mark
    if begin and mark and begin.line != mark.line:
        reason = reason.partition(", but got")[0]
    # An unclosed bracket or quote is found at the end of the text, but the user needs its beginning.
    if re.search("expected ',' or|end of stream|expected ':'", reason) and not re.search("got '[?:]'", reason):
        mark = begin or mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return f"line {line}, column {column}: {advise(reason, lines[line - 1] if line <= len(lines) else '')}"


def advise(reason: str, line: str) -> str:
    """Return what to write instead of a line, else PyYAML's reason."""
    if re.search(r"\]\s*=", line):
        return 'put all of it in quotes, as in "[short, long] = short"'
    if "mapping values" in reason:
        if re.search(":\\s.*:\\s", line):
            return "put a text with a colon in quotes, or begin a new line after the first colon"
        return "indent this line like the one above, or end that one with a colon"
    return next((advice for pattern, advice in ADVICE if re.search(pattern, reason)), reason)
