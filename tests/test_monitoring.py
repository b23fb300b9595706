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


def test_rules_are_valid(monitoring: Path) -> None:
    run("promtool", "check", "rules", "alerts.yml", cwd=monitoring)


def test_alerts_pass_their_tests(monitoring: Path) -> None:
    run("promtool", "test", "rules", "alerts_test.yml", cwd=monitoring)


@pytest.mark.parametrize(
    ("before", "after"),
    [
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
    alerts = monitoring / "alerts.yml"
    text = alerts.read_text(encoding="utf-8")
    assert before in text
    alerts.write_text(text.replace(before, after), encoding="utf-8")

    assert run("promtool", "test", "rules", "alerts_test.yml", cwd=monitoring, check=False).returncode == 1
