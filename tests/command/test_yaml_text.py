"""Whatever is wrong in YAML, one sentence says where, and what to write instead."""

import pytest

from phasework.yaml_text import InvalidYaml, parse_yaml

QUOTES = "put the text in quotes"
WRONG = {
    "a bracket is open": (
        "loans:\n  fields:\n    kind: [short, long\n    title: str\n",
        "line 3, column 11: close the bracket that opens here, as in [short, long]",
    ),
    "a brace is open": (
        "plan:\n  loans: {phase: 2\n",
        "line 2, column 10: close the brace that opens here, as in {phase: 2, coverage: 80}",
    ),
    "nothing after a brace": ("loans: {", "line 1, column 9: close the bracket or brace before it"),
    "a bracket is not open": ("search: [title]]\n", "line 1, column 16: leave out this bracket, which nothing opens"),
    "a quote is open": ('title: "Ada\n', "line 1, column 8: close the quote that opens here"),
    "an optional choice": (
        "loans:\n  fields:\n    kind: [a, b]?\n",
        'line 3, column 17: put all of it in quotes, as in "[short, long]?"',
    ),
    "an optional choice in braces": (
        "{fields: {kind: [a, b]?}}",
        'line 1, column 23: put all of it in quotes, as in "[short, long]?"',
    ),
    "a tab": ("loans:\n\tfields:\n", "line 2, column 1: indent with spaces, not with a tab"),
    "a line that is too far left": (
        "loans:\n    phase: 2\n  fields: {}\n",
        "line 3, column 3: indent this line like the lines that it belongs to",
    ),
    "a line that is too far right": (
        "loans:\n  phase: 2\n    fields: {}\n",
        "line 3, column 11: indent this line like the one above, or end that one with a colon",
    ),
    "a colon is missing": (
        "loans:\n  fields\n    title: str\n",
        "line 3, column 10: indent this line like the one above, or end that one with a colon",
    ),
    "no value": ("loans:\n  phase: 2\n  fields\n", "line 3, column 3: write NAME: VALUE, with a colon and a space"),
    "a colon in a text": (
        "description: Lends: books\n",
        "line 1, column 19: put a text with a colon in quotes, or begin a new line after the first colon",
    ),
    "a colon in braces": ("{description: Lends: books}", "line 1, column 20: put a text with a colon in quotes"),
    "a text after a quote": ('title: "Ada" Lovelace\n', "line 1, column 14: put all of the text in quotes"),
    "a list and names": (
        "loans:\n  fields: {}\n  - title\n",
        "line 3, column 3: write either a list or names with values here, not both",
    ),
    "a sign at the beginning": ("title: @ada\n", f"line 1, column 8: {QUOTES}"),
    "a star": ("title: *\n", f"line 1, column 9: {QUOTES}"),
    "a comma": ("title: , ada\n", f"line 1, column 8: {QUOTES}"),
    "a backslash": (
        'title: "\\d"\n',
        "line 1, column 10: use single quotes, in which a backslash is plain text",
    ),
    "a tag": ("title: !text ada\n", "line 1, column 8: leave out the tag"),
    "no such day": (
        "due: 2030-02-30\n",
        "line 1, column 6: 2030-02-30 cannot be read (day is out of range for month); put a text in quotes",
    ),
    "a name that is a list": ("[a, b]: 1\n", "line 1, column 1: use text for a name"),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2, column 1: leave out this line: one document is enough"),
    "a conflict of git": ("a: 1\n<<<<<<< yours\nb: 2\n=======\n", "line 2: resolve git's conflict"),
    "a module twice": (
        "loans:\n  fields: {title: str}\nloans:\n  fields: {title: text}\n",
        "line 3, column 1: loans is already in line 1; use each name once",
    ),
    "a field twice": (
        "loans: {fields: {title: str, title: text}}",
        "line 1, column 30: title is already in line 1; use each name once",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_gets_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidYaml) as error:
        parse_yaml(text)

    assert str(error.value) == sentence


def test_names_may_be_used_again_elsewhere() -> None:
    text = "loans: &loans {title: str}\nmembers: {title: str}\nfines:\n  <<: *loans\n  title: text\n"

    assert parse_yaml(text) == {
        "loans": {"title": "str"},
        "members": {"title": "str"},
        "fines": {"title": "text"},
    }
