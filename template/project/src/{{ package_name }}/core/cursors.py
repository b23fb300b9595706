"""The orders of lists, and their cursors: the values that sort the last row of a page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import GenericAlias
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from pydantic_core import to_json
from sqlalchemy import ColumnElement, and_, literal, or_, tuple_
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.types import TypeDecorator

from .errors import Unprocessable
from .schemas import Integer, Moment, TextCharacters

Order = Sequence[QueryableAttribute[Any] | ColumnElement[Any]]
"""The order of a list: ascending expressions, then columns, the last one unique."""

# Databases refuse some values of these types.
_STORABLE: dict[type, Any] = {
    datetime: Moment,
    Decimal: Annotated[Decimal, Field(max_digits=28)],
    int: Integer,
    str: Annotated[str, TextCharacters],
}


def cursor_of(values: Sequence[Any]) -> str:
    """Return the cursor of the page after a row with these values."""
    return urlsafe_b64encode(to_json(list(values))).decode()


@dataclass(frozen=True, slots=True)
class Keyset:
    """An order, and for each of its columns whether it descends. Null counts as the greatest value, as in PostgreSQL."""

    order: Order
    descending: Sequence[bool] = ()
    name: str | None = None
    """What the request asked for; a cursor of another order is refused."""

    @classmethod
    def parse(cls, sort: str, columns: Any) -> "Keyset":
        """Return the order that `sort` describes, such as `-due,title`.

        `columns` is the model. Rows that are equal follow in the order of its lists, which descends if the last column does.
        """
        names = sort.split(",")
        last = names[-1].startswith("-")
        directions = {name.removeprefix("-"): name.startswith("-") for name in names}
        for name in columns.list_order:
            directions.setdefault(name, last)
        return cls([getattr(columns, name) for name in directions], [*directions.values()], sort)

    def order_by(self) -> Iterator[ColumnElement[Any]]:
        """Yield the columns as `ORDER BY` needs them."""
        for column, descends in self._keys():
            ordered = column.desc() if descends else column.asc()
            yield (ordered.nulls_first() if descends else ordered.nulls_last()) if _is_nullable(column) else ordered

    def cursor(self, row: Sequence[Any]) -> str:
        """Return the cursor of the page after `row`: a record, and the values of the expressions in the order."""
        record, *computed = row
        names = [column.key for column in self.order if isinstance(column, QueryableAttribute)]
        values = [*computed, *(getattr(record, name) for name in names)]
        return cursor_of(values if self.name is None else [self.name, *values])

    def after(self, cursor: str) -> ColumnElement[bool]:
        """Return the condition for the rows after `cursor`; raise `Unprocessable` if it is not a cursor of this list."""
        keys = [*zip(self._keys(), self._read(cursor), strict=True)]
        if not any(self.descending) and not any(map(_is_nullable, self.order)):
            return tuple_(*self.order) > _row(self.order, keys)
        if all(self.descending) and not any(map(_is_nullable, self.order)):
            return tuple_(*self.order) < _row(self.order, keys)
        beyond: list[ColumnElement[bool]] = []
        equal: list[ColumnElement[bool]] = []
        for (column, descends), value in keys:
            beyond.extend(and_(*equal, found) for found in _beyond(column, value, descends))
            equal.append(column.is_(None) if value is None else column == value)
        return and_(or_(*beyond), *_start(*keys[0]))

    def _keys(self) -> Iterator[tuple[Any, bool]]:
        yield from zip(self.order, self.descending or [False] * len(self.order), strict=True)

    def _read(self, cursor: str) -> Sequence[Any]:
        types = [_type_of(column) for column in self.order]
        prefix = [] if self.name is None else [Literal[self.name]]
        row: Any = GenericAlias(tuple, (*prefix, *types))
        try:
            values: Sequence[Any] = TypeAdapter(row).validate_json(urlsafe_b64decode(cursor))
        except ValueError as error:
            raise Unprocessable("cursor: use `next` of a page of this list.", "cursor") from error
        return values[len(prefix) :]


def _is_nullable(column: Any) -> bool:
    return bool(getattr(column, "nullable", False))


def _type_of(column: Any) -> Any:
    stored = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    kind = _STORABLE.get(stored.python_type, stored.python_type)
    return kind | None if _is_nullable(column) else kind


def _row(order: Order, keys: Sequence[tuple[Any, Any]]) -> ColumnElement[Any]:
    # An index finds the first row only if whole rows are compared.
    return tuple_(*(literal(value, column.type) for column, (_, value) in zip(order, keys, strict=True)))


def _beyond(column: Any, value: Any, descends: bool) -> Iterator[ColumnElement[bool]]:
    # The rows whose value comes later in the order.
    if value is None:
        if descends:
            yield column.is_not(None)
    elif descends:
        yield column < value
    else:
        yield or_(column > value, column.is_(None)) if _is_nullable(column) else column > value


def _start(key: tuple[Any, bool], value: Any) -> Iterator[ColumnElement[bool]]:
    # Implied, but an index finds the first row with it.
    column, descends = key
    if value is None:
        return
    if descends:
        yield column <= value
    elif not _is_nullable(column):
        yield column >= value
