"""Fixtures for tests of the `phasework` command."""

from collections.abc import Iterator

import pytest

from phasework.rules import Rules, load_rules
from tests.support.person import Person, answering


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The template's own rules."""
    return load_rules()


@pytest.fixture
def person() -> Iterator[Person]:
    """A user who answers every question."""
    with answering() as person:
        yield person
