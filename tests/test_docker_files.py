"""Tests of the files that Docker reads."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service, write_service

CASES = ("defaults", "async", "blank", "patients")


def test_worker_and_redis_exist_if_a_module_has_tasks(written: Callable[[str], Service]) -> None:
    files = {case: written(case).files["docker-compose.yml"].decode() for case in CASES}

    assert [case for case, text in files.items() if "\n  worker:\n" in text and "\n  redis:\n" in text] == [
        "defaults",
        "async",
    ]
    assert [case for case, text in files.items() if "redis" in text.lower()] == ["defaults", "async"]


@pytest.mark.parametrize(("lowest", "chosen"), [("3.11", "3.13"), ("3.14", "3.14")])
def test_image_has_a_supported_python(template: Path, tmp_path: Path, lowest: str, chosen: str) -> None:
    service = write_service(template, tmp_path / "service", {"modules": [], "python_version": lowest})

    assert f"FROM python:{chosen}-slim AS base\n".encode() in service.files["Dockerfile"]
