"""The check finds calls of Celery tasks with arguments that do not fit, or with a stand-in for self."""

from collections.abc import Callable

import pytest

from .conftest import Project, Result

Check = Callable[..., Result]

FILES = {
    "shop/__init__.py": "",
    "shop/worker.py": "from celery import Celery\nfrom .made import make\napp = Celery('shop')\nother = make()\n",
    "shop/made.py": "from celery import Celery\ndef make(): return Celery('other')\n",
    "shop/tasks.py": """\
from celery import shared_task
from functools import wraps
from contextlib import contextmanager
from django.db.transaction import atomic
from prefect import task as flow_task
from .worker import app, other

def passing(function):
    @wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper

def adding(function):
    def wrapper(*args, **kwargs):
        return function(1, *args, **kwargs)
    return wrapper

@contextmanager
def locked(name): yield

class Own(app.Task):
    def delay(self, *args, **kwargs): ...

class Quiet(app.Task):
    def on_failure(self, *args): ...

@shared_task
def pay(order, amount=1, *, currency): ...

@app.task(bind=True, base=Quiet)
def send(self, order, copy=None, blind=None): ...

@other.task
def add(x, y): return x + y

@app.task
@atomic
@passing
@locked("x")
def wrapped(x): ...

@app.task
@adding
def changed(x): ...

@app.task(base=Own)
def own(x): ...

@flow_task
def flow(x): ...

@app.task(bind=BIND)
def perhaps(x): ...

@shared_task
def anything(*args, **kwargs): ...
""",
}
START = """\
from unittest.mock import MagicMock, Mock
import pytest
from celery import chain, chord, group
from shop import tasks
from shop.tasks import add, anything, changed, flow, own, pay, perhaps, send, wrapped
mock_self = MagicMock()
orders = [1, 2]
"""
FITTING = [
    "pay(1, currency='EUR')",
    "pay.delay(1, 2, currency='EUR')",
    "pay.apply_async((1,), {'currency': 'EUR'})",
    "pay.apply_async(args=[1], kwargs=dict(currency='EUR'), countdown=3)",
    "pay.apply(args=(1,), kwargs={'currency': 'EUR'})",
    "pay.apply_async(args=orders, kwargs=dict(orders))",
    "pay(*orders, **dict(orders))",
    "send('order')",
    "send.run('order', copy='x')",
    "send.run.__func__(mock_self, 'order')",
    "send('order', mock_self)",
    "send.delay(order='order')",
    "add.s(1)",
    "add.s()",
    "add.si(1, 2)",
    "add.signature((1,))",
    "chain(add.s(1, 2), add.s(3))()",
    "add.s(1, 2) | add.s(3)",
    "chord([add.s(1, 2)], add.s(3))",
    "chord([add.s(1, 2)])(add.s(3))",
    "group(add.s(1, number) for number in orders)",
    "chain(*orders, add.s(1, 2))",
    "add.apply_async((1, 2), link=add.s(3))",
    "add.s(1).delay(2)",
    "anything.delay(1, 2, a=3)",
    "changed.delay(1, 2)",
    "own.delay(1, 2)",
    "flow(1, 2)",
    "perhaps.delay(1, 2)",
    "def test(add): add.delay()",
    "add = Mock()\nadd.delay()",
    "with pytest.raises(TypeError):\n    add.delay()",
    "tasks.nothing.delay()",
]
WRONG = {
    "pay(1)": "it needs currency",
    "pay.delay()": "it needs order and currency",
    "pay.delay(1, 2, 3, currency='EUR')": "it takes 2 arguments by position and gets 3",
    "pay.delay(1, order=2, currency='EUR')": "it gets order twice",
    "pay.delay(1, curency='EUR')": "it has no parameter curency",
    "tasks.pay.delay(1)": "it needs currency",
    "pay.run(1)": "it needs currency",
    "pay.apply_async((1,))": "it needs currency",
    "pay.apply_async([1, 2, 3])": "it takes 2 arguments by position and gets 3",
    "pay.apply_async(kwargs={'order': 1, 'amout': 2})": "it has no parameter amout",
    "add.apply_async('12')": "args='12' is neither a tuple nor a list",
    "add.apply(args=(1))": "args=1 is neither a tuple nor a list",
    "add.s(1, 2, 3)": "it takes 2 arguments by position and gets 3",
    "add.s(z=1)": "it has no parameter z",
    "add.si(1)": "it needs y",
    "add.signature((1,), immutable=True)": "it needs y",
    "add.s(1).delay()": "it needs y",
    "chain(add.s(1, 2), add.s(3, 4))": "it takes 2 arguments by position and gets 3",
    "chain(add.s(1, 2), add.s())": "it needs y",
    "add.s(1, 2) | add.s(3, 4)": "it takes 2 arguments by position and gets 3",
    "chord([add.s(1, 2)], add.s())": "it needs y",
    "chord([add.s(1, 2)])(add.s())": "it needs y",
    "chain(add.s(1, 2), group(add.s(), add.s(3)))": "it needs y",
    "add.apply_async((1, 2), link=add.s(3, 4))": "it takes 2 arguments by position and gets 3",
    "wrapped.delay()": "it needs x",
    "send()": "it needs order",
    "send(mock_self, 'order')": "mock_self is passed as order, because Celery passes self",
    "send.run(mock_self, 'order')": "mock_self is passed as order, because Celery passes self",
    "send.__wrapped__(mock_self, 'order')": "mock_self is passed as order, because Celery passes self",
    "fake_task = Mock()\nsend(fake_task, 'order')": "fake_task is passed as order, because Celery passes self",
}


@pytest.fixture
def shop(project: Project) -> Project:
    """A project with some tasks."""
    for name, source in FILES.items():
        project.write(name, source)
    return project


@pytest.mark.parametrize("call", FITTING)
def test_a_call_that_fits_is_not_reported(shop: Project, check: Check, call: str) -> None:
    shop.write("tests/test_it.py", START + call)

    assert check("celery_calls", "--all") == Result(0, "", "")


@pytest.mark.parametrize(("call", "reason"), WRONG.items())
def test_a_call_that_does_not_fit_is_reported(shop: Project, check: Check, call: str, reason: str) -> None:
    shop.write("tests/test_it.py", START + call)

    result = check("celery_calls")

    assert (result.code, result.err) == (1, "")
    assert f"() does not fit the task in its arguments: {reason}.\n    " in result.out
    assert result.out.endswith("Found 1 error.\n")


def test_the_message_shows_the_right_call(shop: Project, check: Check) -> None:
    shop.write("a.py", START + "pay.delay()\n")
    shop.write("b.py", START + "send(mock_self, 'order')\n")
    shop.write("c.py", START + "add.apply_async((1,))\n")

    hints = [line for line in check("celery_calls").out.splitlines() if line.startswith("    ")]

    assert hints == [
        "    Call pay.delay(order, amount=..., *, currency).",
        "    Call send.run.__func__(mock_self, order, copy=..., blind=...), which takes self.",
        "    add takes (x, y): call add.apply_async(args=(...), kwargs={...}) with these.",
    ]


def test_tasks_of_the_same_file_are_known(shop: Project, check: Check) -> None:
    shop.write("shop/more.py", "from celery import shared_task\n@shared_task\ndef own(x): own.delay()\n")

    assert "own.delay() does not fit" in check("celery_calls").out


def test_a_changed_task_is_checked_with_its_old_calls(shop: Project, check: Check) -> None:
    shop.write("shop/views.py", "from .tasks import add\ndef view(): add.delay(1)\n")
    shop.write("shop/other.py", "from .tasks import pay\ndef view(): pay.delay(1)\n")
    shop.commit()
    shop.write("shop/tasks.py", FILES["shop/tasks.py"] + "\n# a change\n")

    out = check("celery_calls", "--since=HEAD").out

    assert "shop/views.py:2:13: celery_calls: add.delay() does not fit" in out
    assert "shop/other.py:2:13: celery_calls: pay.delay() does not fit" in out
    assert check("celery_calls", "shop/worker.py") == Result(0, "", "")
