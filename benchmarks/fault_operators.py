"""Mistakes that people make in the code of a service, as replacements of text: one mutant for each place.

They are what reviews and bug trackers are full of: a bound off by one, a filter that is forgotten, a criterion of the
tenant that is dropped. mutmut makes none of the larger ones, because it changes one operator or one value at a time.
"""

import difflib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.declarations import Mutant

LINKS = "core/links.py"
MODELS, SCHEMAS, SERVICE, ROUTER = (f"modules/*/{name}.py" for name in ("models", "schemas", "service", "router"))
RESOURCE, TENANCY, SECURITY, ERRORS = (f"core/{name}.py" for name in ("resource", "tenancy", "security", "errors"))
ACTORS, VERSIONS, MONEY = "core/actors.py", "core/versions.py", "core/money.py"
TYPES, DATABASE, CURSORS, EVENTS, USERS = (
    f"core/{name}.py" for name in ("schemas", "database", "cursors", "events", "users")
)


@dataclass(frozen=True, slots=True)
class Operator:
    """A mistake: what it is, where it is made, the pattern of the right code, and what is written instead."""

    name: str
    files: str
    pattern: str
    replacement: str


OPERATORS = tuple(
    Operator(*row)
    for row in (
        # The table of a module.
        ("uniqueness forgotten", MODELS, r"^    __table_args__ = \(.*\)\n", ""),
        ("uniqueness across organisations", MODELS, r'UniqueConstraint\("organisation_id", ', "UniqueConstraint("),
        ("foreign key forgotten", MODELS, r'ForeignKey\("\w+\.id"\), ', ""),
        (
            "reference to another table",
            MODELS,
            r'ForeignKey\("(?!core)\w+\.id"\)',
            'ForeignKey("core_organisations.id")',
        ),
        ("column may be empty", MODELS, r"Mapped\[([\w.]+)\](?= = mapped_column\(String)", r"Mapped[\1 | None]"),
        ("column must be filled", MODELS, r"Mapped\[(.+) \| None\]", r"Mapped[\1]"),
        ("other default of a number", MODELS, r"default=(-?\d+)\)", r"default=\1 + 1)"),
        ("default of a switch reversed", MODELS, r"default=(True|False)", r"default=not \1"),
        ("default of a column lost", MODELS, r" = mapped_column\(default=(-?\d+|True|False)\)", ""),
        ("other initial state", MODELS, r"default=(\w+)State\.(\w+)", r"default=[*\1State][-1]"),
        ("state renamed", MODELS, r'^    ([A-Z_]+) = "(\w+)"$', r'    \1 = "\2_"'),
        ("text of fixed form as plain text", MODELS, r"mapped_column\(EmailAddress\)", "mapped_column(String(254))"),
        ("table renamed", MODELS, r'__tablename__ = "(\w+)"', r'__tablename__ = "\1_old"'),
        # The requests and responses of a module.
        (
            "required field made optional",
            SCHEMAS,
            r"(?<=Create\(RequestModel\):\n)((?:.*\n)*?    )(\w+): (\w+)$",
            r"\1\2: \3 | None = None",
        ),
        ("field of a request forgotten", SCHEMAS, r"(?<=Create\(RequestModel\):\n)((?:.*\n){2})    .*\n", r"\1"),
        ("field cannot be changed", SCHEMAS, r"^    \w+: .* = unchanged\(\)\n", ""),
        ("required field can be emptied", SCHEMAS, r"^    (\w+): (\w+) = unchanged\(\)", r"    \1: \2 | None = None"),
        (
            "optional field cannot be emptied",
            SCHEMAS,
            r"(?<=Update\(RequestModel\):\n)((?:.*\n)*?    \w+: \w+) \| None = None",
            r"\1 = unchanged()",
        ),
        ("other default in requests", SCHEMAS, r"^    (\w+): Integer = (-?\d+)", r"    \1: Integer = \2 - 1"),
        (
            "default of a switch in requests reversed",
            SCHEMAS,
            r"^    (\w+): Boolean = (True|False)",
            r"    \1: Boolean = not \2",
        ),
        ("default in requests lost", SCHEMAS, r"^    (\w+): (Integer|Boolean) = (-?\d+|True|False)", r"    \1: \2"),
        ("filter forgotten", SCHEMAS, r"(?<=Query\(SearchQuery\):\n)((?:.*\n){2})    .*\n", r"\1"),
        ("field of a response forgotten", SCHEMAS, r"(?<=Read\(AttributedRead\):\n)((?:.*\n){2})    .*\n", r"\1"),
        ("field of a response forgotten at the end", SCHEMAS, r"^    \w+: [\w.\[\], |]+\n\Z", ""),
        ("bound off by one", SCHEMAS, r"\b([gl]e|m(?:in|ax)_length)=(\d+)", r"\1=\2 + 1"),
        ("bound forgotten", SCHEMAS, r", (?:[gl]e|m(?:in|ax)_length)=-?[\d.]+", ""),
        ("order by a field not allowed", SCHEMAS, r"sorted_by\(\"\w+\", ", "sorted_by("),
        ("unknown fields accepted", SCHEMAS, r"Create\(RequestModel\)", "Create(RequestModel, extra='ignore')"),
        ("search forgotten", SCHEMAS, r"Query\(SearchQuery\)", "Query(ListQuery)"),
        ("text of any length", SCHEMAS, r"ShortText(?=( \| None)?( = .*)?$)", "str"),
        ("name with line breaks", SCHEMAS, r"(?<=: )ShortText(?=$)", "LongText"),
        ("number of any size", SCHEMAS, r"(?<=: )Integer(?= = )", "int"),
        ("amount with any digits", SCHEMAS, r"(?<=: )Amount(?= \| None = )", "float"),
        ("time without a zone accepted", SCHEMAS, r"(?<=: )Moment(?= \| None = )", "dt.datetime"),
        ("address not checked", SCHEMAS, r"(?<=: )(Email|Url)(?= \| None = |$)", "ShortText"),
        ("number as a date accepted", SCHEMAS, r"(?<=: )PlainDate(?=$)", "dt.date"),
        ("choice not checked", SCHEMAS, r"(?<=: )\w+Kind(?=$)", "ShortText"),
        ("state as any text", SCHEMAS, r"(?<=    state: )\w+State(?=$)", "str"),
        ("pattern forgotten", SCHEMAS, r', pattern="\^.+\$"(?=\))', ""),
        ("pattern without an end", SCHEMAS, r'(pattern="\^.+)\$"(?=\))', r'\1"'),
        ("pattern without a start", SCHEMAS, r'pattern="\^', 'pattern="'),
        ("pattern not checked by the database", MODELS, r'^ +CheckConstraint\(column\("\w+"\)\.regexp_match.*\n', ""),
        (
            "bound of an amount forgotten",
            SCHEMAS,
            r"\[MonetaryAmount, Within\([gl]e=[^,]+\)\]",
            "[MonetaryAmount, Within()]",
        ),
        (
            "bound of an amount not checked by the database",
            MODELS,
            r'(\.columns\(\s*"\w+"),\s+ge=Decimal\("-?\d+"\)',
            r"\1",
        ),
        ("default of an amount lost", MODELS, r", default=MonetaryAmount\(.*?\)(?=\)$)", ""),
        ("other currency", SCHEMAS, r'MonetaryAmount\((Decimal\("\d+"\)), "JPY"\)', r'MonetaryAmount(\1, "KRW")'),
        ("decimals as floats", MODELS, r"Exact\(18, 4\)(?=\)$)", "Exact(15, 4)"),
        # The service of a module.
        ("search in fewer fields", SERVICE, r'(searchable = \("\w+", )"\w+"', r"\1"),
        ("search in no field", SERVICE, r"^    searchable = .*\n", ""),
        ("other name in events", SERVICE, r'^    name = "(\w+)"', r'    name = "\1s"'),
        ("transition forgotten", SERVICE, r"(State\.\w+: )\{.*\}", r"\1set()"),
        ("transition out of a final state", SERVICE, r"(\w+State)\.(\w+): set\(\)", r"\1.\2: {*\1}"),
        ("every transition allowed", SERVICE, r"(\w+State)\.(\w+): \{.*\}", r"\1.\2: {*\1}"),
        (
            "states without rules",
            SERVICE,
            r"^    transitions: .*= \{\n(?:.*\n)*?    \}",
            "    transitions: ClassVar = {}",
        ),
        # The routes of a module.
        ("wrong status after a creation", ROUTER, r"status\.HTTP_201_CREATED", "status.HTTP_200_OK"),
        ("wrong status after a deletion", ROUTER, r"status\.HTTP_204_NO_CONTENT", "status.HTTP_202_ACCEPTED"),
        ("permission dropped", ROUTER, r", dependencies=ADMIN_ONLY", ""),
        (
            "permission on the wrong route",
            ROUTER,
            r"@router\.patch\((.*), response_model",
            r"@router.patch(\1, dependencies=ADMIN_ONLY, response_model",
        ),
        ("wrong method", ROUTER, r"@router\.patch", "@router.put"),
        ("wrong path", ROUTER, r"/move\"", '/moves"'),
        ("query ignored", ROUTER, r"service\.list\(query\)", "service.list()"),
        ("change answered but not made", ROUTER, r"service\.update\((\w+), changes\)", r"service.get(\1)"),
        ("deletion answered but not made", ROUTER, r"service\.delete\(", "service.get("),
        ("move answered but not made", ROUTER, r"service\.move_to\((\w+), move\.state\)", r"service.get(\1)"),
        ("record instead of a page", ROUTER, r"response_model=Page\[(\w+)\]", r"response_model=list[\1]"),
        # Amounts of money.
        ("two currencies mixed", MONEY, r"if self\.currency != other\.currency:", "if not other.currency:"),
        ("halves rounded to even", MONEY, "ROUND_HALF_UP\\)", '"ROUND_HALF_EVEN")'),
        ("decimals of the currency ignored", MONEY, r"_DECIMALS\.get\(currency, PLACES\)", "2"),
        ("cents lost in a rounding", MONEY, r"if self\._amount != amount:", "if self._amount > amount:"),
        ("remainder of an allocation lost", MONEY, r"parts\[index\] \+= 1", "parts[index] += 0"),
        (
            "remainder to the smallest loss",
            MONEY,
            r"key=lambda index: parts\[index\] - shares\[index\]",
            "key=lambda index: shares[index] - parts[index]",
        ),
        ("unknown currency accepted", MONEY, r"if code not in _DECIMALS:", "if not code:"),
        ("amount as a number", MONEY, r'f"\{value\.amount:f\}"', "float(value.amount)"),
        ("limit of an amount excluded", MONEY, r"value\.amount < self\.ge", "value.amount <= self.ge"),
        # The core: what every service does with records.
        ("lock forgotten", RESOURCE, r"record_id, lock=True", "record_id"),
        ("row lock forgotten", RESOURCE, r"\.with_for_update\(\)", ""),
        ("locked record not read again", RESOURCE, r"\.execution_options\(populate_existing=True\)", ""),
        ("lock of a reference forgotten", RESOURCE, r"\.with_for_update\(read=True\)", ""),
        ("filters ignored", RESOURCE, r"for name, value in filters\.items\(\)\)", "for name, value in ())"),
        ("only one filter applied", RESOURCE, r"in filters\.items\(\)\)", "in [*filters.items()][:1])"),
        ("wrong comparison of a filter", RESOURCE, r"column == value(?=\n)", "column >= value"),
        ("only the first choice of a filter", RESOURCE, r"column\.in_\(value\)", "column.in_(value[:1])"),
        ("lower limit excluded", RESOURCE, r"column >= value if end", "column > value if end"),
        ("upper limit excluded", RESOURCE, r"else column <= value", "else column < value"),
        ("limits swapped", RESOURCE, r'if end == "from"', 'if end != "from"'),
        ("sorting forgotten", RESOURCE, r"\.order_by\(\*keyset\.order_by\(\)\)", ""),
        ("requested order ignored", RESOURCE, r"Keyset\.parse\(sort, model\) if sort else ", ""),
        ("page one too short", RESOURCE, r"rows\[: query\.limit\]", "rows[: query.limit - 1]"),
        ("last page not recognised", RESOURCE, r"query\.limit \+ 1", "query.limit"),
        ("cursor of the row after the page", RESOURCE, r"keyset\.cursor\(page\[-1\]\)", "keyset.cursor(rows[-1])"),
        ("total of all records", RESOURCE, r"(func\.count\(model\.id\)\))\.where\(\*conditions\)", r"\1"),
        (
            "rules across fields not checked",
            RESOURCE,
            r"^            comparison\.check\(record\)\n",
            "            pass\n",
        ),
        ("rules of the team not checked", RESOURCE, r"^        self\._check_rules\(record\)\n", ""),
        ("rules of a new record not checked", RESOURCE, r"(_add\(.*\n)        self\._check_record\(record\)\n", r"\1"),
        (
            "rules of a change not checked",
            RESOURCE,
            r"(setattr\(record, field, value\)\n) +self\._check_record\(record\)\n",
            r"\1",
        ),
        ("restored record still deleted", RESOURCE, r"record\.deleted_at = None", "pass"),
        ("restored record not checked", RESOURCE, r"^        self\._check\(\{column.*\n", ""),
        ("deletion not stored", RESOURCE, r"record\.deleted_at = utcnow\(\)", "pass"),
        ("record restored twice", RESOURCE, r" or record\.deleted_at is None:", ":"),
        ("cursor ignored", RESOURCE, r"if query\.cursor:", "if False:"),
        ("offset ignored", RESOURCE, r"\.offset\(query\.offset\)", ""),
        ("total never counted", RESOURCE, r"if query\.with_total:", "if False:"),
        ("search with case", RESOURCE, r"\.icontains\(", ".contains("),
        ("wildcards in a search", RESOURCE, r"autoescape=True", "autoescape=False"),
        ("search at the beginning only", RESOURCE, r"\.icontains\(", ".istartswith("),
        (
            "search in the first field only",
            RESOURCE,
            r"for column in self\.searchable\)",
            "for column in self.searchable[:1])",
        ),
        ("omitted fields emptied", RESOURCE, r"model_dump\(exclude_unset=True\)", "model_dump()"),
        (
            "empty values not stored",
            RESOURCE,
            r"model_dump\(exclude_unset=True\)",
            "model_dump(exclude_unset=True, exclude_none=True)",
        ),
        ("field not copied", RESOURCE, r"in values\.items\(\):\n(\s+)setattr", r"in [*values.items()][1:]:\n\1setattr"),
        ("references not checked", RESOURCE, r"^( +)self\._check_references\(values\)\n", r"\1pass\n"),
        ("uniqueness not checked", RESOURCE, r"^( +)self\._check_unique\(values\)\n", r"\1pass\n"),
        ("uniqueness of a change not checked", RESOURCE, r"^( +)self\._check_unique\(values, record\)\n", r"\1pass\n"),
        ("record conflicts with itself", RESOURCE, r' and found != getattr\(record, "id", None\)', ""),
        ("event forgotten", RESOURCE, r"^ +self\.events\.publish\(.*\n", ""),
        ("event before the change", RESOURCE, r"^ +self\.session\.flush\(\)\n(?= +about)", ""),
        ("deletion without an event", RESOURCE, r'^ +self\._publish\("deleted", record\)\n', ""),
        ("state not stored", RESOURCE, r"^ +record\.state = state\n", ""),
        ("transition not checked", RESOURCE, r"^ +self\._check_move\(record, state\)\n", ""),
        ("transition check reversed", RESOURCE, r"if state not in allowed", "if state in allowed"),
        (
            "missing record returned as nothing",
            RESOURCE,
            r"^ +raise NotFound\.record\(self\.name, record_id\)\n",
            "            return record\n",
        ),
        (
            "references to a record ignored",
            RESOURCE,
            r"raise self\._needed\(record_id\) or error from error",
            "raise error",
        ),
        ("savepoint forgotten", RESOURCE, r"if savepoint:", "if False:"),
        # The core: links and parts.
        ("foreign record linked", LINKS, r"unknown := sorted\(wanted - set\(found\)\)", "unknown := []"),
        (
            "links added, not replaced",
            LINKS,
            r"_change\(record, values\)$",
            "_change(record, {n: getattr(record, n) | v if n in self.links else v for n, v in values.items()})",
        ),
        ("filter by a link ignored", LINKS, r'= getattr\(self\.model, f"\{name\}s"\) == value', "= True"),
        ("time of changed links not updated", LINKS, r"record\.updated_at = utcnow\(\)", "pass"),
        ("link written twice accepted", LINKS, r"if len\(ids\) < len\(value\)", "if False"),
        ("lock of a linked record forgotten", LINKS, r"linked\.with_for_update\(read=True\)", "linked"),
        ("links read for each record", MODELS, r'lazy="selectin"', 'lazy="select"'),
        ("links of deleted records shown", MODELS, r"^        primaryjoin=.*\n", ""),
        ("part kept without its parent", MODELS, r', ondelete="CASCADE"', ""),
        ("nested list of all parents", ROUTER, r"filters = (\w+)\(\w+=\w+\.id, ", r"filters = \1("),
        # The core: who acts.
        ("creator not stored", ACTORS, r"created_by: Mapped\[UUID \| None\] = .*", "created_by: Mapped[UUID | None]"),
        ("last editor not stored", ACTORS, r", onupdate=current_user", ""),
        ("user of an event not stored", EVENTS, r"user_id=current_user\(\)", "user_id=None"),
        ("user who acts not known", SECURITY, r"with acting_as\(member\.user_id\)", "if True"),
        ("account instead of the user", SECURITY, r"acting_as\(member\.user_id\)", "acting_as(member.account_id)"),
        (
            "former user accepted in a reference",
            USERS,
            r"return cls\.active\.is_\(True\)",
            "return cls.active.is_not(None)",
        ),
        # The core: versions of records.
        ("If-Match ignored", VERSIONS, r"if lock and self\.if_match is not None", "if False"),
        ("change without If-Match accepted", VERSIONS, r"must_match: ClassVar\[bool\] = True", "must_match = False"),
        ("every version named", VERSIONS, r"return condition\.strip\(\) == \"\*\" or .*", "return True"),
        ("weak tag in If-Match accepted", VERSIONS, r"condition\.split", 'condition.replace("W/", "").split'),
        (
            "version not raised",
            VERSIONS,
            r"mapped_column\(\)\n\n    __mapper_args__ = .*",
            "mapped_column(default=1)",
        ),
        ("response without an ETag", VERSIONS, r'response\.headers\["ETag"\] = tag', "tag"),
        ("ETag of no version", VERSIONS, r"tag = f'\"\{version\}\"'", "tag = '\"1\"'"),
        ("known version sent again", VERSIONS, r'if request\.method == "GET" and', "if False and"),
        ("change without a version", ROUTER, r"ChangeService(?=\) -> )", "Service"),
        # The core: organisations.
        (
            "tenant criterion dropped",
            TENANCY,
            r"^    state\.statement = state\.statement\.options\(_limit_to_scope\)\n",
            "",
        ),
        ("tenant criterion not in joins", TENANCY, r", include_aliases=True", ""),
        ("tenant criterion always true", TENANCY, r"record\.organisation_id == _in_scope", "true()"),
        (
            "tenant of a refresh not checked",
            TENANCY,
            r"state\.statement\.where\(model\.organisation_id == _in_scope\)",
            "state.statement",
        ),
        ("tenant of a change not checked", TENANCY, r"if unchanged != \[current_organisation\(\)\]", "if False"),
        ("tenant of a new row not checked", TENANCY, r"if value != current_organisation\(\)", "if False"),
        ("scope not left", TENANCY, r"^        _organisation\.reset\(token\)", "        pass"),
        ("query without a tenant", TENANCY, r"^        raise OrganisationNotSet\(.*\)", "        return uuid4()"),
        ("time of a change not updated", TENANCY, r", onupdate=utcnow", ""),
        # The core: who may do what.
        ("every role is an admin", SECURITY, r"ADMIN_ONLY = only_for\(Role\.ADMIN\)", "ADMIN_ONLY = only_for(*Role)"),
        ("token without a role accepted", SECURITY, r"if claims\.roles is not None and not claims\.roles", "if False"),
        ("signature not checked", SECURITY, r'"options": \{', '"options": {"verify_signature": False, '),
        ("expiry not checked", SECURITY, r'"options": \{', '"options": {"verify_exp": False, '),
        ("audience not checked", SECURITY, r'"options": \{', '"options": {"verify_aud": False, '),
        ("issuer not checked", SECURITY, r'"options": \{', '"options": {"verify_iss": False, '),
        (
            "token that never expires",
            SECURITY,
            r"expires_at or utcnow\(\) \+ TOKEN_LIFETIME",
            "expires_at or utcnow() + TOKEN_LIFETIME * 9999",
        ),
        (
            "old key forgotten",
            SECURITY,
            r"\(settings\.jwt_secret, settings\.jwt_secret_previous\)",
            "(settings.jwt_secret,)",
        ),
        ("deactivated user accepted", USERS, r"return user if user and user\.active else None", "return user"),
        ("another account accepted", USERS, r"(User\.account_id\))\.where\(Account\.subject == subject\)", r"\1"),
        # The core: responses to errors.
        ("404 as 400", ERRORS, r"HTTPStatus\.NOT_FOUND", "HTTPStatus.BAD_REQUEST"),
        ("409 as 400", ERRORS, r"HTTPStatus\.CONFLICT", "HTTPStatus.BAD_REQUEST"),
        ("422 as 400", ERRORS, r"HTTPStatus\.UNPROCESSABLE_ENTITY(?=\n)", "HTTPStatus.BAD_REQUEST"),
        ("403 as 401", ERRORS, r"HTTPStatus\.FORBIDDEN", "HTTPStatus.UNAUTHORIZED"),
        ("401 as 403", ERRORS, r"HTTPStatus\.UNAUTHORIZED", "HTTPStatus.FORBIDDEN"),
        ("503 as 500", ERRORS, r"HTTPStatus\.SERVICE_UNAVAILABLE", "HTTPStatus.INTERNAL_SERVER_ERROR"),
        ("fields of an error not named", ERRORS, r"for field in error\.fields\]", "for field in ()]"),
        ("allowed values not named", ERRORS, r", \*\*error\.hints\)", ")"),
        # The core: values in requests, and in the database.
        ("page one too long", TYPES, r"le=200", "le=201"),
        ("empty page accepted", TYPES, r"ge=1, le=200", "ge=0, le=200"),
        ("other default of a page", TYPES, r"default=50", "default=20"),
        ("unknown fields accepted everywhere", TYPES, r'extra="forbid"', 'extra="ignore"'),
        (
            "space around a text kept",
            TYPES,
            r"strip_whitespace=True, min_length=1, max_length=200",
            "min_length=1, max_length=200",
        ),
        ("empty text accepted", TYPES, r"min_length=1, max_length=200", "max_length=200"),
        ("text one too long", TYPES, r"max_length=200(?!0)", "max_length=201"),
        ("one more decimal place", TYPES, r"decimal_places=places", "decimal_places=places + 1"),
        ("one more digit", TYPES, r"max_digits=digits", "max_digits=digits + 1"),
        ("case of addresses kept", TYPES, r"^    AfterValidator\(str\.lower\),\n", ""),
        ("time not converted to UTC", TYPES, r", AfterValidator\(_in_utc\)", ""),
        ("amounts rounded down", DATABASE, r"ROUND_HALF_UP\) \+ 0", '"ROUND_DOWN") + 0'),
        (
            "naive time stored",
            DATABASE,
            r"^            raise ValueError\(f\"\{value!r\} has no time zone\"\)",
            "            return value",
        ),
        ("case of addresses stored", DATABASE, r"return value\.lower\(\)", "return value"),
        ("commit forgotten", DATABASE, r"^ +await asyncio\.to_thread\(session\.commit\)\n", ""),
        ("rollback forgotten", DATABASE, r"^ +await asyncio\.to_thread\(session\.rollback\)\n", ""),
        ("commit after an error", DATABASE, r"session\.rollback", "session.commit"),
        ("foreign keys not enforced in SQLite", DATABASE, r"PRAGMA foreign_keys=ON", "PRAGMA foreign_keys=OFF"),
        ("row of the cursor repeated", CURSORS, r"tuple_\(\*self\.order\) > _row", "tuple_(*self.order) >= _row"),
        ("cursor in the wrong direction", CURSORS, r"tuple_\(\*self\.order\) > _row", "tuple_(*self.order) < _row"),
        ("sorting reversed", CURSORS, r"column\.desc\(\) if descends", "column.asc() if descends"),
        (
            "empty values at the other end",
            CURSORS,
            r"nulls_first\(\) if descends else ordered\.nulls_last",
            "nulls_last() if descends else ordered.nulls_first",
        ),
        (
            "records that are equal in no order",
            CURSORS,
            r"^            directions\.setdefault\(name, last\)\n",
            "            pass\n",
        ),
        ("records that are equal in one order only", CURSORS, r"setdefault\(name, last\)", "setdefault(name, False)"),
        (
            "cursor of another order accepted",
            CURSORS,
            r"prefix = \[\] if self\.name is None else \[Literal\[self\.name\]\]",
            "prefix = [] if self.name is None else [str]",
        ),
        ("event not stored", EVENTS, r"^( +)self\._?session\.add\(\w+\)\n", r"\1pass\n"),
    )
)


def planted(folder: Path, file: Path) -> Iterator[tuple[Operator, Mutant]]:
    """Yield a mutant of a file for each place where a mistake of an operator can be made; `file` is relative to `folder`."""
    original = (folder / file).read_text(encoding="utf-8")
    place = Path(*file.parts[2:])
    for operator in OPERATORS:
        if not place.match(operator.files):
            continue
        for found in re.finditer(operator.pattern, original, re.MULTILINE):
            text = original[: found.start()] + found.expand(operator.replacement) + original[found.end() :]
            if text != original and starts(text):
                yield operator, Mutant(file, text, f"{operator.name}\n{diff_of(original, text, file)}")


def starts(text: str) -> bool:
    """Return whether a text is Python without undefined names: nobody commits a mistake with which nothing starts."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--select", "F821", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False).returncode == 0


def diff_of(before: str, after: str, file: Path) -> str:
    """Return the difference between two texts of a file."""
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), str(file), str(file), "", "", 1, ""))
