"""Strategies for answers; `valid_answers` follows the documentation, not the template."""

import copy
import datetime as dt
import re
import string
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import yaml
from hypothesis import strategies as st

from .services import ROOT

Answers = dict[str, Any]
Way = tuple[Any, ...]

RESERVED: dict[str, list[str]] = {
    kind: names.split()
    for kind, names in yaml.safe_load((ROOT / "template/macros/reserved.yml").read_text(encoding="utf-8")).items()
}

ODD = yaml.safe_load((ROOT / "tests/support/odd.yml").read_text(encoding="utf-8"))
TEXTS = [*ODD["texts"], "x" * 60, "字" * 30]

UNIQUE_TYPES = ["str", "int", "decimal", "date", "datetime", "time", "uuid", "email", "url", "phone"]
SEARCH_TYPES = ["str", "text", "email", "url"]
GENERATED = ["Create", "Update", "Move", "Query", "Read", "Service", "State"]
WITHOUT_DEFAULT = ["datetime", "duration", "phone", "str[]", "json"]
NUMBERS = ["int", "decimal", "money", "float"]
TYPES = [
    *("str", "text", *NUMBERS, "bool", "date", "time", "uuid", "email", "url", "country", "currency"),
    *WITHOUT_DEFAULT,
]

PATTERNS = [
    *("[A-Z]{3}-[0-9]+", "[0-9]{4} [A-Z]{2}", "[a-z][a-z0-9_.-]*", "[A-HJ-NPR-Z0-9]{17}", "#[a-z]?[0-9]{8}"),
    *("[xyz]{2,5}:[1-9]*", "v[0-9]{1,3}[.][0-9]{1,3}", "[a-b]{4,200}", "AB[C-Z]?[0-9]{2}", "[.,@#+/-]{3}"),
]

# Characters that no text may contain.
UNPRINTABLE = ["\0", "\n", "\r", "\t", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800", "\uffff"]


def texts(most: int, without: str = "") -> st.SearchStrategy[str]:
    """Printable text of one line, in any script."""
    return st.one_of(
        st.sampled_from([text for text in TEXTS if len(text) <= most]),
        st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=most // 2),
        st.text(string.ascii_letters + string.digits + string.punctuation + " ", min_size=1, max_size=most),
    ).filter(lambda text: text == text.strip() and not set(text) & set(without))


def identifiers(known: list[str], longest: int) -> st.SearchStrategy[str]:
    """Names in snake_case, unusual or random."""
    return st.sampled_from(known) | st.from_regex(f"[a-z][a-z0-9_]{{0,{longest - 1}}}", fullmatch=True)


def project_names() -> st.SearchStrategy[str]:
    """Project names with letters of any script, digits, spaces and some punctuation."""
    letters = st.characters(categories=["L", "Nd"], include_characters=" .,&'()+-")
    return st.sampled_from(
        ["Import", "Tests", "診療所", "9", "A" * 60, "字" * 30, "R+D", "Await us", "Straße 9"]
    ) | st.text(letters, min_size=1, max_size=30).filter(
        lambda name: name[0].isalnum() and (name[-1].isalnum() or name[-1] in ".)+")
    )


def package_names() -> st.SearchStrategy[str]:
    """Package names that are not reserved."""
    reserved = {name for key in ("keywords", "standard_library", "packages", "devices") for name in RESERVED[key]}
    known = ["app", "service", "your_service", "a__b", "a_", "n", "x" * 30, "core", "modules", "awaits"]
    return identifiers(known, 30).filter(lambda name: name not in reserved)


def module_names() -> st.SearchStrategy[str]:
    """Names of own modules whose entity is not reserved."""
    reserved = {name for key in ("keywords", "standard_library", "modules", "devices") for name in RESERVED[key]}
    return identifiers(ODD["modules"], 30).filter(
        lambda name: (
            name not in reserved
            and not name.startswith(("core_", "sqlite_", "pg_"))
            and entity_of(name) not in {*RESERVED["entities"], "List", "Search"}
            and not entity_of(name).startswith("Test")
        )
    )


def field_names() -> st.SearchStrategy[str]:
    """Valid names of fields."""
    reserved = {*RESERVED["keywords"], *RESERVED["fields"]}
    return identifiers(ODD["fields"], 25).filter(lambda name: name not in reserved and not name.startswith("model_"))


def defaults(kind: str) -> st.SearchStrategy[str]:
    """Defaults of a type."""
    text = texts(60, without="\"'\\")
    numbers = st.integers(min_value=-(10**18) + 1, max_value=10**18 - 1)
    return {
        "str": text | text.map(lambda value: f'"{value}"'),
        "text": text | text.map(lambda value: f"'{value}'"),
        "int": numbers.map(str),
        "decimal": st.decimals(min_value=-(10**10) + 1, max_value=10**10 - 1, places=2).map(lambda value: f"{value:f}"),
        "money": st.sampled_from(["12.50 EUR", "-3 USD", "1500 JPY", "0.001 KWD", "99999999999999.9999 CLF"]),
        "float": st.integers(-(10**9), 10**9).map(lambda number: f"{number / 8}"),
        "bool": st.sampled_from(["true", "false"]),
        "time": st.times().map(lambda value: value.strftime("%H:%M")),
        "date": st.dates().map(lambda day: day.isoformat()),
        "country": st.sampled_from(["NL", "NO", "DE", "ZW"]),
        "currency": st.sampled_from(["EUR", "JPY", "KWD", "CLF", "ALL", "TRY"]),
        "uuid": st.uuids().map(str),
        "email": st.from_regex("[a-z0-9]{1,10}@[a-z0-9]{1,10}[.](com|org|de)", fullmatch=True),
        "url": st.from_regex("https?://[a-z]{3,10}[.]com/[A-Za-z0-9_/-]{0,20}", fullmatch=True),
    }[kind]


@st.composite
def types(draw: st.DrawFn) -> str:
    """Types, optionally with `?` and a default."""
    kind = draw(st.sampled_from(TYPES))
    optional = draw(st.sampled_from(["", "", "?"]))
    if kind in WITHOUT_DEFAULT or draw(st.integers(0, 2)):
        return kind + optional
    return f"{kind}{optional}{draw(st.sampled_from([' = ', '=', '  =  ']))}{draw(defaults(kind))}"


@st.composite
def bounded(draw: st.DrawFn) -> Any:
    """Types with bounds or digits, in the short or the long form."""
    kind, limits = draw(
        st.sampled_from(
            [
                ("str", st.integers(1, 200)),
                ("text", st.integers(1, 20_000)),
                ("int", st.integers(-(10**18) + 1, 10**18 - 1)),
                ("decimal", st.integers(-(10**12) + 1, 10**12 - 1).map(lambda number: Decimal(number).scaleb(-2))),
                ("money", st.integers(-(10**16) + 1, 10**16 - 1).map(lambda number: Decimal(number).scaleb(-2))),
                ("float", st.integers(-(10**9), 10**9).map(lambda number: number / 8)),
                ("date", st.dates()),
                ("time", st.times().map(lambda value: value.replace(microsecond=0))),
            ]
        )
    )
    if kind == "str" and draw(st.booleans()):
        return {"type": "str", "pattern": draw(st.sampled_from(PATTERNS)), "optional": draw(st.booleans())}
    if kind == "decimal" and draw(st.booleans()):
        digits = draw(st.integers(1, 18))
        return f"decimal({digits},{draw(st.integers(0, digits - 1))})"
    pair: list[Any] = draw(st.lists(limits, min_size=2, max_size=2, unique=True))
    least, most = sorted(pair)
    bounds = draw(st.sampled_from([(least, most), (least, None), (None, most)]))
    if draw(st.booleans()):
        return f"{kind}({'..'.join('' if limit is None else str(limit) for limit in bounds)}){draw(st.sampled_from(['', '?']))}"
    written = {"type": kind, "optional": draw(st.booleans()), "help": "As on the sign, 100 %"}
    return written | {
        key: limit if isinstance(limit, int) else str(limit)
        for key, limit in zip(("min", "max"), bounds, strict=True)
        if limit is not None
    }


def choices() -> st.SearchStrategy[list[str]]:
    """Lists of choices."""
    known = st.sampled_from(
        [
            "short",
            "long",
            "a b",
            "a_b",
            "await payment",
            "N/A",
            "A",
            "a",
            "1.5",
            "C++",
            "AsyncSession",
            "your_service",
            "no",
        ]
    )
    any_other = st.from_regex("[A-Za-z0-9]([A-Za-z0-9 _.+/-]{0,28}[A-Za-z0-9_.+/-])?", fullmatch=True)
    return st.lists(known | any_other, min_size=1, max_size=6, unique=True)


@st.composite
def transitions(draw: st.DrawFn) -> dict[str, list[str] | None]:
    """Mappings of states to the states that may follow."""
    names = identifiers(ODD["states"], 25).filter(lambda name: name not in RESERVED["states"])
    states = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    following: st.SearchStrategy[list[str] | None] = st.none() | st.lists(
        st.sampled_from(states), max_size=len(states), unique=True
    )
    found = {state: draw(following) for state in states}
    for number, state in enumerate(states[1:], 1):
        before = draw(st.sampled_from(states[:number]))
        found[before] = list(dict.fromkeys([*(found[before] or []), state]))
    return found


def is_odd_reference(name: str, fields: Iterable[str]) -> bool:
    """Whether a reference may not have this name."""
    return name.endswith("_id") or f"{name}_id" in [*fields, *RESERVED["fields"]]


@st.composite
def descriptions(draw: st.DrawFn, targets: list[str]) -> dict[str, Any]:
    """Own modules that may refer to `targets`."""
    kinds = types() | bounded() | choices() | choices().map(lambda values: f"[{', '.join(values)}]? = {values[0]}")
    if targets:
        kinds |= st.sampled_from(targets).map(lambda target: f"-> {target}")
    fields: dict[str, Any] = {}
    for name in draw(st.lists(field_names(), min_size=1, max_size=6, unique_by=camel)):
        kind = draw(kinds)
        # The derived names of choice types and reference columns may be reserved.
        odd = camel(name) in GENERATED or is_odd_reference(name, fields)
        fields[name] = "str" if odd else kind
    for name in [name for name in fields if str(fields.get(name.removesuffix("_id"))).startswith("->")]:
        fields[name.removesuffix("_id")] = "str"
    description: dict[str, Any] = {"fields": fields}
    for key, allowed in (("unique", UNIQUE_TYPES), ("search", SEARCH_TYPES)):
        usable = [name for name, kind in fields.items() if type_of(kind) in allowed]
        if draw(st.booleans()) and usable:
            description[key] = draw(st.lists(st.sampled_from(usable), unique=True, max_size=3))
    if "state" not in fields and draw(st.booleans()):
        description["states"] = draw(transitions())
    for key, most in (("phase", 9), ("coverage", 100)):
        if draw(st.booleans()):
            description[key] = draw(st.integers(1, most))
    return description


def type_of(kind: Any) -> str | None:
    """Return the type without `?` and default; None for choices and references."""
    return str(kind).partition("=")[0].strip().rstrip("?") if isinstance(kind, str) else None


@st.composite
def own_modules(draw: st.DrawFn, least: int = 1, most: int = 4) -> dict[str, Any]:
    """Modules with references to each other and to themselves; required references only refer to earlier ones."""
    names = draw(st.lists(module_names(), min_size=least, max_size=most, unique_by=stem_of))
    modules: dict[str, Any] = {}
    for name in names:
        modules[name] = draw(descriptions([*modules, *(f"{other}?" for other in names)]))
    return dict(draw(st.permutations(list(modules.items()))))


def entity_of(module: str) -> str:
    """Return the entity of a module: `loans` -> `Loan`, `categories` -> `Category`, `addresses` -> `Address`."""
    singular = re.sub(r"(ss|sh|ch|x|z)es$", r"\1", re.sub("ies$", "y", module))
    return camel(re.sub("(?<=[^su])s$", "", singular))


def camel(name: str) -> str:
    """Return a name in CamelCase."""
    return "".join(part.capitalize() for part in name.split("_"))


def stem_of(module: str) -> str:
    """Return the stem that is equal for modules with conflicting names, such as `loans` and `loan_services`."""
    return re.sub(f"({'|'.join(GENERATED)}|Id|Make)+$", "", entity_of(module).removeprefix("Make"))


@st.composite
def plans(draw: st.DrawFn, modules: list[str]) -> dict[str, Any]:
    """Plans for some of the modules."""
    entry = st.fixed_dictionaries({}, optional={"phase": st.integers(1, 9), "coverage": st.integers(0, 100)})
    return {name: draw(entry) for name in modules if draw(st.booleans())}


@st.composite
def valid_answers(draw: st.DrawFn, most: int = 4) -> Answers:
    """Answers that the documentation allows."""
    modules = draw(own_modules(most=most))
    answers: Answers = {
        "domain": "blank",
        "own_modules": modules,
        "database_access": draw(st.sampled_from(["sync", "async"])),
    }
    optional = {
        "project_name": project_names(),
        "package_name": package_names(),
        "description": texts(200, without="\\").filter(lambda text: '"""' not in text),
        "plan": plans(list(modules)),
        "coverage_total": st.integers(0, 100),
        "python_version": st.sampled_from(["3.11", "3.12", "3.13", "3.14"]),
    }
    return answers | {name: draw(values) for name, values in optional.items() if draw(st.booleans())}


def junk() -> st.SearchStrategy[Any]:
    """Values that are invalid for most questions."""
    odd = [*TEXTS, *UNPRINTABLE, "", " ", "../evil", "/etc/passwd", "..\\evil", "C:\\evil", "x" * 10**6, 10**30]
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.dates(),
        st.datetimes(timezones=st.just(dt.UTC)),
        st.binary(max_size=9),
        st.sampled_from(odd),
        st.text(max_size=40),
    )
    keys = st.none() | st.booleans() | st.integers() | st.dates() | st.sampled_from(odd) | st.text(max_size=10)
    trees = st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
    )
    return scalars | trees | st.just(nested(200))


def nested(depth: int) -> list[Any]:
    """Return nested lists of a given depth."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@st.composite
def damaged_answers(draw: st.DrawFn) -> Answers:
    """Valid answers with one value replaced, removed or renamed."""
    answers = copy.deepcopy(draw(valid_answers(most=2)))
    way = draw(st.sampled_from(list(places(answers))))
    parent, value = inside(answers, way[:-1]), draw(junk())
    draw(st.sampled_from([_replace, _replace, _replace, _drop, _rename]))(parent, way[-1], value)
    return {name: value for name, value in answers.items() if readable_by_copier(name, value)}


def readable_by_copier(name: Any, value: Any) -> bool:
    """Return whether Copier can read an answer."""
    if isinstance(name, str) and isinstance(value, str) and name in ("own_modules", "plan"):
        try:
            yaml.safe_load(value)
        except yaml.YAMLError:
            return False
    return isinstance(name, str)


@st.composite
def wrong_answers(draw: st.DrawFn) -> tuple[str, Answers]:
    """Answers with one invalid value, and the key that the refusal must name."""
    answers = copy.deepcopy(draw(valid_answers(most=2)))
    modules = answers["own_modules"]
    name = draw(st.sampled_from(list(modules)))
    description = modules[name]
    key = draw(st.sampled_from(list(WRONG)))
    wrong = draw(WRONG[key])
    if key == "module":
        modules[wrong] = modules.pop(name)
        return "own_modules", answers
    if key == "field":
        description["fields"][wrong] = "str"
        return f"own_modules.{name}.fields", answers
    if key == "type":
        description["fields"]["odd_field"] = wrong
        return f"own_modules.{name}.fields.odd_field", answers
    if key == "plan":
        answers["plan"] = {name: wrong}
        return f"plan.{name}", answers
    if key in answers or key in ("project_name", "package_name", "description", "coverage_total"):
        answers[key] = wrong
        return key, answers
    description[key] = wrong
    return f"own_modules.{name}", answers


NO_NUMBERS = st.none() | st.booleans() | st.text(max_size=5) | st.floats() | st.lists(st.integers(), max_size=2)
NO_NAMES = (
    st.from_regex("[A-Z0-9_./\\\\ -][a-z]{0,9}", fullmatch=True)
    | st.from_regex("[a-z]{1,9}[A-Z./\\\\ é-]", fullmatch=True)
    | st.sampled_from(["", "a" * 31, "../evil", *RESERVED["keywords"], *UNPRINTABLE, 1, True, None])
)
WRONG: dict[str, st.SearchStrategy[Any]] = {
    "phase": NO_NUMBERS | st.integers(max_value=0) | st.integers(min_value=10),
    "coverage": NO_NUMBERS | st.integers(max_value=-1) | st.integers(min_value=101),
    "coverage_total": NO_NUMBERS.filter(lambda value: not str(value).strip().isdecimal())
    | st.integers(max_value=-1)
    | st.integers(min_value=101),
    "fields": st.none() | st.lists(st.text()) | st.just({}) | st.text(),
    "entity": st.none() | st.from_regex("[a-z0-9_-][a-z]{0,9}", fullmatch=True) | st.just("A" * 31) | st.integers(),
    "colour": junk(),
    "unique": st.none() | st.text() | st.just(["no such field"]) | st.just([["title"]]),
    "search": st.none() | st.text() | st.just(["no such field"]) | st.just([{"title": 1}]),
    "states": st.none() | st.just({}) | st.text() | st.just({"open": ["shut"]}) | st.just({"open": [["open"]]}) | st.just({"a": "a"}),
    "module": NO_NAMES | st.sampled_from([*RESERVED["standard_library"], *RESERVED["modules"], *RESERVED["devices"], "core_x", "pg_x"]),
    "field": NO_NAMES | st.sampled_from([*RESERVED["fields"], "model_x"]),
    "type": st.sampled_from(["", "number", "str??", "str = ", "str ?", "int = 1.5", "int = 1e3", "int = 0o7", "int = \u0661", "decimal = 1.005",
        "decimal = .5", "decimal = 1e3", "decimal = nan", "bool = yes", "bool = 1", "date = 2023-02-29", "date = 0000-01-01",
        "date = 12:30", "uuid = 1", "email = ada", "email = a..b@example.com", "email = ada@localhost", "email = Ada@Example.com",
        "url = ftp://a.com/", "url = https://a.com", "url = https://a.com/../b", "url = https://1.2/", "json = {}", "datetime = now",
        "str = a\"b", "str = a\\b", "str = ' a'", "-> nothing", "->", "-> odd??", [], ["a", "a"], [True], [1], [["a"]], ["é"], [" a"],
        {}, {"str": None}, None, 5, True, dt.date(2024, 2, 29)])
    | st.sampled_from(UNPRINTABLE[:-2]).map(lambda odd: f"str = a{odd}b"),
    "plan": st.none() | st.text() | st.integers() | st.just({"phase": 0}) | st.just({"coverage": 101}) | st.just({"target": 1}),
    "project_name": st.sampled_from(["", " a", "a ", "-a", "a\"b", "a\\b", "{{ a }}", "x" * 61, "字" * 31, "🏥"]) | st.sampled_from(UNPRINTABLE).map("a{}b".format),
    "package_name": NO_NAMES | st.sampled_from([*RESERVED["packages"], *RESERVED["standard_library"], *RESERVED["devices"]]),
    "description": st.sampled_from(["", " a", "a ", 'a"""b', "a\\b", "x" * 201]) | st.sampled_from(UNPRINTABLE).map("a{}b".format),
    "domain": st.sampled_from(["", "bank", "Blank", None, True, [], {}]),
    "database_access": st.sampled_from(["", "threads", None, False, ["sync"], {"sync": 1}]),
}  # fmt: skip


def _replace(parent: Any, key: Any, value: Any) -> None:
    parent[key] = value


def _drop(parent: Any, key: Any, _: Any) -> None:
    del parent[key]


def _rename(parent: Any, key: Any, name: Any) -> None:
    if isinstance(parent, list) or isinstance(name, list | dict):
        parent[key] = name
    else:
        parent[name] = parent.pop(key)


def places(value: Any, way: Way = ()) -> Iterator[Way]:
    """Yield the path of each value in a tree."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*way, key)
        yield from places(child, (*way, key))


def inside(tree: Any, way: Way) -> Any:
    """Return the value at a path."""
    for step in way:
        tree = tree[step]
    return tree
