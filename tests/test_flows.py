"""Tests of the flows."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.services import ROOT, Service, copy_template, write_service

FLOWS = sorted((ROOT / "template" / "flows").iterdir())
FOLDERS = {"integration": "tests/integration/test_{}_flow.py", "e2e": "tests/e2e/test_{}_flow_e2e.py"}


def read_flow(folder: Path) -> dict[str, Any]:
    """Return the flow.yml of a folder."""
    flow: dict[str, Any] = yaml.safe_load((folder / "flow.yml").read_text(encoding="utf-8"))
    return flow


@pytest.mark.parametrize("folder", FLOWS, ids=lambda folder: folder.name)
class TestFlow:
    """Each folder in template/flows/."""

    def test_flow_yml_is_complete(self, folder: Path) -> None:
        flow = read_flow(folder)

        assert flow["name"] == folder.name
        assert flow["tier"] in FOLDERS
        assert flow["title"]
        assert flow["needs"] == sorted(flow["needs"])
        assert {file.name for file in folder.iterdir()} == {"flow.yml", "test_flow.py"}

    @pytest.mark.parametrize("case", ["defaults", "async", "patients", "tickets", "blank", "empty"])
    def test_is_written_if_the_service_has_its_modules(
        self, folder: Path, written: Callable[[str], Service], case: str
    ) -> None:
        flow, service = read_flow(folder), written(case)

        is_there = FOLDERS[flow["tier"]].format(flow["name"]) in service.files

        assert is_there == (set(flow["needs"]) <= set(service.modules))


def test_an_own_module_does_not_replace_a_catalog_module(template: Path, tmp_path: Path) -> None:
    own = {name: {"fields": {"name": "str"}} for name in ("journeys", "patients", "tickets")}

    service = write_service(template, tmp_path / "service", {"domain": "blank", "own_modules": own})

    assert [file for file in service.files if "_flow" in file] == []


def test_a_flow_is_one_folder(tmp_path: Path) -> None:
    template = copy_template(tmp_path / "template")
    shutil.copytree(template / "template" / "flows" / "care_pathway", template / "template" / "flows" / "detour")
    (template / "template" / "flows" / "detour" / "flow.yml").write_text(
        "name: detour\ntitle: Another way\ntier: integration\nneeds: [patients]\n", encoding="utf-8"
    )

    service = write_service(template, tmp_path / "service", {"modules": ["patients"]})

    assert [file for file in service.files if "_flow" in file] == ["tests/integration/test_detour_flow.py"]
