"""The check finds patches of names that do not exist where mock looks for them."""

from collections.abc import Callable

import pytest

from .conftest import Project, Result

Check = Callable[..., Result]

FILES = {
    "src/shop/__init__.py": "from .orders import Order as Exported\n",
    "src/shop/orders.py": """\
import os
import requests
from abc import ABCMeta
from .mail import send, Mailer as Post
from .stars import *
from . import settings as config
try:
    import fast
except ImportError:
    fast = None
if TYPE_CHECKING:
    from .mail import Address

LIMIT: int
TOTAL: int = 3
first, (second, *rest) = make()
mailer = Post()

def pay(order):
    from .mail import charge
    import zlib
    charge(order)

class Base:
    limit = 1
    def save(self): self.saved = True

class Order(Base):
    class Meta: ordering = 1
    __private = 2
    def total(self): ...

class Row(Model): ...

class Filled(Base): ...

for name in NAMES:
    setattr(Filled, name, 1)

class Registry:
    @classmethod
    def register(cls, name): setattr(cls, name, 1)

class Registered(Registry): ...

try:
    from .mail import Mailer as Backend
except ImportError:
    class Backend: ...

class Slots(metaclass=ABCMeta):
    __slots__ = ("one", "two")

@register
class Found: ...

def plain(): ...
plain.cache = {}

@cached
def wrapped(): ...

class Proxy:
    def __getattribute__(self, name): ...

proxy = Proxy()
""",
    "src/shop/mail.py": "class Mailer:\n    host: str\n    def __init__(self): self.port = 1\n    def post(self): ...\n"
    "def send(): ...\ndef charge(order): ...\ndef moved_here(): ...\n",
    "src/shop/stars.py": "__all__ = ['public']\ndef public(): ...\ndef private(): ...\n",
    "src/shop/settings.py": "DEBUG = True\n",
    "src/shop/lazy.py": "def __getattr__(name): ...\n",
    "src/shop/counter.py": "counted: int\ndef count():\n    global counted\n    counted = 1\n",
    "src/shop/deep/__init__.py": "from . import inner\ninner.given = 1\n",
    "src/shop/built.py": "",
    "src/shop/setup.py": "import shop.mail\nfrom shop.mail import Mailer\ndef set_up():\n    Mailer.assigned = 1\n"
    "    setattr(shop.mail, 'also', 1)\n",
    "src/shop/registered.py": "from shop import registry\ndef register(kind):\n    setattr(registry, kind.name(), kind)\n",
    "src/shop/registry.py": "",
    "src/shop/shell.py": "def run(code, names):\n    exec(code, names)\n",
    "src/shop/from_text.py": "exec(CODE)\n",
    "src/shop/built.cpython-311-x86_64-linux-gnu.so": "",
    "src/shop/deep/inner.py": "value = 1\n",
    "src/shop/native.pyx": "",
    "tests/__init__.py": "",
    "tests/helpers.py": "def help_me(): ...\n",
    "tests/httpx/__init__.py": "",
    "pyproject.toml": "[project]\nname = 'shop'\n",
}
EXISTING = [
    "shop.orders.send",
    "shop.orders.Post",
    "shop.orders.Post.post",
    "shop.orders.public",
    "shop.orders.fast",
    "shop.orders.TOTAL",
    "shop.orders.rest",
    "shop.orders.os.path.exists",
    "shop.orders.config.DEBUG",
    "shop.orders.Order.total",
    "shop.orders.Order.limit",
    "shop.orders.Order.Meta.ordering",
    "shop.orders.Order._Order__private",
    "shop.orders.mailer.port",
    "shop.orders.plain.cache",
    "shop.orders.plain.__doc__",
    "shop.orders.Slots.two",
    "shop.orders.Backend.post",
    "shop.orders.open",
    "shop.Exported.total",
    "shop.deep.inner",
    "shop.deep.inner.value",
    "shop.counter.counted",
    "tests.helpers.help_me",
    "os.path.exists",
    "time.sleep",
]
MISSING = {
    "shop.orders.sent": ("shop.orders has no sent", "Did you mean send?"),
    "shop.orders.charge": (
        "shop.orders has no charge",
        'pay() imports it when it is called: patch "shop.mail.charge" instead.',
    ),
    "shop.orders.zlib": ("shop.orders has no zlib", 'pay() imports it when it is called: patch "zlib" instead.'),
    "shop.orders.moved_here": ("shop.orders has no moved_here", "It is defined in shop.mail: did it move there?"),
    "shop.orders.private": ("shop.orders has no private", "It is defined in shop.stars: did it move there?"),
    "shop.orders.Address": ("shop.orders imports Address for type checkers only", ""),
    "shop.orders.LIMIT": ("shop.orders annotates LIMIT but gives it no value", ""),
    "shop.orders.Order.totals": ("Order in shop.orders has no totals", "Did you mean total?"),
    "shop.orders.Order.Meta.order": ("Order.Meta in shop.orders has no order", "Did you mean ordering?"),
    "shop.orders.plain.calls": ("plain in shop.orders is a function without calls", ""),
    "shop.order.send": ("shop has no order", "Did you mean orders?"),
    "shop.deep.iner.value": ("shop.deep has no iner", "Did you mean inner?"),
    "shop.orders.Backend.posts": ("Mailer in shop.mail has no posts", "Did you mean post?"),
    "shop.orders.Slots.three": ("Slots in shop.orders has no three", ""),
    "shop.shell.anything": ("shop.shell has no anything", ""),
    "os.path.exist": ("os.path has no exist", "Did you mean exists?"),
    "time.slep": ("time has no slep", "Did you mean sleep?"),
}
UNKNOWN = [
    "shop.orders.first.name",
    "shop.orders.requests.post",
    "shop.orders.Row.objects",
    "shop.orders.Found.item",
    "shop.orders.Order.saved",
    "shop.orders.Order.__weakref__",
    "shop.orders.Filled.anything",
    "shop.orders.Registered.anything",
    "shop.deep.inner.given",
    "shop.mail.Mailer.assigned",
    "shop.mail.also",
    "shop.built.anything",
    "shop.registry.anything",
    "shop.orders.Slots._abc_impl",
    "shop.orders.wrapped.cache_clear",
    "shop.orders.proxy.anything",
    "shop.from_text.anything",
    "shop.lazy.anything",
    "shop.native.anything",
    "shop.made_pb2.Message",
    "requests.get",
    "httpx.Client",
    "os.startfile",
    "distutils._log",
]


@pytest.fixture
def shop(project: Project) -> Project:
    """A project with some modules."""
    for name, source in FILES.items():
        project.write(name, source)
    return project


@pytest.mark.parametrize("target", EXISTING)
def test_an_existing_name_is_not_reported(shop: Project, check: Check, target: str) -> None:
    shop.write("tests/test_it.py", f"from unittest.mock import patch\npatch('{target}')\n")

    assert check("patch_targets", "--all") == Result(0, "", "")


@pytest.mark.parametrize(("target", "expected"), MISSING.items())
def test_a_missing_name_is_reported_with_a_hint(
    shop: Project, check: Check, target: str, expected: tuple[str, str]
) -> None:
    shop.write("tests/test_it.py", f"from unittest.mock import patch\n\npatch('{target}')\n")

    reason, hint = expected
    lines = [
        f"tests/test_it.py:3:1: patch_targets: {target} does not exist: {reason}.",
        f"    {hint}",
        "Found 1 error.",
    ]
    assert check("patch_targets") == Result(1, "".join(f"{line}\n" for line in lines if line.strip()), "")


@pytest.mark.parametrize("target", UNKNOWN)
def test_what_cannot_be_told_is_a_note(shop: Project, check: Check, target: str) -> None:
    shop.write("tests/test_it.py", f"from unittest.mock import patch\npatch('{target}')\n")

    assert check("patch_targets") == Result(0, "", "")
    assert f"{target} was not judged: " in check("patch_targets", "--all").out


WAYS = [
    "from unittest.mock import patch\npatch('shop.orders.{0}')",
    "from unittest.mock import patch as p\n@p('shop.orders.{0}')\ndef test_it(mock): ...",
    "import unittest.mock\nwith unittest.mock.patch('shop.orders.{0}'): ...",
    "from unittest import mock\nTARGET = 'shop.orders'\nmock.patch(f'{{TARGET}}.{0}')",
    "import mock\nmock.patch(target='shop.orders.{0}')",
    "from unittest.mock import patch\nfrom shop import orders\npatch.object(orders, '{0}')",
    "from unittest.mock import patch\nimport shop.orders as module\npatch.object(module, attribute='{0}')",
    "from unittest.mock import patch\nfrom shop.orders import Order\npatch.object(Order(), '{0}')".replace(
        "{0}", "{1}"
    ),
    "from unittest.mock import patch\npatch.multiple('shop.orders', autospec=True, {0}=1)",
    "from unittest.mock import patch\npatch.dict('shop.orders.{0}', a=1)",
    "def test_it(monkeypatch): monkeypatch.setattr('shop.orders.{0}', 1)",
    "from shop import orders\ndef test_it(monkeypatch): monkeypatch.setattr(orders, '{0}', 1)",
    "def test_it(monkeypatch): monkeypatch.delattr('shop.orders.{0}')",
    "def test_it(mocker): mocker.patch('shop.orders.{0}')",
    "from shop import orders\ndef test_it(mocker): mocker.patch.object(orders, '{0}')",
    "from shop import orders\ndef test_it(mocker): mocker.spy(orders, '{0}')",
    "import pytest\nfrom shop import orders\nwith pytest.MonkeyPatch.context() as mp: mp.setattr(orders, '{0}', 1)",
    "from unittest.mock import patch\nclass Test:\n    def setUp(self): self.patch = patch('shop.orders.{0}')",
    "from unittest.mock import patch\nfrom shop.orders import Order\nclass Test:\n"
    "    def setUp(self): self.order = Order()\n    def test_it(self): patch.object(self.order, '{1}')",
    "from unittest.mock import patch\nfrom shop.orders import Order\nclass Test:\n"
    "    def test_it(self):\n        self.order = Order()\n        patch.object(self.order, '{1}')",
]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_patch_is_judged(shop: Project, check: Check, way: str) -> None:
    shop.write("tests/test_it.py", way.format("send", "total"))
    assert check("patch_targets", "--all") == Result(0, "", "")

    shop.write("tests/test_it.py", way.format("no_such_name", "no_such_name"))
    assert ".no_such_name does not exist: " in check("patch_targets").out


SILENT = [
    "patch('shop.orders.nothing', create=True)",
    "patch('shop.orders.nothing', **options)",
    "patch(TARGET)",
    "patch.dict(os.environ, {'A': '1'})",
    "with pytest.raises(AttributeError):\n    patch('shop.orders.nothing')",
    "def test_it(monkeypatch): monkeypatch.setattr('shop.orders.nothing', 1, raising=False)",
    "def test_it(monkeypatch): monkeypatch.setattr(orders, 'nothing', 1, False)",
    "def test_it(monkeypatch): monkeypatch.setitem(orders, 'nothing', 1)",
    "def test_it(client): client.patch('shop.orders.nothing')",
    "def test_it(orders): patch.object(orders, 'nothing')",
    "order = one() or other()\norder = orders\npatch.object(order, 'nothing')",
    "class Own(orders.Order):\n    def nothing(self): ...\npatch.object(Own, 'nothing')",
    "class Test(Base):\n    def use(self): self.order = orders.Order()\n"
    "    def test_other(self): patch.object(self.order, 'nothing')",
    "patch('shop.orders.Order')\npatch('shop.orders.Order.nothing')",
    "patch(f'{orders.__name__}.{orders.Order.__qualname__}.nothing')",
]


@pytest.mark.parametrize("source", SILENT)
def test_what_may_be_missing_is_not_reported(shop: Project, check: Check, source: str) -> None:
    start = "import os\nimport pytest\nfrom unittest.mock import patch\nfrom shop import orders\n"
    shop.write("tests/test_it.py", start + source)

    assert check("patch_targets").code == 0


OBJECTS = {
    "from shop.step import Step\npatch.object(Step, '{}')": "send",
    "from shop import step\npatch.object(step.Step, '{}')": "send",
    "from shop.step import Result\nresult = Result()\npatch.object(result, '{}')": "stream",
    "from shop.step import step, Step\npatch.object(Step, Step.{}.__name__)": "send",
}


@pytest.mark.parametrize(("source", "name"), OBJECTS.items())
def test_an_object_is_found_by_its_full_name(project: Project, check: Check, source: str, name: str) -> None:
    project.write("shop/__init__.py", "from .step import step\n")
    project.write(
        "shop/step.py",
        "from unittest import TextTestResult\nclass Step:\n    def send(self): ...\ndef step(): ...\n"
        "class Result(TextTestResult): ...\n",
    )

    project.write("tests/test_it.py", "from unittest.mock import patch\n" + source.format(name))
    assert check("patch_targets").out == ""

    project.write("tests/test_it.py", "from unittest.mock import patch\n" + source.format("no_such_name"))
    assert "no_such_name does not exist: " in check("patch_targets").out


def test_builtins_exist_for_mock_but_not_for_monkeypatch(shop: Project, check: Check) -> None:
    shop.write("tests/test_it.py", "def test_it(monkeypatch): monkeypatch.setattr('shop.orders.open', 1)")

    assert "shop.orders.open does not exist: shop.orders has no open." in check("patch_targets").out


def test_names_of_the_test_itself(shop: Project, check: Check) -> None:
    source = (
        "from unittest.mock import patch\ndef helper(): ...\npatch(f'{__name__}.helper')\npatch(__name__ + '.helped')"
    )
    shop.write("tests/test_it.py", source)

    out = check("patch_targets").out

    assert out.count("does not exist") == 1
    assert "__name__.helped does not exist: tests.test_it has no helped." in out


def test_the_nearest_of_several_packages_of_one_name_is_meant(project: Project, check: Check) -> None:
    for service, name in (("one", "first"), ("two", "second")):
        project.write(f"{service}/pyproject.toml", "")
        project.write(f"{service}/app/__init__.py", "")
        project.write(f"{service}/app/client.py", f"def {name}(): ...\n")
        project.write(f"{service}/app/use.py", "from app import client\n")
        project.write(
            f"{service}/tests/test_it.py", f"from unittest.mock import patch\npatch('app.use.client.{name}')\n"
        )

    assert check("patch_targets", "--all") == Result(0, "", "")


def test_folders_without_init_are_packages_too(project: Project, check: Check) -> None:
    project.write("shop/orders/pay.py", "def pay(): ...\n")
    source = "from unittest.mock import patch\npatch('shop.orders.pay.pay')\npatch('shop.orders.paying.pay')\npatch('shop.order.pay.pay')\npatch('shop.orders.pay.paid')\n"
    project.write("tests/test_it.py", source)

    out = check("patch_targets").out

    assert "shop.orders.paying.pay does not exist: shop.orders has no paying." in out
    assert "shop.order." not in out  # an installed package may have it
    assert "shop.orders.pay.paid does not exist: shop.orders.pay has no paid." in out
    assert out.endswith("Found 2 errors.\n")


def test_installed_packages_are_read(shop: Project, check: Check) -> None:
    installed = ".venv/lib/python3.11/site-packages"
    shop.write(f"{installed}/requests/__init__.py", "from .api import get\nfrom .compiled import *\n")
    shop.write(f"{installed}/requests/api.py", "def get(): ...\n")
    shop.write(f"{installed}/requests/api2.py", "class Session:\n    def get(self): ...\n")
    source = "from unittest.mock import patch\n"
    for target in ("requests.get", "requests.api.got", "requests.api2.Session.got", "requests.Session", "httpx.get"):
        source += f"patch('{target}')\n"
    shop.write("tests/test_it.py", source)

    out = check("patch_targets", "--all").out

    assert "requests.get" not in out
    assert "requests.api.got does not exist: requests.api has no got." in out
    assert "requests.api2.Session.got does not exist: Session in requests.api2 has no got." in out
    assert "requests.Session was not judged: requests imports everything from .compiled." in out
    assert "httpx.get was not judged: " in out


def test_a_file_that_git_ignores_may_have_the_name(shop: Project, check: Check) -> None:
    shop.write(".gitignore", "src/shop/local.py\n")
    shop.write("src/shop/local.py", "")
    shop.write("tests/test_it.py", "from unittest.mock import patch\npatch('shop.local.thing')\n")
    shop.commit()

    assert "shop.local is not part of the repository" in check("patch_targets", "--all").out


TABLES = [
    "def __getattr__(name):\n    if name in TABLE: return import_module(TABLE[name])\n    raise AttributeError(name)\n",
    "def __getattr__(name):\n    if (found := TABLE.get(name)) is None: return import_module(f'.{name}', __name__)\n"
    "    module = import_module(found)\n    return getattr(module, name)\n",
    "def __getattr__(name):\n    if name == 'given': return 1\n    raise AttributeError(f'no {name}')\n",
]
ANYTHING = [
    "def __getattr__(name):\n    if name in TABLE: return 1\n    return globals()[f'_old_{name}']\n",
    "def __getattr__(name): return getattr(other, name)\n",
    "def __getattr__(name):\n    if name.startswith('x'): return compute(name)\n    raise AttributeError(name)\n",
    "def __getattr__(name):\n    module = import_module('shop._impl')\n    return getattr(module, name)\n",
    "globals().update(TABLE)\n",
    "fill(globals(), TABLE)\n",
    "def fill(name, names=vars()): names[name] = 1\n",
    "sys.modules[__name__] = Lazy()\n",
]


@pytest.mark.parametrize("source", [*TABLES, *ANYTHING])
def test_a_module_may_make_its_names(project: Project, check: Check, source: str) -> None:
    project.write("shop/__init__.py", "TABLE = {'given': 'shop.given'}\n" + source)
    project.write("test_it.py", "from unittest.mock import patch\npatch('shop.given.x')\npatch('shop.other')\n")

    out = check("patch_targets", "--all").out

    assert "shop.given.x was not judged: shop makes names while it runs." in out
    assert ("shop.other does not exist: shop has no other." in out) == (source in TABLES)


def test_a_library_may_have_the_name_of_a_package_below_a_folder_without_init(project: Project, check: Check) -> None:
    project.write("one/src/shop/plugins/requests/__init__.py", "")
    project.write("one/tests/test_it.py", "from unittest.mock import patch\npatch('requests.post')\n")

    assert (
        "requests.post was not judged: another package may be called requests, too."
        in check("patch_targets", "--all").out
    )


def test_parts_of_a_namespace_may_be_in_several_distributions(project: Project, check: Check) -> None:
    for name, file in (("one", "plugins/__init__.py"), ("two", "plugins/two.py")):
        project.write(f"{name}/setup.py", "")
        project.write(f"{name}/{file}", "")
    project.write("two/tests/test_it.py", "from unittest.mock import patch\npatch('plugins.three.x')\n")

    out = check("patch_targets", "--all").out

    assert "plugins.three.x was not judged: " in out


def test_a_module_called_setup_does_not_make_its_package_a_root(project: Project, check: Check) -> None:
    project.write("shop/__init__.py", "")
    project.write("shop/modules/__init__.py", "")
    project.write("shop/modules/setup.py", "")
    project.write("shop/modules/tempfile.py", "")
    project.write("shop/orders.py", "import tempfile\n")
    project.write("test_it.py", "from unittest.mock import patch\npatch('shop.orders.tempfile.gettempdir')\n")

    assert check("patch_targets", "--all") == Result(0, "", "")


def test_circles_end(project: Project, check: Check) -> None:
    project.write("a.py", "from b import x\nfrom b import *\nclass A(B): ...\ny = y.z\n")
    project.write("b.py", "from a import x, A as B\nfrom a import *\nclass B(B): ...\n")
    lines = [f"patch('{target}')\n" for target in ("a.x.y", "a.none", "a.A.x", "b.B.x", "a.y.q")]
    project.write("test_it.py", "from unittest.mock import patch\n" + "".join(lines))

    result = check("patch_targets", "--all")

    assert result.err == ""
    assert result.out.count("test_it.py") == 5
