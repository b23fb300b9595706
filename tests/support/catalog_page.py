"""The page about the catalog: `python -m tests.support.catalog_page` prints it, from the files of the modules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from .services import ROOT
from .subsets import CATALOG, DOMAINS, offered_in

FOLDER = ROOT / "template" / "catalog"
METHODS = ("get", "post", "put", "patch", "delete")
GATEWAYS: dict[str, dict[str, Any]] = {
    file.parent.name: yaml.safe_load(file.read_text(encoding="utf-8"))
    for file in sorted((ROOT / "template" / "gateways").glob("*/gateway.yml"))
}
"""The gateway.yml of each external service."""
VARIABLE = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
INTRODUCTION = """# The catalog

What each module does, what it needs, its coverage gate, its routes and its environment variables. `make catalog` writes
this page from the files of the modules.

Every route requires a token, except for those that are called public: they check their sender in another way. The
modules of a domain are offered together. Those in bold are chosen unless you choose others.
"""


class Route(NamedTuple):
    """A route of a module, with the first sentence of its description."""

    method: str
    path: str
    public: bool
    description: str


def read_routes(folder: Path) -> list[Route]:
    """Return the routes in the sources of a catalog folder, sorted by path."""
    sources = sorted(set(folder.glob("*.py")) - set(folder.glob("test_*.py")))
    routes = [route for path in sources for route in routes_in(ast.parse(path.read_text(encoding="utf-8")))]
    return sorted(routes, key=lambda route: (route.path, METHODS.index(route.method.lower())))


def routes_in(module: ast.Module) -> Iterator[Route]:
    """Yield the routes that the functions of a module have."""
    prefixes: dict[str, str] = {}
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=router)], value=ast.Call(keywords=keywords)):
                given = [ast.literal_eval(each.value) for each in keywords if each.arg == "prefix"]
                prefixes[router] = str(given[0]) if given else ""
            case ast.AsyncFunctionDef(decorator_list=decorators):
                for decorator in decorators:
                    match decorator:
                        case ast.Call(
                            func=ast.Attribute(
                                value=ast.Name(id=router) | ast.Attribute(value=ast.Name(id=router)) as owner,
                                attr=method,
                            ),
                            args=[ast.Constant(value=str(path)), *_],
                        ) if method in METHODS:
                            described = (ast.get_docstring(statement) or "").partition("\n")[0]
                            public = isinstance(owner, ast.Attribute)
                            yield Route(method.upper(), prefixes[router] + path, public, described)


def gateways_of(module: dict[str, Any]) -> list[str]:
    """Return the external services that the tasks and the routes of a module call."""
    return sorted({*module["gateways"], *module.get("request_gateways", [])})


def variables_in(file: Path) -> list[str]:
    """Return the environment variables in an `env.example`, if there is one."""
    return VARIABLE.findall(file.read_text(encoding="utf-8")) if file.exists() else []


def code(words: list[str]) -> str:
    """Return words as code, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)


def page() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *domains(), *(line for name in CATALOG for line in section(name)), *services()])


def domains() -> Iterator[str]:
    """Yield the table of the domains."""
    yield from ("| domain | modules |", "|---|---|")
    for domain in DOMAINS:
        names = [
            f"**[{name}](#{name})**" if domain in CATALOG[name]["ticked_in"] else f"[{name}](#{name})"
            for name in offered_in(domain)
        ]
        yield f"| `{domain}` | {', '.join(names)} |"


def section(name: str) -> Iterator[str]:
    """Yield the lines about a module."""
    module = CATALOG[name]
    called = [f"[{GATEWAYS[each]['title']}](#external-services)" for each in gateways_of(module)]
    variables = variables_in(FOLDER / name / "env.example")
    yield from ("", f"## {name}", "", module["summary"], "")
    yield from ("| | |", "|---|---|")
    yield f"| domains | {code(module['domains'])} |"
    yield f"| phase and gate | phase {module['phase']}, at least {module['coverage']} % of it covered |"
    yield f"| needs | {', '.join(filter(None, [code(module['needs']), *called])) or 'nothing else'} |"
    yield f"| background tasks | {'a worker with Redis' if module['worker'] else 'none'} |"
    yield f"| environment variables | {code(variables) or 'none of its own'} |"
    yield from ("", "| route | what it does |", "|---|---|")
    for route in read_routes(FOLDER / name):
        yield f"| `{route.method} {route.path}` | {'Public. ' * route.public}{route.description} |"


def services() -> Iterator[str]:
    """Yield the lines about the external services."""
    yield from ("", "## External services", "")
    yield from ("| service | what you need | used by | environment variables |", "|---|---|---|---|")
    for name, gateway in GATEWAYS.items():
        users = [module for module, described in CATALOG.items() if name in gateways_of(described)]
        variables = variables_in(ROOT / "template" / "gateways" / name / "env.example")
        yield f"| {gateway['title']} | {gateway['requires']} | {code(users)} | {code(variables)} |"


if __name__ == "__main__":
    print(page())
