"""Read the operations of an OpenAPI document, with minimal sample requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

METHODS = ("get", "put", "post", "delete", "patch")
# The id of no record. It sorts last, so that sorted queries find real records first.
SOME_ID = "ffffffff-ffff-4fff-bfff-ffffffffffff"
FORMATS = {
    "date": "2030-01-15",
    "date-time": "2030-01-15T12:00:00Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "time": "12:00:00Z",
    "time-local": "12:00:00",
    "uri": "https://example.com/",
    "uuid": SOME_ID,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path; query, headers and body contain only values that a request needs."""

    method: str
    path: str
    path_parameters: Mapping[str, Any]
    """Sample values of the path parameters."""
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    """Required headers, and those with an example."""
    body: Any
    fields: tuple[str, ...]
    """All fields of the body."""
    references: tuple[str, ...]
    """The fields of the body that may refer to records, required or not: a UUID `parcel_id`, or a list `parcel_ids`."""
    lists: bool
    """Whether the response is a list or a page."""
    public: bool
    """Whether it is declared to need no token, with an empty list of security requirements."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, **values: Any) -> str:
        """Return the path with `values` for its parameters; the others get their sample values."""
        return self.path.format_map({**self.path_parameters, **values})


def find_operations(document: Schema) -> list[Operation]:
    """Return the operations of an OpenAPI document in order."""
    return [
        _read(document, method, path, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def find_item_parameter(operation: Operation, operations: list[Operation]) -> str | None:
    """Return the parameter for an item of a list, or None.

    It is `parcel_id` for /parcels, /parcels/overdue and /orders/{order_id}/parcels.
    """
    items = {path: name for path, _, name in (other.path.rpartition("/") for other in operations) if "_id}" in name}
    path = operation.path
    nested = path[path.rindex("/") :]
    path = nested if nested in items else path
    while path and path not in items:
        path = path.rpartition("/")[0]
    return items[path].strip("{}") if path else None


def sample(schema: Schema, document: Schema) -> Any:
    """Return a minimal value for a schema: its example, its default, or the required values of its type.

    Patterns are not supported: give such a field an example, as in `Field(pattern=..., examples=[...])`.
    """
    for given in ("examples", "enum"):
        if given in schema:
            return schema[given][0]
    for given in ("default", "const"):
        if given in schema:
            return schema[given]
    if "$ref" in schema:
        return sample(resolved(schema, document), document)
    if "allOf" in schema:
        parts = [sample(part, document) for part in schema["allOf"]]
        return parts[0] if len(parts) == 1 else {name: value for part in parts for name, value in part.items()}
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in schema:
            return sample(schema[alternatives][0], document)
    return _SAMPLES[schema.get("type", "object")](schema, document)


def _read(document: Schema, method: str, path: str, operation: Schema) -> Operation:
    parameters = [parameter for parameter in operation.get("parameters", []) if _is_needed(parameter)]
    values: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for parameter in parameters:
        values.setdefault(parameter["in"], {})[parameter["name"]] = sample(parameter["schema"], document)
    body = _content(operation.get("requestBody", {}))
    response = _content(operation["responses"].get("200", {}))
    return Operation(
        method=method.upper(),
        path=path,
        path_parameters=values["path"],
        query=values["query"],
        headers=values["header"],
        body=None if body is None else sample(body, document),
        fields=() if body is None else tuple(resolved(body, document).get("properties", {})),
        references=() if body is None else _references(body, document),
        lists=response is not None and _is_list(response, document),
        public=operation.get("security") == [],
    )


def _is_needed(parameter: Schema) -> bool:
    # A header that is documented as optional, but is missed with a status of its own, such as If-Match.
    return parameter.get("required", False) or (parameter["in"] == "header" and "examples" in parameter["schema"])


def _content(message: Schema) -> Schema | None:
    schema: Schema | None = message.get("content", {}).get("application/json", {}).get("schema")
    return schema


def resolved(part: Schema, document: Schema) -> Schema:
    """Return the part of a document that a reference, such as `#/components/schemas/Parcel`, names; else the part itself."""
    if "$ref" not in part:
        return part
    found = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return resolved(found, document)


def _is_list(schema: Schema, document: Schema) -> bool:
    schema = resolved(schema, document)
    fields = schema.get("properties", {})
    # A record may have `items` too, but unlike a page it has an id.
    is_page = "id" not in fields and fields.get("items", {}).get("type") == "array"
    return is_page or schema.get("type") == "array"


def _references(schema: Schema, document: Schema) -> tuple[str, ...]:
    fields = resolved(schema, document).get("properties", {}).items()
    ones = [name for name, value in fields if name.endswith("_id") and _is_uuid(value)]
    lists = [name for name, value in fields if name.endswith("_ids") and _is_uuid(value.get("items", {}))]
    return (*ones, *lists)


def _is_uuid(schema: Schema) -> bool:
    return any(alternative.get("format") == "uuid" for alternative in schema.get("anyOf", [schema]))


def _object(schema: Schema, document: Schema) -> dict[str, Any]:
    return {name: sample(schema["properties"][name], document) for name in schema.get("required", [])}


def _array(schema: Schema, document: Schema) -> list[Any]:
    return [sample(schema["items"], document) for _ in range(schema.get("minItems", 0))]


def _string(schema: Schema, _: Schema) -> str:
    min_length: int = schema.get("minLength", 1)
    return FORMATS.get(schema.get("format", ""), "a" * max(min_length, 1))


def _number(schema: Schema, _: Schema) -> float:
    minimum: float = schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else schema.get("minimum", 1)
    maximum: float = schema.get("maximum", minimum)
    return min(max(minimum, 1), maximum)


def _integer(schema: Schema, document: Schema) -> int:
    return int(_number(schema, document))


_SAMPLES: Mapping[str, Callable[[Schema, Schema], Any]] = {
    "array": _array,
    "boolean": lambda *_: False,
    "integer": _integer,
    "null": lambda *_: None,
    "number": _number,
    "object": _object,
    "string": _string,
}
