"""The garbage collector frees objects of tests, and unused objects of imports."""

from tests.plugin.projects import Project

OF_A_TEST = """
import gc
import weakref


class Node:
    pass


def test_objects_of_tests_are_collected():
    node = Node()
    node.itself = node
    seen = weakref.ref(node)
    del node
    gc.collect()

    assert gc.isenabled()
    assert seen() is None


def test_modules_are_left_alone():
    assert gc.get_freeze_count() > 10_000
"""
OF_AN_IMPORT = """
async def answer():
    return 42


cycle = [answer()]
cycle.append(cycle)
del cycle


def test_nothing():
    pass
"""


def test_collector_works_within_tests(project: Project) -> None:
    project.write("tests/unit/test_objects.py", OF_A_TEST)

    assert "2 passed" in project.run("tests/unit/test_objects.py")


def test_coroutine_that_an_import_never_awaits_is_reported(project: Project) -> None:
    project.write("tests/unit/test_import.py", OF_AN_IMPORT)

    assert "coroutine 'answer' was never awaited" in project.run("tests/unit/test_import.py", expect=1)
