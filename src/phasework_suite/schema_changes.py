"""Compares two versions of a JSON Schema in OpenAPI documents: what breaks a client that knows the old one?

A request may contain all that it could contain before. A response contains nothing that a client has not met before,
except for longer texts, greater numbers, and other choices.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from .openapi import Schema, resolved

Bound = tuple[float, bool]
Seen = frozenset[tuple[int, int]]
SIZES = ("Length", "Items", "Properties")
EXACT = ("pattern", "multipleOf", "uniqueItems")
"""What a value must comply with; two versions of it cannot be compared."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The schemas of requests, or those of responses, in two documents."""

    before: Schema
    after: Schema
    label: str
    """What the schemas are of, for example `request`."""
    in_response: bool = False

    def changes(self, old: Schema, new: Schema, path: str = "", around: Seen = frozenset()) -> list[str]:
        """Return what breaks clients; `path` is the place of the schemas, and `around` are those that contain them."""
        old, new = resolved(old, self.before), resolved(new, self.after)
        # A schema can contain itself.
        pair = (id(old), id(new))
        if pair in around:
            return []
        olds, news = _alternatives(old, self.before), _alternatives(new, self.after)
        around |= {pair}
        if self.in_response:
            found = (self._best(((like, one) for like in olds), path, around, one) for one in news)
        else:
            found = (self._best(((one, like) for like in news), path, around, one) for one in olds)
        return [change for changes in found for change in changes]

    def _best(self, pairs: Iterable[tuple[Schema, Schema]], path: str, around: Seen, one: Schema) -> list[str]:
        """Return the changes between an alternative and the one on the other side that is most like it."""
        place = self._place(path)
        fitting = [pair for pair in pairs if _fits(*(reversed(pair) if self.in_response else pair))]
        if not fitting:
            kind = _kind(one) or "any value"
            return [f"{place} can be {kind} now" if self.in_response else f"{place} can no longer be {kind}"]
        return min(([*self._values(*pair, place), *self._parts(*pair, path, around)] for pair in fitting), key=len)

    def _values(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        """Yield changes of the values themselves."""
        before, after = _choices(old), _choices(new)
        if self.in_response:
            if before and not after:
                yield f"{place} is no longer one of a few choices"
        else:
            yield from (f"{place} can no longer be {choice!r}" for choice in before if after and choice not in after)
            if after and not before:
                yield f"{place} must be one of {', '.join(map(repr, after))} now"
            yield from (f"{place} must have {bound} now" for bound in _narrower(old, new))
        formats = old.get("format"), new.get("format")
        if formats[0] != formats[1] and formats[0 if self.in_response else 1]:
            yield f"{place} has the format {formats[1] or 'of any text'} now, not {formats[0] or 'of any text'}"

    def _parts(self, old: Schema, new: Schema, path: str, around: Seen) -> Iterator[str]:
        """Yield changes of fields and items."""
        before, after = (schema.get("properties", {}) for schema in (old, new))
        inside = f"{path}." if path else ""
        required = set(old.get("required", [])), set(new.get("required", []))
        for name, schema in before.items():
            if name not in after:
                yield f"{self._place(inside + name)} is removed"
            else:
                yield from self.changes(schema, after[name], inside + name, around)
        if self.in_response:
            missing = (name for name in before if name in after and name in required[0] - required[1])
            yield from (f"{self._place(inside + name)} can be missing now" for name in missing)
        else:
            yield from (f"{self._place(inside + name)} is required now" for name in sorted(required[1] - required[0]))
        for key, sign in (("items", "[]"), ("additionalProperties", ".*")):
            if old.get(key) not in (None, False) or new.get(key) not in (None, False):
                yield from self.changes(_schema(old, key), _schema(new, key), f"{path}{sign}", around)
        is_closed = [schema.get("additionalProperties") is False for schema in (old, new)]
        if not self.in_response and is_closed == [False, True]:
            yield f"{self._place(path)} can have no other fields any longer"

    def _place(self, path: str) -> str:
        return f"`{path}` in the {self.label}" if path else f"the {self.label}"


def _schema(schema: Schema, key: str) -> Schema:
    value = schema.get(key)
    return value if isinstance(value, Mapping) else {}


def _alternatives(schema: Schema, document: Schema) -> list[Schema]:
    """Return the schemas of which a value has to comply with one; none of them is a reference."""
    schema = resolved(schema, document)
    if "allOf" in schema:
        parts = [part for each in schema["allOf"] for part in _alternatives(each, document)]
        return [_joined([*parts, {key: value for key, value in schema.items() if key != "allOf"}])]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return [part for each in schema[key] for part in _alternatives(each, document)]
    kinds = schema.get("type")
    return [{**schema, "type": kind} for kind in kinds] if isinstance(kinds, list) else [schema]


def _joined(parts: Iterable[Schema]) -> Schema:
    """Return one schema for values that comply with all of them."""
    joined: dict[str, Any] = {"properties": {}, "required": []}
    for part in parts:
        properties = joined["properties"] | part.get("properties", {})
        required = [*joined["required"], *part.get("required", [])]
        joined = {**joined, **part, "properties": properties, "required": required}
    return joined


def _kind(schema: Schema) -> str:
    """Return the type of a schema, or an empty text if it allows any."""
    return str(schema.get("type") or ("object" if schema.get("properties") else ""))


def _fits(narrow: Schema, wide: Schema) -> bool:
    return _kind(wide) in ("", _kind(narrow)) or (_kind(narrow), _kind(wide)) == ("integer", "number")


def _choices(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", []))


def _narrower(old: Schema, new: Schema) -> Iterator[str]:
    """Yield the bounds that allow less than before, and new patterns."""
    if _lower(new) > _lower(old):
        yield f"{'more than' if _lower(new)[1] else 'at least'} {_lower(new)[0]:g} as its value"
    if _upper(new) < _upper(old):
        yield f"{'at most' if _upper(new)[1] else 'less than'} {_upper(new)[0]:g} as its value"
    for size in SIZES:
        if (least := new.get(f"min{size}", 0)) > old.get(f"min{size}", 0):
            yield f"a min{size} of {least}"
        if (most := new.get(f"max{size}", inf)) < old.get(f"max{size}", inf):
            yield f"a max{size} of {most}"
    for key in EXACT:
        if new.get(key) and new[key] != old.get(key):
            yield f"a {key} of {new[key]}"


def _lower(schema: Schema) -> Bound:
    """Return the least number, and whether the number itself is too small."""
    return max((schema.get("minimum", -inf), False), (schema.get("exclusiveMinimum", -inf), True))


def _upper(schema: Schema) -> Bound:
    """Return the greatest number, and whether the number itself is small enough."""
    return min((schema.get("maximum", inf), True), (schema.get("exclusiveMaximum", inf), False))
