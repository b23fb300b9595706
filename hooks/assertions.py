"""Finds tests that assert nothing: neither they nor the helpers and fixtures that they name."""

from collections.abc import Iterator

from .project import Project
from .reach import Reach, reachable


def places(project: Project) -> Iterator[tuple[str, int]]:
    """Yield the file and line of each test without an assertion."""
    reach = Reach(project, filter(project.is_test, project.files))
    for test, part in reach.tests():
        named = reachable(test, reach.named_by)
        if not any(reach.outline(file).parts[name].asserts for file, name in named):
            yield test[0], part.place[0]
