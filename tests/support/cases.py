"""The services that our tests write, by name, each with the answers that differ from the defaults."""

from typing import Any

import yaml

from .subsets import offered_in

LIBRARY = yaml.safe_load("""
members:
  phase: 1
  fields:
    name: str
    email: email
    born: date?
    sponsor: -> members?
    first_loan: -> loans?
  unique: [email]
  search: [name, email]
loans:
  phase: 2
  coverage: 85
  fields:
    title: str
    copies: int = 1
    fee: decimal?
    kind: [short, long]
    shelf: "[front, back]?"
    size: {choices: [small, large], default: small}
    member: {type: -> members}
    date: date
    due: datetime?
    site: url?
    extra: json?
    code: uuid?
    device_id: uuid?
    tax_id: str?
    notes: text?
    open: bool = true
    contact: email?
  unique: [title]
  search: [title, notes]
  states:
    requested: [active, rejected]
    active: [returned]
    returned: []
    rejected: []
shelves:
  entity: Shelf
  fields:
    row: int
    floor: int
    wing: [north, south]
    donor: -> members?
    opens: datetime
    closes: datetime?
    seats: int = 2
    most: int = 6
    fee: decimal
    deposit: decimal?
  sort: [opens, fee, row]
  check: [opens < closes, most >= seats, deposit <= fee, row != floor]
  unique: [[row, wing], [floor, donor]]
  states:
    planned: {built: {needs: [closes, deposit]}}
    built: {planned: {}}
  versioned: true
  admin: [create, move.planned]
  roles:
    update: [librarian, admin]
holidays:
  fields:
    day: date
  unique: [day]
  routes: [list, get]
visits:
  delete: soft
  versioned: true
  unique: [name]
  fields:
    member: -> members
    holiday: -> holidays
    host: -> users
    name: str
  search: [name]
  routes: [create, list, get, delete, restore]
  roles:
    get: [librarian, member, admin]
remarks:
  phase: 2
  fields:
    loan: part of loans
    member: -> members
    visits: {type: "-> visits*", help: Which it is about}
    note: text
    stars: int(1..5) = 3
  search: [note]
tags:
  entity: Label
  fields:
    name: str = "None"
    loans: -> loans*
    colour: text = plain red
    weight: int = -3
    score: decimal = 2.50
    shown: bool = false
    since: date = 2024-02-29
    code: uuid = 12345678-1234-4234-8234-123456789abc
    contact: email = ada@example.com
    site: url = https://example.com/tags
stops:
  fields:
    code: str(2..4)
    name: {type: str, max: 30, help: "As on the sign: 100 % the same"}
    story: str(20..80)?
    note: text(..500)?
    essay: text(575..)?
    founded: date(..0150-12-31)?
    order: int(0..99) = 1
    level: int(-3..)?
    below: int(..7)?
    fare: decimal(0..)
    price: money
    discount: money?
    deposit: {type: "money(0..)", help: What a lost card costs}
    balance: money(-20..99.50)? = 12.5 EUR
    toll: money = 500 JPY
    rate: decimal(10,4)
    share: {type: decimal, digits: 5, places: 4, min: 0, max: 1, default: 0.5, help: Of the whole fare}
    riders: decimal(9,0)?
    budget: decimal(18,4, 0..99999999999999.9998)
    drift: {type: "decimal(16,6, ..9999999999.5)", default: "-0.000001"}
    count: decimal(18,0)?
    owed: decimal(3,0, ..0)
    opened: {type: date, min: 2020-01-01, max: 2039-12-31}
    planned: date(1900-01-01..)?
    lat: float(-90..90)
    lon: {type: float, default: 1.5}
    height: float(0.5..)?
    arrival: time(05:00..23:30)
    closes: time = 22:00
    end: time(..23:30)?
    wait: duration
    pause: duration?
    labels: str[]
    notices: {type: "str[]", optional: true, help: Shown at the stop}
    hotline: phone?
    office: phone
    country: country
    home: {type: country, default: "NO"}
    origin: country? = NL
    coins: currency = EUR
    currency: currency
    zone: {type: str, pattern: "[A-Z]{3}-[0-9]+"}
    group: {type: "str? = ab:1", pattern: "[a-f]{2,4}:[1-9]?", help: Of tickets}
    desk: {type: str, pattern: "[xyz_.-]{2,3}", optional: true}
  unique: [name, fare, rate, arrival, office, zone]
  search: [name, note]
""")

# The longest names; names that are keywords of SQL or parts of the code; references that form a cycle; final states.
LIMITS = yaml.safe_load("""
aaaaaaaaaaaaaaaaaaaaaaaaaaaaas:
  fields:
    bbbbbbbbbbbbbbbbbbbbbbbbb: str
    ccccccccccccccccccccccccc: -> dddddddddddddddddddddddddddddd
    eeeeeeeeeeeeeeeeeeeeeeeee: [one very long choice of thirt, two very long choice of thirt, three]
    fffffffffffffffffffffffff: decimal? = 12.50
    hhhhhhhhhhhhhhhhhhhhhhhhh: email
    ggggggggggggggggggggggggg: str = A default text that is sixty characters long, more or lesss.
  unique: [bbbbbbbbbbbbbbbbbbbbbbbbb]
  search: [bbbbbbbbbbbbbbbbbbbbbbbbb, ggggggggggggggggggggggggg]
  states:
    sssssssssssssssssssssssss: [ttttttttttttttttttttttttt, uuuuuuuuuuuuuuuuuuuuuuuuu]
    ttttttttttttttttttttttttt: [sssssssssssssssssssssssss, uuuuuuuuuuuuuuuuuuuuuuuuu]
    uuuuuuuuuuuuuuuuuuuuuuuuu: []
dddddddddddddddddddddddddddddd:
  fields:
    name: str
    iiiiiiiiiiiiiiiiiiiiiiiii: {type: str, pattern: "[A-Z]{2,70}"}
    jjjjjjjjjjjjjjjjjjjjjjjjj: str(..200)
vvvvvvvvvvvvvvvvvvvvvvvvvvvvvs:
  fields:
    ccccccccccccccccccccccccc: part of aaaaaaaaaaaaaaaaaaaaaaaaaaaaas
    wwwwwwwwwwwws: -> dddddddddddddddddddddddddddddd*
    name: str
users:
  fields:
    name: str
    email: email
    page: int
    type: [admin]
    date: date
    order: int = -5
    format: text = 'quoted text'
    number: decimal
    field: bool = false
    choice: uuid = 00000000-0000-4000-8000-00000000000a
    value: url = https://example.com/a
    key: datetime
    manager: -> users?
    home: -> groups?
  unique: [email, page, number, key, date, choice, value]
  search: [name, email, format, value]
awaits:
  fields:
    name: str
check:
  fields:
    user: -> users
    select: int
groups:
  fields:
    head: -> users?
    extra: json
    note: text?
    owner: -> staff
    deputy: -> staff
  states:
    only: []
staff:
  fields:
    only_choice: [one]
queues:
  fields:
    match: str
match:
  fields:
    queue: -> queues
orders:
  phase: 9
  coverage: 100
  fields:
    state: str
    when: date = 2024-02-29
    mail: email = ada@example.com
select_lists:
  fields:
    flag: bool
  states:
    a: [a, b]
    b: [a]
test_results:
  entity: LabResult
  fields:
    result: json?
    m: -> m10
m10:
  fields:
    z: int?
m2:
  fields:
    y: decimal?
    x: -> m10?
categories:
  entity: Kind
  fields:
    parent: -> categories?
    eggs: -> hens?
    sample: -> items?
hens:
  fields:
    kind: -> categories
items:
  fields:
    number: str? = await the needle, async with 診療所 🏥
    category: -> categories?
    contact_email: email
    stage: [await payment, async with care, AsyncSession]
  unique: [number]
  search: [number, contact_email]
  states:
    open: [open]
t2_:
  fields:
    p: [short]
    my_mail: [a b, a_b]
    back: -> items?
    items: json
    total: int
  states:
    a_: [a_]
""")

# Own modules that refer to the catalog, to each other, and to themselves.
BESIDE_THE_CATALOG = yaml.safe_load("""
invoices:
  phase: 4
  coverage: 90
  fields:
    number: str
    amount: decimal
    patient: -> patients
    corrects: -> invoices?
  unique: [number]
  search: [number]
  states:
    draft: [sent, void]
    sent: [paid, void]
    paid: []
    void: []
payments:
  fields:
    invoice: -> invoices
    patient: -> patients
    ticket: -> tickets?
    method: [card, cash]
    paid_on: date
    telephone: phone?
    receipt: file?
    country: country?
""")


def typical_modules(number: int) -> dict[str, Any]:
    """Describe modules with five fields, one unique, one searched, and four states; each tenth refers to the previous one."""
    return {
        f"things{n}": _typical() if n % 10 else _typical(previous=f"-> things{n - 1}") for n in range(1, number + 1)
    }


def small_modules(number: int) -> dict[str, Any]:
    """Describe modules of two fields."""
    return {f"items{n}": {"phase": n % 9 + 1, "fields": {"name": "str", "size": "int?"}} for n in range(1, number + 1)}


def _typical(**more_fields: str) -> dict[str, Any]:
    return {
        "fields": {"title": "str", "copies": "int = 1", "fee": "decimal?", "kind": ["short", "long"], "due": "date"}
        | more_fields,
        "unique": ["title"],
        "search": ["title"],
        "states": {"requested": ["active", "rejected"], "active": ["returned"], "returned": [], "rejected": []},
    }


CASES: dict[str, dict[str, Any]] = {
    # The longest comes first, so that the workers finish at about the same time.
    "sixty": {"project_name": "Sixty", "domain": "blank", "own_modules": typical_modules(20) | small_modules(40)},
    "everything": {"modules": offered_in("clinic"), "own_modules": BESIDE_THE_CATALOG},
    "everything-async": {
        "modules": offered_in("clinic"),
        "own_modules": BESIDE_THE_CATALOG,
        "database_access": "async",
    },
    "platform": {"domain": "platform", "modules": offered_in("platform")},
    "platform-async": {"domain": "platform", "modules": offered_in("platform"), "database_access": "async"},
    "defaults": {},
    "async": {"database_access": "async"},
    "blank": {"project_name": "Library", "domain": "blank", "own_modules": LIBRARY},
    "blank-async": {"project_name": "Library", "domain": "blank", "own_modules": LIBRARY, "database_access": "async"},
    "limits": {
        "project_name": "Bob's & Ann's (new) Clinic",
        "description": '"It\'s {{ braces }}", {% tags %}, 100 % emoji 🏥, <b>markup</b>, `code`, ${ a dollar } and "quotes"',
        "domain": "blank",
        "own_modules": LIMITS,
        "plan": {"orders": {"phase": 8, "coverage": 100}},
    },
    "limits-async": {"project_name": "Z" * 60, "domain": "blank", "own_modules": LIMITS, "database_access": "async"},
    "patients": {"modules": ["patients"]},
    "tickets": {"modules": ["tickets"]},
    "empty": {"modules": []},
    "empty-async": {"modules": [], "database_access": "async"},
}
