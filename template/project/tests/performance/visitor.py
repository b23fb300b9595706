"""The base class of the users of load tests."""

import os
from http import HTTPStatus
from random import choice
from typing import Any

from locust import HttpUser


class Visitor(HttpUser):  # type: ignore[misc]  # Locust is untyped for mypy, see pyproject.toml
    """A user with a token; requests are grouped by path without ids."""

    abstract = True

    def on_start(self) -> None:
        """Send the token in LOAD_TOKEN with every request."""
        self.client.headers["Authorization"] = f"Bearer {os.environ['LOAD_TOKEN']}"

    def browse(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return the records of a page, or none if the request fails."""
        name = f"{path}?{'&'.join(query)}" if query else path
        response = self.client.get(path, params=query, name=name)
        records: list[dict[str, Any]] = response.json()["items"] if response.status_code == HTTPStatus.OK else []
        return records

    def pick(self, path: str) -> dict[str, Any]:
        """Return a random record of a page; raise `LookupError` if it is empty."""
        records = self.browse(path)
        if not records:
            raise LookupError(f"{path} has no records.")
        return choice(records)

    def read(self, path: str) -> None:
        """Get a random record of a page."""
        record = self.pick(path)
        self.client.get(f"{path}/{record['id']}", name=path + "/{id}")
