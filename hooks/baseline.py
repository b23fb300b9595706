"""Findings that are known and allowed, in a file of the project."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .check import Finding, Unusable

DEFAULT = "phasework-baseline.json"
ABOUT = "Findings that `phasework check` allows. Write it again with --update-baseline; it should only get shorter."

Known = Counter[tuple[str, str, str]]
"""How often a finding is allowed, by path, check and key."""


def load(file: Path) -> Known:
    """Return the findings in a file."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Counter(
            {
                (path, check, key): int(count)
                for path, checks in data["findings"].items()
                for check, keys in checks.items()
                for key, count in keys.items()
            }
        )
    except FileNotFoundError:
        raise Unusable(f"There is no baseline {file}: write it with --update-baseline.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unusable(f"{file} is not a baseline: {error!r}.") from None


def new_ones(findings: Iterable[Finding], known: Known) -> Iterator[Finding]:
    """Yield the findings that are not in a baseline. Of several with the same key, the first ones are known."""
    left = Counter(known)
    for finding in findings:
        if finding.level != "note" and left[entry(finding)] > 0:
            left[entry(finding)] -= 1
        else:
            yield finding


def updated(known: Known, findings: Iterable[Finding], checks: Iterable[str], paths: Iterable[str] | None) -> Known:
    """Return a baseline with the findings of a run in place of the old ones of the same checks and files.

    `paths` is None if all files were judged.
    """
    ran, judged = set(checks), None if paths is None else set(paths)
    kept = {
        key: count for key, count in known.items() if key[1] not in ran or (judged is not None and key[0] not in judged)
    }
    return Counter(kept) + Counter(entry(finding) for finding in findings if finding.level != "note")


def save(file: Path, known: Known) -> None:
    """Write a baseline, in an order that merges well."""
    findings: dict[str, dict[str, dict[str, int]]] = {}
    for (path, check, key), count in sorted(known.items()):
        findings.setdefault(path, {}).setdefault(check, {})[key] = count
    data: dict[str, Any] = {"about": ABOUT, "findings": findings}
    try:
        file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise Unusable(f"{file} cannot be written: {error.strerror}.") from None


def entry(finding: Finding) -> tuple[str, str, str]:
    """Return what identifies a finding."""
    return finding.path, finding.check, finding.identity
