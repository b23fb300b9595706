"""Rules that compare two fields of a record: a service checks them, and the database has a constraint for each."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, Table

from .errors import Unprocessable


class Operator(NamedTuple):
    """An operator of a rule: its function, its name in constraints, and its words in messages."""

    compare: Callable[[Any, Any], Any]
    name: str
    words: str


OPERATORS = {
    ">": Operator(operator.gt, "gt", "greater than"),
    ">=": Operator(operator.ge, "ge", "at least"),
    "<": Operator(operator.lt, "lt", "less than"),
    "<=": Operator(operator.le, "le", "at most"),
    "!=": Operator(operator.ne, "ne", "different from"),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A rule such as `ends > starts`; it holds where one of the fields is null."""

    left: str
    operator: Operator
    right: str

    @classmethod
    def parse(cls, rule: str) -> "Comparison":
        """Return the comparison that `rule` describes."""
        left, sign, right = rule.split()
        return cls(left, OPERATORS[sign], right)

    def constrain(self, table: Table) -> None:
        """Add the CHECK constraint to the table."""
        condition = self.operator.compare(table.c[self.left], table.c[self.right])
        table.append_constraint(CheckConstraint(condition, name=f"{self.left}_{self.operator.name}_{self.right}"))

    def check(self, record: object) -> None:
        """Raise `Unprocessable` if the record violates the rule."""
        values = getattr(record, self.left), getattr(record, self.right)
        if None not in values and not self.operator.compare(*values):
            raise Unprocessable(f"{self.left} must be {self.operator.words} {self.right}.", self.left, self.right)
