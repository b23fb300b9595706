"""A user of the service, and what everything that users do is made of."""

import os
from http import HTTPStatus
from random import choice
from typing import Any

from locust import HttpUser


class Visitor(HttpUser):  # type: ignore[misc]  # mypy knows Locust as little without the group `performance` as with it
    """A user with a token; requests are counted by their path, without identifiers."""

    abstract = True

    def on_start(self) -> None:
        """Send the token of LOAD_TOKEN with every request."""
        self.client.headers["Authorization"] = f"Bearer {os.environ['LOAD_TOKEN']}"

    def browse(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return the records of a page; those of one that could not be had are none."""
        name = f"{path}?{'&'.join(query)}" if query else path
        answer = self.client.get(path, params=query, name=name)
        records: list[dict[str, Any]] = answer.json()["items"] if answer.status_code == HTTPStatus.OK else []
        return records

    def pick(self, path: str) -> dict[str, Any]:
        """Return any record of a page; raise LookupError where there is none."""
        records = self.browse(path)
        if not records:
            raise LookupError(f"{path} lists nothing.")
        return choice(records)

    def read(self, path: str) -> None:
        """Look at any record of a page."""
        record = self.pick(path)
        self.client.get(f"{path}/{record['id']}", name=path + "/{id}")
