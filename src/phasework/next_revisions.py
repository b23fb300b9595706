"""Writes the next migrations of a module whose tables change, so that databases keep their rows."""

import ast
import re
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .python_text import fit
from .revisions import find_head, find_reached
from .table_changes import Rows, change_table, check_rows, create_table, inverse, without_scans
from .tables import Table

Tables = Mapping[str, Table]
NO_ROWS = Rows()
IMPORTS = {
    "Decimal": "from decimal import Decimal",
    "UUID": "from uuid import UUID",
    "dt": "import datetime as dt",
    "op": "from alembic import op",
    "sa": "import sqlalchemy as sa",
}
"""The imports of names in values, and of those in every migration."""
TITLE = 100
"""The most characters of a title that says what changes."""
PACKAGES = ("alembic", "sqlalchemy")
REVISION = '''"""{title}."""

{imports}

revision = "{name}"
down_revision = "{previous}"
branch_labels = None
{depends_on}


def upgrade() -> None:
    """{about}."""
{upgrade}

def downgrade() -> None:
    """{undo}."""
{downgrade}'''


class NoHead(Exception):
    """The revisions of a module do not end in one."""


@dataclass(frozen=True, slots=True)
class TableChange:
    """The tables of a module before and after a change, by name, and what happens to the rows of some of them."""

    module: str
    before: Tables
    after: Tables
    rows: Mapping[str, Rows] = field(default_factory=dict)

    def rows_of(self, table: str) -> Rows:
        """Return what happens to the rows of a table."""
        return self.rows.get(table, NO_ROWS)

    def inverse(self) -> "TableChange":
        """Return the change that undoes this one."""
        rows = {name: inverse(entry, self.before[name], self.after[name]) for name, entry in self.rows.items()}
        return TableChange(self.module, self.after, self.before, rows)


@dataclass(frozen=True, slots=True)
class Step:
    """One revision of a change: what it is about, and the lines of its functions."""

    title: str
    about: str
    upgrade: list[str]
    downgrade: list[str]
    kept: str
    """What an empty downgrade keeps."""


def write_revisions(change: TableChange, known: Mapping[str, str], imports: Mapping[str, str]) -> dict[str, str]:
    """Return the sources of the revisions that make a change, by their ids; raise `NoHead`.

    `known` are the sources of all revisions by their ids, and `imports` the statements that may be needed by the names
    that they import.
    """
    written: dict[str, str] = {}
    for step in _steps(change):
        sources = {**known, **written}
        head = find_head(f"{change.module}_0001", sources)
        if head is None:
            raise NoHead(change.module)
        name = _next_name(change.module, sources)
        needed = [] if written else _needed(change, head, known)
        written[name] = _revision(step, name, head, needed, imports)
    return written


def _steps(change: TableChange) -> Iterator[Step]:
    """Yield one revision that changes the tables, and one that reads all rows and locks no table meanwhile."""
    middle = {
        name: without_scans(change.before[name], table, change.rows_of(name)) if name in change.before else table
        for name, table in change.after.items()
    }
    first = replace(change, after=middle)
    if lines := _lines(first, validate=False):
        yield Step(_title(change), "Change the schema", lines, _lines(first.inverse()), "values")
    checks = [
        line
        for name, table in change.after.items()
        if name in change.before
        for line in check_rows(change.before[name], middle[name], table, change.rows_of(name))
    ]
    if checks:
        about = "Build indexes and check rows while the tables are in use"
        undo = _lines(TableChange(change.module, change.after, middle))
        yield Step(
            f"Change {change.module}: build indexes and check rows",
            about,
            checks,
            undo,
            "constraints, which the revision before this one drops",
        )


def _lines(change: TableChange, *, validate: bool = True) -> list[str]:
    lines: list[str] = []
    for name in [*change.after, *(name for name in change.before if name not in change.after)]:
        if name not in change.before:
            lines += create_table(change.after[name])
        elif name not in change.after:
            lines.append(f'op.drop_table("{name}")')
        else:
            lines += change_table(change.before[name], change.after[name], change.rows_of(name), validate=validate)
    return lines


def _title(change: TableChange) -> str:
    parts: list[str] = []
    for name, table in change.after.items():
        old, renamed = change.before.get(name, Table(name)).columns, change.rows_of(name).renamed
        added = [column for column in table.columns if column not in old and column not in renamed.values()]
        removed = [column for column in old if column not in table.columns and column not in renamed]
        parts += [f"add {' and '.join(added)}"] if added else []
        parts += [f"rename {one} to {other}" for one, other in renamed.items()]
        parts += [f"remove {' and '.join(removed)}"] if removed else []
    title = f"Change {change.module}: {', '.join(parts)}"
    return title if parts and len(title) <= TITLE else f"Change the tables of {change.module}"


def _next_name(module: str, known: Iterable[str]) -> str:
    """Return the name of the next revision; its end is random, so that no revision of another author has the same name."""
    numbers = [int(found[1]) for name in known if (found := re.match(rf"{module}_(\d{{4}})(?:_|$)", name))]
    return f"{module}_{max(numbers) + 1:04}_{secrets.choice('abcdef')}{secrets.token_hex(2)[1:]}"


def _needed(change: TableChange, head: str, known: Mapping[str, str]) -> list[str]:
    """Return the revisions that create tables which the module did not refer to before."""
    old, new = (
        {part.target for table in side.values() for part in table.constraints.values()}
        for side in (change.before, change.after)
    )
    found = {name for target in new - old - change.after.keys() if (name := _creator(target, known))}
    implied = {other for name in found for other in find_reached(name, known) - {name}}
    return sorted(found - find_reached(head, known) - implied)


def _creator(table: str, known: Mapping[str, str]) -> str | None:
    pattern = re.compile(rf'op\.create_table\(\s*"{table}"')
    return next((name for name in sorted(known) if pattern.search(known[name])), None)


def _revision(step: Step, name: str, previous: str, needed: list[str], imports: Mapping[str, str]) -> str:
    upgrade, downgrade = (
        "".join(f"{fit(f'    {line}')}\n" for line in lines) for lines in (step.upgrade, step.downgrade)
    )
    names = ", ".join(f'"{revision}"' for revision in needed)
    return REVISION.format(
        title=step.title,
        imports=_imports(upgrade + downgrade, {**imports, **IMPORTS}),
        name=name,
        previous=previous,
        depends_on=fit(f"depends_on = ({names}{',' if len(needed) == 1 else ''})") if needed else "depends_on = None",
        about=step.about,
        upgrade=upgrade,
        undo="Undo the change" if downgrade else f"Keep the {step.kept}",
        downgrade=downgrade,
    )


def _imports(code: str, offered: Mapping[str, str]) -> str:
    """Return the imports of the names in a block of code, sorted as ruff sorts them."""
    names = {node.id for node in ast.walk(ast.parse(f"if True:\n{code}")) if isinstance(node, ast.Name)}
    modules: dict[str, list[str]] = {}
    for name in sorted(names & offered.keys()):
        module, _, imported = offered[name].partition(" import ")
        modules.setdefault(module, []).append(imported)
    sections: dict[int, list[str]] = {}
    for module in sorted(modules, key=lambda text: (text.startswith("from"), text)):
        line = f"{module} import {', '.join(modules[module])}" if modules[module][0] else module
        sections.setdefault(_section(module), []).append(line)
    return "\n\n".join("\n".join(sections[number]) for number in sorted(sections))


def _section(statement: str) -> int:
    top = statement.split()[1].partition(".")[0]
    return 0 if top in sys.stdlib_module_names else 1 if top in PACKAGES else 2
