"""The check says what mocks stand in for, and which to replace first."""

import json
from collections.abc import Callable

from .conftest import Project, Result

Check = Callable[..., Result]

CODE = """\
import smtplib, time

def send(text):
    smtplib.SMTP().send(text)

def price(item): ...
"""
TESTS = """\
from unittest.mock import patch

import pytest
from freezegun import freeze_time

@patch("shop.send")
def test_a(send): ...

@patch("shop.send")
@patch("shop.price")
def test_b(price, send): ...

@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)

@patch("shop.price")
def test_c(price, quiet): ...

@freeze_time("2020-01-01")
def test_d(monkeypatch):
    monkeypatch.setenv("A", "b")
"""
PLAN = """\
tests/test_it.py: 2 external API, 2 service, 2 time, 1 settings
All: 2 external API, 2 service, 2 time, 1 settings

1. external API: 2 mocks in 2 tests. 1 test without a mock after it.
   Use a local server, or a double of the library that makes the calls: respx, responses, moto.
2. service: 2 mocks in 2 tests. 1 test without a mock after it.
   Use the real function or class; where it is too slow, a mock with its spec (create_autospec).
3. time: 1 mock in 1 test. 1 test without a mock after it.
   Use time-machine, or a clock that the code gets as an argument.
"""


def write(project: Project) -> None:
    """Write a module and its tests."""
    project.write("shop.py", CODE)
    project.write("tests/test_it.py", TESTS)


def test_kinds_are_counted_by_module_and_ordered_by_the_tests_that_they_clear(project: Project, check: Check) -> None:
    write(project)

    result = check("mock_classifier")

    assert (result.code, result.out) == (0, PLAN)


def test_each_mock_has_a_kind_a_reason_and_its_tests(project: Project, check: Check) -> None:
    write(project)

    report = json.loads(check("mock_classifier", "--all", "--format=json").out)

    first = report["findings"][0]
    assert (first["line"], first["level"], first["verdict"]) == (6, "note", "external API")
    assert first["message"] == "shop.send is a mock of kind external API: send in shop.py talks to it."
    assert first["data"]["tests"] == ["tests/test_it.py::test_a"]
    assert [finding["hint"] for finding in report["findings"]].count("") == 2


def test_the_page_has_a_row_for_each_module(project: Project, check: Check) -> None:
    write(project)

    page = check("mock_classifier", "--format=html").out

    assert '<tr><td>tests/test_it.py</td><td class="number">0</td><td class="number">1</td>' in page
    assert "external API: 2 mocks in 2 tests." in page


def test_a_suite_without_mocks(project: Project, check: Check) -> None:
    project.write("tests/test_it.py", "def test_it(): ...\n")

    assert check("mock_classifier").out == "There are no mocks.\n"
