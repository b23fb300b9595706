"""The forms in which findings are printed."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .check import Check, Finding
from .project import Project

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
GITHUB = {"error": "error", "warning": "warning", "note": "notice"}

Checks = Sequence[Check]
Format = Callable[[Project, Checks, Sequence[Finding]], str]


def to_text(project: Project, checks: Checks, findings: Sequence[Finding]) -> str:
    """Return one line for each finding, with its hint below, then what each check adds."""
    lines = []
    for finding in findings:
        path = os.path.relpath(project.root / finding.path, Path.cwd())
        lines.append(f"{path}:{finding.line}:{finding.column}: {finding.check}: {finding.message}")
        if finding.hint:
            lines.append(f"    {finding.hint}")
    lines.extend(filter(None, (check.close(project, of(check, findings)) for check in checks if check.close)))
    if findings:
        lines.append(_total(findings))
    return "".join(f"{line}\n" for line in lines)


def _total(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.level for finding in findings)
    parts = [f"{count} {level}{'s' if count > 1 else ''}" for level, count in sorted(counts.items(), key=str)]
    return f"Found {', '.join(parts)}."


def of(check: Check, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings of one check."""
    return [finding for finding in findings if finding.check == check.name]


def to_json(project: Project, checks: Checks, findings: Sequence[Finding]) -> str:
    """Return an object with the findings, the checks that ran and the files that were not read."""
    report = {
        "checks": [check.name for check in checks],
        "findings": [_plain(finding) for finding in findings],
        "unread": dict(sorted(project.unread.items())),
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "level": finding.level,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.last_line,
        "message": finding.message,
        "hint": finding.hint,
        "verdict": finding.verdict,
        "key": finding.identity,
        "data": dict(finding.data),
    }


def to_sarif(_: Project, checks: Checks, findings: Sequence[Finding]) -> str:
    """Return a SARIF 2.1.0 log that GitHub accepts."""
    seen: Counter[tuple[str, str, str]] = Counter()
    results = []
    for finding in findings:
        identity = finding.path, finding.check, finding.identity
        seen[identity] += 1
        results.append(_result(finding, fingerprint(*identity, str(seen[identity]))))
    rules = {check.name: check.summary for check in checks}
    rules |= {finding.check: "A comment that allows nothing." for finding in findings if finding.check not in rules}
    driver = {"name": "phasework check", "rules": [_rule(name, summary) for name, summary in rules.items()]}
    log = {"$schema": SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(name: str, summary: str) -> Mapping[str, Any]:
    text = {"text": summary}
    return {"id": name, "name": name, "shortDescription": text, "fullDescription": text, "help": text}


def _result(finding: Finding, mark: str) -> Mapping[str, Any]:
    region = {"startLine": finding.line, "startColumn": finding.column, "endLine": finding.last_line}
    artifact = {"uri": finding.path, "uriBaseId": "%SRCROOT%"}
    return {
        "ruleId": finding.check,
        "level": finding.level,
        "message": {"text": " ".join(filter(None, (finding.message, finding.hint)))},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "partialFingerprints": {"phasework/v1": mark},
        "properties": {"verdict": finding.verdict, **finding.data},
    }


def fingerprint(*parts: str) -> str:
    """Return a short text that stays the same when lines move."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:32]


def to_github(_: Project, __: Checks, findings: Sequence[Finding]) -> str:
    """Return workflow commands, which GitHub shows next to the lines of a pull request."""
    lines = []
    for finding in findings:
        values = {
            "file": finding.path,
            "line": str(finding.line),
            "col": str(finding.column),
            "endLine": str(finding.last_line),
            "title": finding.check,
        }
        properties = ",".join(f"{name}={_escape(value, ':,')}" for name, value in values.items())
        text = _escape(" ".join(filter(None, (finding.message, finding.hint))))
        lines.append(f"::{GITHUB[str(finding.level)]} {properties}::{text}\n")
    return "".join(lines)


def _escape(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


FORMATS: dict[str, Format] = {"text": to_text, "json": to_json, "sarif": to_sarif, "github": to_github}
