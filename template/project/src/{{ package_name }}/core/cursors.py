"""Cursors of lists: the values that sort the last row of a page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json
from sqlalchemy import ColumnElement, literal, tuple_
from sqlalchemy.orm import QueryableAttribute

from .errors import Unprocessable
from .schemas import Integer, Moment

Order = Sequence[QueryableAttribute[Any] | ColumnElement[Any]]
"""The order of a list: ascending columns and expressions, the last one unique."""

# Databases refuse some values of these types.
_STORABLE = {datetime: Moment, int: Integer}


def cursor_of(values: Sequence[Any]) -> str:
    """Return the cursor of the page after a row with these values."""
    return urlsafe_b64encode(to_json(list(values))).decode()


def after(cursor: str, order: Order) -> ColumnElement[bool]:
    """Return the condition for the rows after `cursor`; raise `Unprocessable` if it is not a cursor of this list."""
    try:
        values = TypeAdapter(list[Any]).validate_json(urlsafe_b64decode(cursor))
        typed = [_literal(column.type, value) for column, value in zip(order, values, strict=True)]
    except ValueError as error:
        raise Unprocessable("cursor: use `next` of a page of this list.", "cursor") from error
    # An index finds the first row only if whole rows are compared.
    return tuple_(*order) > tuple_(*typed)


def _literal(kind: Any, value: Any) -> ColumnElement[Any]:
    accepted = _STORABLE.get(kind.python_type, kind.python_type)
    return literal(TypeAdapter(accepted).validate_python(value), kind)
