"""Runs all tests of an `xdist_group` on one worker, one after the other.

`--dist loadgroup` of pytest-xdist 3.8 ignores the mark with pytest 9.2 (pytest-xdist issue 1386). Here each worker writes
the groups of its tests to a file, which the scheduler reads: nothing depends on how pytest stores a node id.
"""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController


class GroupScheduling(LoadScopeScheduling):
    """Sends a group to a worker as a whole, and every other test by itself."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._groups: dict[str, str] = {}

    def schedule(self) -> None:
        """Read the groups before the first test is sent."""
        if not self._groups:
            files = sorted(groups_folder(self.config).glob("*.json"))
            self._groups = json.loads(files[0].read_text(encoding="utf-8"))
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)


def groups_folder(config: pytest.Config) -> Path:
    """Return the folder into which the workers of this run write their groups."""
    return config.stash[_FOLDER]


def groups_of(items: Iterable[pytest.Item]) -> dict[str, str]:
    """Return the group of each test that has one."""
    marks = {item.nodeid: item.get_closest_marker("xdist_group") for item in items}
    return {nodeid: str(mark.kwargs.get("name") or mark.args[0]) for nodeid, mark in marks.items() if mark}


_FOLDER = pytest.StashKey[Path]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker where to write its groups."""
    config = node.config
    if _FOLDER not in config.stash:
        folder = tempfile.TemporaryDirectory(prefix="phasework-groups-")
        config.add_cleanup(folder.cleanup)
        config.stash[_FOLDER] = Path(folder.name)
    node.workerinput["groups_folder"] = str(groups_folder(config))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the groups first: they take longest, and otherwise all workers would wait for the last one."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.hookimpl(tryfirst=True)  # xdist reports the collection in the same hook
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the groups of a worker to its file."""
    worker = getattr(session.config, "workerinput", None)
    if worker:
        file = Path(worker["groups_folder"], f"{worker['workerid']}.json")
        file.write_text(json.dumps(groups_of(session.items)), encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    """Replace the schedulers of pytest-xdist."""
    return GroupScheduling(config, log)
