"""The hook of a service is added to the team's configuration of pre-commit, or not at all."""

import pytest
import yaml

from phasework.root_files import add_hook, hook_of

HOOK = hook_of("apps/my.shop", "apps-my-shop")
ENTRY = yaml.safe_load(HOOK)[0]
META = [{"repo": "meta", "hooks": [{"id": "identity"}]}]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("", []),
        ("# Ours.\n", []),
        ("default_stages: [pre-commit]\n", []),
        ("repos:\n- repo: meta\n  hooks: [{id: identity}]", META),
        ("repos:\n  - repo: meta\n    hooks:\n      - id: identity\n", META),
        ("fail_fast: true\nrepos:\n    - repo: meta\n      hooks:\n        - id: identity\n    # The end.\n", META),
    ],
)
def test_a_hook_is_added_at_the_end(text: str, before: list[object]) -> None:
    after = add_hook(text.encode(), HOOK)

    assert after is not None
    assert after.startswith(text.encode())
    assert yaml.safe_load(after) == {**(yaml.safe_load(text) or {}), "repos": [*before, ENTRY]}
    assert add_hook(after, HOOK) == after


@pytest.mark.parametrize(
    "text",
    [
        "repos: []\n",
        "repos:\n",
        "repos: [{repo: meta, hooks: [{id: identity}]}]\n",
        "repos:\n  - repo: meta\n    hooks:\n      - id: identity\nexclude: ^docs/\n",
        "- repo: meta\n",
        "repos: [\n",
        "text\n",
    ],
)
def test_nothing_is_added_where_the_end_is_not_the_list(text: str) -> None:
    assert add_hook(text.encode(), HOOK) is None


def test_the_ends_of_lines_stay() -> None:
    after = add_hook(b"repos:\r\n- repo: meta\r\n  hooks: [{id: identity}]", HOOK)

    assert after is not None
    assert after.count(b"\n") == after.count(b"\r\n") == 2 + 1 + HOOK.count("\n")


@pytest.mark.parametrize(
    ("text", "encoding"), [("# Für uns.\nfail_fast: true\n", "latin-1"), ("fail_fast: true\n", "utf-16")]
)
def test_nothing_is_added_to_a_file_of_another_encoding(text: str, encoding: str) -> None:
    assert add_hook(text.encode(encoding), HOOK) is None


def test_a_folder_is_no_pattern() -> None:
    assert ENTRY["hooks"][0]["files"] == r"^(apps/my\.shop/|\.github/workflows/apps-my-shop\.yml$)"
