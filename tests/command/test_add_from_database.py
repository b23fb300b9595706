"""`phasework add --from-database` describes tables, names what it cannot express, and the template accepts what it prints."""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from phasework.cli import app
from phasework.modules import change_answers
from phasework.rules import Rules
from tests.support.servers import Server

# Tables of a shop for music, in the style of SQL Server.
MUSIC = """
CREATE TABLE Artist (ArtistId INTEGER PRIMARY KEY, Name NVARCHAR(120));
CREATE UNIQUE INDEX artist_name ON Artist (lower(Name));
CREATE TABLE Album (
  AlbumId INTEGER PRIMARY KEY,
  Title NVARCHAR(160) NOT NULL,
  ArtistId INTEGER NOT NULL REFERENCES Artist (ArtistId)
);
CREATE TABLE Employee (
  EmployeeId INTEGER PRIMARY KEY,
  Email NVARCHAR(60) NOT NULL UNIQUE,
  class TEXT,
  ReportsTo INTEGER NOT NULL REFERENCES Employee (EmployeeId)
);
CREATE TABLE Track (
  TrackId INTEGER PRIMARY KEY,
  Name NVARCHAR(200) NOT NULL,
  AlbumId INTEGER REFERENCES Album (AlbumId),
  Composer NVARCHAR(220),
  Milliseconds INTEGER NOT NULL CHECK (Milliseconds > 0),
  UnitPrice NUMERIC(12,2) NOT NULL DEFAULT 0.99,
  Quality TEXT NOT NULL CHECK (Quality IN ('low', 'high')),
  metadata JSON,
  Sample BLOB,
  created_at DATETIME NOT NULL,
  UNIQUE (Name, AlbumId)
);
CREATE TABLE Playlist (PlaylistId INTEGER PRIMARY KEY, Name NVARCHAR(120));
CREATE TABLE PlaylistTrack (
  PlaylistId INTEGER NOT NULL REFERENCES Playlist (PlaylistId),
  TrackId INTEGER NOT NULL REFERENCES Track (TrackId) ON DELETE CASCADE,
  PRIMARY KEY (PlaylistId, TrackId)
);
CREATE TABLE Currency (Code CHAR(3) PRIMARY KEY, Active BOOLEAN NOT NULL DEFAULT 1);
CREATE TABLE Stamp (id INTEGER PRIMARY KEY, image BLOB);
CREATE TABLE alembic_version (version_num VARCHAR(32));
"""
# Tables of a library, with what only PostgreSQL has.
LIBRARY = """
CREATE TYPE kind AS ENUM ('short', 'long');
CREATE DOMAIN isbn AS varchar(13) CHECK (VALUE ~ '^[0-9]+$');
CREATE TABLE shelves (
  id uuid PRIMARY KEY,
  room integer NOT NULL,
  level integer NOT NULL,
  first_book uuid NOT NULL,
  UNIQUE (room, level)
);
CREATE TABLE books (
  id uuid PRIMARY KEY,
  isbn isbn NOT NULL UNIQUE,
  title text NOT NULL,
  shelf_id uuid NOT NULL REFERENCES shelves (id),
  room integer,
  level integer,
  tags text[] NOT NULL DEFAULT '{}',
  title_upper text GENERATED ALWAYS AS (upper(title)) STORED,
  FOREIGN KEY (room, level) REFERENCES shelves (room, level)
);
ALTER TABLE shelves ADD FOREIGN KEY (first_book) REFERENCES books (id);
COMMENT ON TABLE books IS 'What the library owns.';
COMMENT ON COLUMN books.title IS 'As on the cover.';
CREATE UNIQUE INDEX ON books (lower(title)) WHERE room IS NULL;
CREATE TABLE loans (
  loan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  book_id uuid NOT NULL REFERENCES books ON DELETE CASCADE,
  kind kind NOT NULL,
  status varchar(10) NOT NULL CHECK (status IN ('open', 'back')),
  starts timestamptz NOT NULL DEFAULT now(),
  noted timestamp,
  begins_on date NOT NULL,
  ends_on date,
  copies integer NOT NULL DEFAULT 1 CHECK (copies BETWEEN 1 AND 99),
  weight double precision CHECK (weight >= 0.5),
  rate real CHECK (rate > 0),
  CHECK (ends_on >= begins_on),
  CHECK (length(note) > 3),
  fee numeric(8, 3) DEFAULT 1.5,
  address inet,
  note varchar(300) DEFAULT 'none'::character varying,
  details jsonb
);
"""


@pytest.fixture
def describe(tmp_path: Path) -> Callable[..., tuple[str, dict[str, Any]]]:
    """Return a function that prints the tables of a database, and returns the text and what it means."""

    def run(url: str, *tables: str) -> tuple[str, dict[str, Any]]:
        outcome = CliRunner().invoke(app, ["add", "--folder", str(tmp_path), "--from-database", url, *tables])
        assert outcome.exit_code == 0, outcome.output
        return outcome.stdout, yaml.safe_load(outcome.stdout)

    return run


@pytest.fixture
def music(tmp_path: Path) -> str:
    """The URL of a SQLite database."""
    with sqlite3.connect(tmp_path / "music.db") as connection:
        connection.executescript(MUSIC)
    connection.close()
    return f"sqlite:///{tmp_path}/music.db"


def test_tables_become_modules(describe: Callable[..., tuple[str, dict[str, Any]]], music: str, rules: Rules) -> None:
    text, modules = describe(music)

    # The template accepts them in a service.
    answers = rules.with_defaults({"domain": "blank"})
    assert change_answers(rules, answers, modules)["own_modules"] == modules
    assert list(modules) == ["albums", "artists", "currencies", "employees", "playlists", "playlist_tracks", "tracks"]
    assert modules["albums"]["fields"]["artist"] == "-> artists"
    assert modules["currencies"]["unique"] == ["code"]
    assert modules["currencies"]["fields"]["active"] == "bool = true"
    assert modules["employees"]["unique"] == ["email"]
    assert modules["employees"]["fields"]["reports_to"] == "-> employees?"
    assert modules["playlist_tracks"]["fields"] == {"playlist": "-> playlists", "track": "part of tracks"}
    track = modules["tracks"]["fields"]
    assert list(track) == ["name", "album", "composer", "milliseconds", "unit_price", "quality", "track_metadata"]
    assert track["album"] == "-> albums?"
    assert [track[name] for name in ("name", "composer", "milliseconds")] == ["str(..200)", "text(..220)?", "int(1..)"]
    assert track["unit_price"] == "decimal(12, 2) = 0.99"
    assert track["quality"] == ["low", "high"]
    assert track["track_metadata"] == "json?"
    assert "    # the column is called metadata\n    track_metadata: json?\n" in text


def test_what_cannot_be_expressed_is_a_comment(describe: Callable[..., tuple[str, dict[str, Any]]], music: str) -> None:
    text, _ = describe(music)

    for comment in (
        "# Skipped unsupported reflection of expression-based index artist_name\n",
        "    # optional here, because it refers to its own table\n    reports_to: ",
        "    # the column is called class\n    employee_class: ",
        "    # sample is left out: no type is like BLOB\n",
        "# stamps: no field is left\n",
    ):
        assert comment in text


def test_types_of_postgresql_are_known(
    describe: Callable[..., tuple[str, dict[str, Any]]], server: Server, rules: Rules
) -> None:
    server.query("postgres", "CREATE DATABASE library")
    server.query("library", LIBRARY)

    text, modules = describe(server.url("library"))

    assert change_answers(rules, rules.with_defaults({"domain": "blank"}), modules)["own_modules"] == modules
    assert list(modules) == ["books", "loans", "shelves"]
    loan = modules["loans"]["fields"]
    dates, numbers = ["begins_on", "ends_on"], ["copies", "weight", "rate"]
    assert list(loan) == ["book", "kind", "status", "starts", "noted", *dates, *numbers, "fee", "note", "details"]
    assert [loan[name] for name in numbers] == ["int(1..99) = 1", "float(0.5..)?", "float?"]
    assert loan["fee"] == "decimal(8, 3)? = 1.5"
    assert modules["loans"]["check"] == ["ends_on >= begins_on"]
    assert modules["books"]["fields"]["title"] == {"type": "text", "help": "As on the cover."}
    assert modules["shelves"]["unique"] == [["room", "level"]]
    assert (loan["book"], loan["kind"], loan["status"]) == ("part of books", ["short", "long"], ["open", "back"])
    assert (loan["starts"], loan["noted"], loan["details"]) == ("datetime", "datetime?", "json?")
    assert "isbn" in modules["books"]["unique"]
    # A first record could not be created otherwise.
    assert {modules["books"]["fields"]["shelf"], modules["shelves"]["fields"]["first_book"]} == {
        "-> shelves?",
        "-> books",
    }
    for comment in (
        "# What the library owns.\n",
        "# Not expressed: CHECK (length(note::text) > 3).\n",
        "    # rate > 0\n    rate: ",
        "# Not expressed: a unique index (lower(title)) WHERE (room IS NULL).\n",
        "# Not expressed: a foreign key (room, level) to shelves.\n",
        "    # title_upper is left out: the database computes it\n",
        "    # address is left out: no type is like INET\n",
        "    # optional here, because required references form a cycle\n",
        "    # default now()\n    starts: datetime\n",
        "    # with a time zone here\n    noted: ",
    ):
        assert comment in text


def test_only_chosen_tables_are_described(describe: Callable[..., tuple[str, dict[str, Any]]], music: str) -> None:
    text, modules = describe(music, "Album", "Currency")

    assert list(modules) == ["albums", "currencies"]
    assert modules["albums"]["fields"]["artist"] == "int"
    assert "    # the column refers to Artist\n" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nosuch://x"], "sqlalchemy.dialects:nosuch: install a package for this database, or correct the URL."),
        (["mysql://a@localhost/x"], "the driver MySQLdb has to be installed: add `--with 'mysqlclient'` after `uvx`."),
        (["library"], "write it as in postgresql://user:password@localhost/library."),
        (["sqlite:///no/such/folder/x.db"], "The database cannot be read: unable to open database file"),
        (["sqlite://", "loans"], "The database has no table loans; it has none."),
        (["sqlite://", "--from", "modules.yml"], "print the modules into a file"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(arguments: list[str], sentence: str) -> None:
    outcome = CliRunner().invoke(app, ["add", "--from-database", *arguments])

    assert outcome.exit_code != 0
    assert sentence in " ".join(outcome.output.replace("│", " ").split())


def test_sqlalchemy_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)

    outcome = CliRunner().invoke(app, ["add", "--from-database", "sqlite://"])

    assert outcome.exit_code == 1
    assert "SQLAlchemy has to be installed: add `--with sqlalchemy` after `uvx`." in outcome.output
