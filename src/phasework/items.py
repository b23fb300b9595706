"""Splits files with one item per line into items with names, so that an update can merge them one by one."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from configparser import Error as IniError
from configparser import RawConfigParser
from dataclasses import dataclass, field

REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^]]*\])?\s*([<>=!~;@(].*)?")
"""A dependency: its distribution comes first (https://packaging.python.org/en/latest/specifications/dependency-specifiers/)."""
DEPENDENCIES = re.compile(r"dependencies|\[dependency-groups\].*|\[project\.optional-dependencies\].*")
VARIABLE = re.compile(r"#? ?(?:export )?([A-Za-z_]\w*)=")
REPEATABLE = ("--cov", "--deselect", "--ignore", "--ignore-glob", "-W", "-p")
"""The options of pytest that may be given more than once."""


class Unreadable(ValueError):
    """A text is not in the form that its name promises."""


@dataclass(slots=True)
class Item:
    """A named part of a file: a section, an option, an element of a list, a statement."""

    name: str
    above: str = ""
    """The comments and empty lines above it."""
    head: str = ""
    """Its own lines, or those before its first child."""
    children: list["Item"] = field(default_factory=list)
    end: str = ""
    """The lines after its last child."""

    def __str__(self) -> str:
        return "".join([self.above, self.head, *map(str, self.children), self.end])


def split_ini(text: str) -> Item:
    """Return the sections of an .ini file, with their options and the lines of their values."""
    try:
        # It also refuses an option that is there twice, as pytest does.
        RawConfigParser().read_string(text)
    except IniError as error:
        raise Unreadable(str(error)) from error
    root = section = option = Item("")
    above = ""
    for line in text.splitlines(keepends=True):
        if is_comment(line, "#;"):
            above += line
            continue
        if line[0].isspace():
            if not option.name:
                raise Unreadable(line)
            option.children.append(Item(_name_in_option(line.strip()), above, line))
        elif line.startswith("["):
            section, option = Item(line.strip(), above, line), Item("")
            root.children.append(section)
        else:
            option = Item(re.split("[=:]", line, maxsplit=1)[0].strip(), above, line)
            section.children.append(option)
        above = ""
    root.end = above
    return root


def _name_in_option(line: str) -> str:
    if found := re.match(r"([\w.-]+):(?:\s|$)", line):
        return found[1]
    name = re.split(r"[=\s]", line, maxsplit=1)[0]
    return name if name.startswith("-") and name not in REPEATABLE else line


def split_toml(text: str) -> Item:
    """Return the tables of a TOML file, with their keys and the elements of their lists."""
    if not _is_toml(text):
        raise Unreadable(text)
    root = table = Item("")
    above = ""
    lines = iter(text.splitlines(keepends=True))
    for line in lines:
        if is_comment(line, "#"):
            above += line
            continue
        if line.lstrip().startswith("["):
            table = Item(line.strip(), above, line)
            root.children.append(table)
        else:
            key = _key(line, lines, above, table.name)
            if table.name.startswith("[[") and not table.children:
                # Tables of an array have the same header; their first key tells them apart.
                table.name += key.head.strip()
            table.children.append(key)
        above = ""
    root.end = above
    return root


def _key(line: str, lines: Iterator[str], above: str, table: str) -> Item:
    rows = [line]
    while not _is_toml("".join(rows)):
        row = next(lines, None)
        if row is None:
            raise Unreadable(line)
        rows.append(row)
    name = line.split("=")[0].strip()
    whole = Item(name, above, "".join(rows))
    if len(rows) < 3 or not line.split("#")[0].rstrip().endswith("[") or not rows[-1].lstrip().startswith("]"):
        return whole
    array, remarks = Item(name, above, line, end=rows[-1]), ""
    has_requirements = DEPENDENCIES.fullmatch(name if table == "[project]" else f"{table}{name}")
    for row in rows[1:-1]:
        if is_comment(row, "#"):
            remarks += row
        elif _is_toml(f"x = [\n{row}]"):
            array.children.append(Item(_name_in_array(row, bool(has_requirements)), remarks, _with_comma(row)))
            remarks = ""
        else:
            return whole
    array.end = remarks + array.end
    return array


def _name_in_array(row: str, is_requirement: bool) -> str:
    [element] = tomllib.loads(f"x = [\n{row}]")["x"] or [row]
    found = REQUIREMENT.fullmatch(element) if is_requirement and isinstance(element, str) else None
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else str(element)


def _with_comma(row: str) -> str:
    # Another element may follow.
    if _is_toml(f"x = [\n{row}0]"):
        return row
    values = (row[: found.start()].rstrip() for found in re.finditer(r"#|$", row))
    value = next(value for value in values if _is_toml(f"x = [{value}]"))
    return f"{value},{row[len(value) :]}"


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def split_variables(text: str) -> Item:
    """Return the variables of a file such as .env.example; one behind a `#` is a variable too."""
    return _split_lines(text, lambda line: found[1] if (found := VARIABLE.match(line)) else "")


def split_patterns(text: str) -> Item:
    """Return the patterns of a file such as .gitignore."""
    return _split_lines(text, lambda line: "" if is_comment(line, "#") else line.strip())


def _split_lines(text: str, name_of: Callable[[str], str]) -> Item:
    root, above = Item(""), ""
    for line in text.splitlines(keepends=True):
        if name := name_of(line):
            root.children.append(Item(name, above, line))
            above = ""
        else:
            above += line
    root.end = above
    return root


def split_python(text: str) -> Item:
    """Return the statements of a Python file, with the elements of lists and the names of imports."""
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        raise Unreadable(str(error)) from error
    lines = text.splitlines(keepends=True)
    return _split_nodes(Item(""), body, lines, 0, len(lines))


def _split_nodes(
    parent: Item, nodes: Iterable[ast.stmt | ast.expr | ast.alias], lines: list[str], start: int, end: int
) -> Item:
    for node in nodes:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 1
        if first < start:
            raise Unreadable("two on one line")
        above, last = "".join(lines[start:first]), node.end_lineno or end
        parent.children.append(_statement(node, above, lines, first, last))
        start = last
    parent.end = "".join(lines[start:end])
    return parent


def _statement(node: ast.stmt | ast.expr | ast.alias, above: str, lines: list[str], first: int, last: int) -> Item:
    whole = Item(_name_of_node(node), above, "".join(lines[first:last]))
    children = _elements(node)
    if not children or children[0].lineno <= first + 1 or children[-1].end_lineno == last:
        return whole
    try:
        return _split_nodes(Item(whole.name, above, lines[first]), children, lines, first + 1, last)
    except Unreadable:
        return whole


def _elements(node: ast.AST) -> Sequence[ast.expr | ast.alias]:
    if isinstance(node, ast.ImportFrom):
        return node.names
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    return value.elts if isinstance(value, ast.List | ast.Tuple | ast.Set) else []


def _name_of_node(node: ast.AST) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.ImportFrom(module=module, level=level):
            return f"from {'.' * level}{module or ''}"
        case ast.Expr(value=ast.Constant(value=str())):
            return "docstring"
    return ast.unparse(node)


def is_comment(line: str, signs: str) -> bool:
    """Return whether a line is empty, or a comment that begins with one of `signs`."""
    return not line.strip() or line.lstrip()[0] in signs
