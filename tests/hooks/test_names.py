"""The full names of what a file uses."""

import ast

import pytest

from hooks.names import Scope

FULL_NAMES = {
    "import a.b\nx = a.b.c": "a.b.c",
    "import a.b as c\nx = c.d": "a.b.d",
    "from a import b as c\nx = c": "a.b",
    "from ..a import b\nx = b.c": "..a.b.c",
    "from . import b\nx = b": ".b",
    "try:\n    import a\nexcept ImportError:\n    a = None\nx = a.b": "a.b",
    "from a import B\nb = B(1)\nx = b.c": "a.B().c",
    "from a import b\nwith b() as c:\n    x = c.d": "a.b().d",
    "from a import B\nclass C(B): ...\nx = C()": "a.B()",
    "x = open": "builtins.open",
    "x = unknown": None,
    "def a(): ...\nx = a": None,
    "from a import b\nfor b in c: ...\nx = b": "a.b",
    "y = y.z\nx = y": None,
}
IN_FUNCTIONS = {
    "from a import b\ndef f():\n    x = b": "a.b",
    "from a import b\ndef f(b):\n    x = b": None,
    "from a import b\ndef f(*b):\n    x = b": None,
    "from a import b\ndef f():\n    b = 1\n    x = b": None,
    "from a import b\ndef f():\n    global b\n    b = 1\n    x = b": "a.b",
    "from a import b\ndef f():\n    from c import b\n    x = b": "c.b",
    "from a import B\ndef f(b: B):\n    x = b.c": "a.B().c",
    "from a import B\ndef f(b: 'B'):\n    x = b.c": "a.B().c",
    "def f(b: str):\n    x = b": None,
    "def f(fixture):\n    x = fixture.b": "library.fixture.b",
    "from a import b\nclass f:\n    x = b": "a.b",
}
IN_METHODS = {
    "from a import B\nclass C:\n    b = B()\n    def f(self):\n        x = self.b.c": "a.B().c",
    "from a import B\nclass C:\n    def set(self):\n        self.b = B()\n    def f(self):\n        x = self.b.c": "a.B().c",
    "from a import b\nclass C:\n    b = 1\n    def f(self):\n        x = b": "a.b",
    "class C:\n    def f(self):\n        x = self.b": None,
    "class C:\n    def set(self):\n        self.b = self.b\n    def f(self):\n        x = self.b": None,
}
TEXTS = {
    "x = 'a.b'": "a.b",
    "A = 'a'\nx = A + '.b'": "a.b",
    "A = 'a'\nx = f'{A}.b'": "a.b",
    "import a\nx = f'{a.__name__}.b'": "a.b",
    "x = f'{__name__}.b'": "__name__.b",
    "x = f'{unknown}.b'": None,
    "A = 1\nx = A": None,
    "A = 'a'\nA = 'b'\nx = A": None,
    "A = A + 'b'\nx = A": None,
}


@pytest.mark.parametrize(("source", "full"), FULL_NAMES.items())
def test_module(source: str, full: str | None) -> None:
    tree = ast.parse(source)

    assert scope_of(tree).full(value_of_x(tree)) == full


@pytest.mark.parametrize(("source", "full"), IN_FUNCTIONS.items())
def test_function(source: str, full: str | None) -> None:
    tree = ast.parse(source)
    inner = Scope(tree.body[-1], scope_of(tree))

    assert inner.full(value_of_x(tree)) == full


@pytest.mark.parametrize(("source", "full"), IN_METHODS.items())
def test_method(source: str, full: str | None) -> None:
    tree = ast.parse(source)
    owner = tree.body[-1]
    assert isinstance(owner, ast.ClassDef)
    inner = Scope(owner.body[-1], Scope(owner, scope_of(tree)))

    assert inner.full(value_of_x(tree)) == full


@pytest.mark.parametrize(("source", "text"), TEXTS.items())
def test_text(source: str, text: str | None) -> None:
    tree = ast.parse(source)

    assert scope_of(tree).text(value_of_x(tree)) == text


def scope_of(tree: ast.Module) -> Scope:
    """Return the scope of a module in which a parameter called `fixture` is one of a library."""
    return Scope(tree, fixtures={"fixture": "library.fixture"})


def value_of_x(tree: ast.Module) -> ast.expr:
    """Return what the last assignment to x assigns."""
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "x"
    ]
    return values[-1]
