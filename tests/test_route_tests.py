"""The tests of every route find the mistakes in a new route, and the removal of a released one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service

CASES = {"sync": "defaults", "async": "async"}
TESTS = (
    "tests/api/core/test_tenancy.py",
    "tests/api/core/test_bad_requests.py",
    "tests/api/core/test_repeated_requests.py",
)
# They ignore the organisation, unknown ids and keys, and their models do not extend the base classes of the core. Two
# need no token: one is not declared public, and the other reads records of all organisations.
ROUTE = """

from fastapi import APIRouter
from pydantic import BaseModel


class Paint(BaseModel):
    colour: str = "red"


@router.get("/{ticket_id}/colours")
def list_colours(ticket_id: UUID, limit: int = 1) -> list[str]:
    return ["red"]


@router.put("/{ticket_id}/colour")
def paint(ticket_id: UUID, paint: Paint) -> str:
    return paint.colour


others = APIRouter(prefix="/colours")


@others.post("")
def mix(paint: Paint) -> str:
    return paint.colour


router.include_router(others)
unguarded = APIRouter()


@unguarded.get("/favourite-colour")
def show_favourite_colour() -> str:
    return "red"


router.public.include_router(unguarded)


@router.public.get("/colours")
ASYNCdef count_colours(service: Service) -> int:
    AWAITservice.list()
    return 1
"""
API_CHANGES = ("tests/api/core/test_api_changes.py",)
FAILURES = {
    "test_no_change_breaks_a_client",
    "test_every_route_requires_a_token[GET /tickets/favourite-colour]",
    "test_a_public_route_needs_no_token[GET /tickets/colours]",
    "test_a_bad_key_is_refused[POST /tickets/colours]",
    "test_an_unknown_record_is_not_found[GET /tickets/{ticket_id}/colours]",
    "test_an_unknown_record_is_not_found[PUT /tickets/{ticket_id}/colour]",
    "test_an_unknown_field_is_refused[PUT /tickets/{ticket_id}/colour]",
    "test_a_bad_query_is_refused[GET /tickets/{ticket_id}/colours-{'limit': 0}]",
    "test_a_bad_query_is_refused[GET /tickets/{ticket_id}/colours-{'no_such_filter': 1}]",
    "test_a_record_of_another_organisation_is_not_found[GET /tickets/{ticket_id}/colours]",
    "test_a_record_of_another_organisation_is_not_found[PUT /tickets/{ticket_id}/colour]",
}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("sync", marks=pytest.mark.xdist_group(CASES["sync"])),
        # The same tests, derived for the other form.
        pytest.param("async", marks=[pytest.mark.xdist_group(CASES["async"]), pytest.mark.long]),
    ],
)
def test_careless_route_is_found(written: Callable[[str], Service], tmp_path: Path, form: str) -> None:
    service = written(CASES[form]).copy(tmp_path / "service")
    # What the API had when it was released. Then a route was removed.
    service.run("pytest", "--no-cov", *API_CHANGES, "--store-openapi")
    stored = service.folder / "openapi.json"
    stored.write_text(stored.read_text(encoding="utf-8").replace('"/tickets/{ticket_id}/', '"/cards/{ticket_id}/', 1))
    router = service.folder / "src" / service.package / "modules/tickets/router.py"
    route = ROUTE.replace("ASYNC", "async " * (form == "async")).replace("AWAIT", "await " * (form == "async"))
    router.write_text(router.read_text(encoding="utf-8") + route)

    output = service.run("pytest", "--no-cov", *TESTS, *API_CHANGES, expect=pytest.ExitCode.TESTS_FAILED)

    failed = {line.partition("::")[2].partition(" - ")[0] for line in output.splitlines() if line.startswith("FAILED")}
    assert failed >= FAILURES
    assert {name for name in failed - FAILURES if "colour" not in name} == set()
