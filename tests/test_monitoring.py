"""Tests of the Prometheus configuration and alerts."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.engine import run
from tests.support.services import Service

pytestmark = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="no promtool: it comes with Prometheus, as in Debian's package `prometheus`",
)


@pytest.fixture
def monitoring(written: Callable[[str], Service], tmp_path: Path) -> Path:
    """A copy of the Prometheus configuration of a service."""
    return Path(shutil.copytree(written("defaults").folder / "monitoring", tmp_path / "monitoring"))


def test_configuration_is_valid(monitoring: Path) -> None:
    run("promtool", "check", "config", "prometheus.yml", cwd=monitoring)


def test_configuration_without_a_worker_is_valid(written: Callable[[str], Service], tmp_path: Path) -> None:
    monitoring = shutil.copytree(written("blank").folder / "monitoring", tmp_path / "monitoring")

    assert [file.name for file in sorted(monitoring.iterdir())] == ["alerts.yml", "alerts_test.yml", "prometheus.yml"]
    run("promtool", "check", "config", "prometheus.yml", cwd=monitoring)


@pytest.mark.parametrize("rules", ["alerts", "worker_alerts"])
def test_alerts_pass_their_tests(monitoring: Path, rules: str) -> None:
    run("promtool", "check", "rules", f"{rules}.yml", cwd=monitoring)
    run("promtool", "test", "rules", f"{rules}_test.yml", cwd=monitoring)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('up{job="worker"} == 0', 'up{job="worker"} == 2'),
        ('+ sum(increase(tasks_expired_total{job="worker"}[30m])) == 0', "== 0"),
        ('job="worker"}[30m])) == 0', 'job="worker"}[30m])) == 2'),
        ("[30m]", "[10m]"),
        ("for: 15m", "for: 1m"),
        ("== 0", "== 2"),
        ('status="503"', 'status="200"'),
        ("> 0.01", "> 0.03"),
        ('status=~"5.."', 'status=~"4..|5.."'),
        ("0.95,", "0.85,"),
        (
            'http_request_duration_seconds_bucket{job="app", route!~"/health|/ready|/metrics"}',
            "http_request_duration_seconds_bucket",
        ),
        ("> 0.5\n", "> 0.8\n"),
        ("> 2\n", "> 3\n"),
        ("for: 10m", "for: 1m"),
    ],
)
def test_changed_alert_fails_its_test(monitoring: Path, before: str, after: str) -> None:
    files = {path: path.read_text(encoding="utf-8") for path in sorted(monitoring.glob("*alerts.yml"))}
    alerts = next(path for path, text in files.items() if before in text)
    alerts.write_text(files[alerts].replace(before, after), encoding="utf-8")

    tests = f"{alerts.stem}_test.yml"
    assert run("promtool", "test", "rules", tests, cwd=monitoring, check=False).returncode == 1
