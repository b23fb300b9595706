"""Cursors of lists: the values that sort the last row of a page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from types import GenericAlias
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json
from sqlalchemy import ColumnElement, literal, tuple_
from sqlalchemy.orm import QueryableAttribute

from .errors import Unprocessable
from .schemas import Integer, Moment

Order = Sequence[QueryableAttribute[Any] | ColumnElement[Any]]
"""The order of a list: ascending expressions, then columns, the last one unique."""

# Databases refuse some values of these types.
_STORABLE = {datetime: Moment, int: Integer}


def cursor_of(values: Sequence[Any]) -> str:
    """Return the cursor of the page after a row with these values."""
    return urlsafe_b64encode(to_json(list(values))).decode()


def after(cursor: str, order: Order) -> ColumnElement[bool]:
    """Return the condition for the rows after `cursor`; raise `Unprocessable` if it is not a cursor of this list."""
    columns = [column.type for column in order]
    row: Any = GenericAlias(tuple, tuple(_STORABLE.get(each.python_type, each.python_type) for each in columns))
    try:
        values = TypeAdapter(row).validate_json(urlsafe_b64decode(cursor))
    except ValueError as error:
        raise Unprocessable("cursor: use `next` of a page of this list.", "cursor") from error
    # An index finds the first row only if whole rows are compared.
    return tuple_(*order) > tuple_(*(literal(value, each) for value, each in zip(values, columns, strict=True)))
