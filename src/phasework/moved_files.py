"""The files that the template has moved: an update moves a team's edits along, however different the file has become.

Git finds the others by their similarity.
"""

from .git import Tree

MOVED = {
    "scripts/create_token.py": "src/{package}/create_token.py",
    "tests/api/test_errors_api.py": "tests/api/core/test_errors.py",
    "tests/api/test_health_api.py": "tests/api/core/test_health.py",
    "tests/api/test_metrics_api.py": "tests/api/core/test_metrics.py",
    "tests/api/test_security_api.py": "tests/api/core/test_security.py",
    "tests/api/test_tenancy_api.py": "tests/api/core/test_tenancy.py",
    "tests/api/test_transactions_api.py": "tests/api/core/test_transactions.py",
    "tests/performance/yardstick.py": "tests/performance/baseline.py",
    "tests/unit/scripts/test_create_token.py": "tests/api/core/test_create_token.py",
}
"""The newest place of each moved file by its old one; `{package}` is the name of the service's package."""


def find_listed_moves(base: Tree, new: Tree) -> dict[str, str]:
    """Return the new places of files that the template wrote at the last update, and now writes elsewhere."""
    package = next((path.split("/")[1] for path in new if path.startswith("src/")), "")
    moves = {old: place.format(package=package) for old, place in MOVED.items() if old in base and old not in new}
    return {old: place for old, place in moves.items() if place in new and place not in base}
