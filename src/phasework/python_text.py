"""Writes Python expressions as ruff formats them."""

import ast
import json

WIDTH = 120
SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def to_text(node: ast.expr) -> str:
    """Return an expression on one line, with text in double quotes where that needs no backslash."""
    match node:
        case ast.Call():
            options = [f"{option.arg}={to_text(option.value)}" for option in node.keywords]
            return f"{to_text(node.func)}({', '.join([*map(to_text, node.args), *options])})"
        case ast.Attribute():
            return f"{to_text(node.value)}.{node.attr}"
        case ast.List():
            return f"[{', '.join(map(to_text, node.elts))}]"
        case ast.Compare(ops=[sign], comparators=[right]) if type(sign) in SIGNS:
            return f"{to_text(node.left)} {SIGNS[type(sign)]} {to_text(right)}"
        case ast.Constant(value=str() as text):
            return quote(text)
    return ast.unparse(node)


def quote(text: str) -> str:
    """Return a text as a Python literal."""
    return repr(text) if '"' in text and "'" not in text else json.dumps(text, ensure_ascii=False)


def fit(line: str) -> str:
    """Return a line of code, or several if it is too long: a call has one argument per line then."""
    code = line.lstrip()
    indent = line[: -len(code)]
    if len(line) <= WIDTH or code.endswith(":") or code.startswith("#"):
        return line
    [statement] = ast.parse(code).body
    if isinstance(statement, ast.Assign):
        return indent + _split(statement.value, indent, f"{ast.unparse(statement.targets[0])} = ")
    return indent + _split(statement.value, indent) if isinstance(statement, ast.Expr) else line


def _split(node: ast.expr, indent: str, prefix: str = "") -> str:
    text = to_text(node)
    inner = f"{indent}    "
    # A comma follows.
    match node:
        case _ if len(indent + prefix + text) < WIDTH:
            return prefix + text
        case ast.Call():
            items = [_split(item, inner) for item in node.args]
            items += [_split(option.value, inner, f"{option.arg}=") for option in node.keywords]
            head, tail = f"{to_text(node.func)}(", ")"
        case ast.List() | ast.Tuple():
            items = [_split(item, inner) for item in node.elts]
            head, tail = "[]" if isinstance(node, ast.List) else "()"
        case _:
            return prefix + text
    lines = "".join(f"{inner}{item},\n" for item in items)
    return f"{prefix}{head}\n{lines}{indent}{tail}"
