"""What a mock stands in for is read from its target, its spec, or its name."""

import pytest

from hooks import mock_uses
from hooks.mock_kinds import Classifier
from hooks.mock_words import Kind
from hooks.project import Project as Read

from .conftest import Project

SHOP = {
    "shop/__init__.py": "",
    "shop/settings.py": "LIMIT = 3\nclass Settings: ...\nsettings = Settings()\n",
    "shop/models.py": "from django.db import models\nclass Order(models.Model): ...\n",
    "shop/mail.py": (
        "import smtplib\nimport sentry_sdk\nfrom celery import shared_task\n"
        "def send(text):\n    smtplib.SMTP().send(text)\n"
        "def render(text):\n    sentry_sdk.set_tag('a', 'b')\n    return text\n"
        "@shared_task\ndef remind(): ...\n"
    ),
    "shop/repository.py": "class Orders:\n    def find(self):\n        return self.session.execute('')\n",
    "shop/prices.py": "class PriceService:\n    def total(self): ...\n    def tax(self): ...\ndef rate(): ...\n",
    "shop/clock.py": "import time\ndef moment():\n    return time.time()\n",
    "shop/voices.py": "import torch\ndef load_model(): ...\ndef speak(): ...\n",
    "shop/checkout.py": (
        "import time\nimport requests\nfrom datetime import datetime\nfrom .mail import send, render, remind\n"
        "from .models import Order\nfrom .prices import PriceService, rate\nfrom .settings import settings\n"
        "TIMEOUT = 3\ndef pay():\n    return total()\ndef total(): ...\n"
    ),
}
KINDS = {
    "patch('shop.checkout.requests.post')": Kind.EXTERNAL,
    "patch('shop.checkout.send')": Kind.EXTERNAL,
    "patch('shop.checkout.render')": Kind.SERVICE,
    "patch('shop.checkout.remind.delay')": Kind.QUEUE,
    "patch('shop.checkout.Order.objects.filter')": Kind.DATABASE,
    "patch('shop.checkout.Order.save')": Kind.DATABASE,
    "patch('shop.repository.Orders.find')": Kind.DATABASE,
    "patch('shop.checkout.datetime')": Kind.TIME,
    "patch('shop.checkout.time.sleep')": Kind.TIME,
    "patch('shop.clock.moment')": Kind.TIME,
    "patch('shop.checkout.settings')": Kind.SETTINGS,
    "patch('shop.checkout.TIMEOUT', 1)": Kind.SETTINGS,
    "patch.dict('os.environ', A='b')": Kind.SETTINGS,
    "patch('builtins.open', mock_open())": Kind.FILES,
    "patch('shop.checkout.rate')": Kind.SERVICE,
    "patch.object(PriceService, 'total')": Kind.SERVICE,
    "patch('shop.voices.load_model')": Kind.MODEL,
    "patch('shop.voices.speak')": Kind.SERVICE,
    "patch('random.random')": Kind.OTHER,
    "patch('shop.checkout.total')\n    pay()": Kind.UNIT,
    "prices = PriceService()\n    patch.object(prices, 'tax')\n    prices.total()": Kind.UNIT,
    "prices = PriceService()\n    prices.tax = Mock()\n    prices.total()": Kind.UNIT,
    "Mock(PriceService)": Kind.SERVICE,
    "create_autospec(Session)": Kind.DATABASE,
    "mock_session = AsyncMock()": Kind.DATABASE,
    "thing = Mock()\n    thing.execute()\n    thing.commit()": Kind.DATABASE,
    "thing = Mock()\n    thing.status_code = 200\n    thing.json()": Kind.EXTERNAL,
    "queue = Mock()": Kind.QUEUE,
    "price_service = Mock()": Kind.SERVICE,
    "hook_runner = Mock()": Kind.UNKNOWN,
    "callback = Mock()": Kind.OTHER,
    "customer = Mock()": Kind.UNKNOWN,
    "patch('shop.checkout.requests.get', return_value=Mock())": Kind.EXTERNAL,
    "get = patch('shop.checkout.requests.get').start()\n    get.return_value = Mock()": Kind.EXTERNAL,
    "get = patch('shop.checkout.requests.get').start()\n    result = Mock()\n    get.return_value = result": Kind.EXTERNAL,
}
HEAD = """\
from unittest.mock import AsyncMock, Mock, create_autospec, mock_open, patch

from sqlalchemy.orm import Session

from shop.checkout import pay
from shop.prices import PriceService


def test_it():
    """


@pytest.mark.parametrize(("code", "kind"), KINDS.items())
def test_kind_of_the_last_mock(project: Project, code: str, kind: Kind) -> None:
    for name, source in SHOP.items():
        project.write(name, source)
    project.write("tests/test_it.py", HEAD + code + "\n")
    read = Read(project.folder)
    uses = read.fact(mock_uses.scan, "tests/test_it.py")

    found, reason = Classifier(read).kind_of("tests/test_it.py", uses, len(uses) - 1)

    assert found is kind, reason


@pytest.mark.parametrize(
    ("test", "kind"),
    {
        "tests/test_prices.py": Kind.UNIT,
        "tests/test_shop_prices.py": Kind.UNIT,
        "tests/prices_test.py": Kind.UNIT,
        "tests/test_checkout.py": Kind.SERVICE,
    }.items(),
)
def test_the_name_of_a_test_says_what_it_is_about(project: Project, test: str, kind: Kind) -> None:
    for name, source in SHOP.items():
        project.write(name, source)
    project.write(test, "from unittest.mock import patch\ndef test_it():\n    patch('shop.prices.rate')\n")
    read = Read(project.folder)

    assert Classifier(read).kind_of(test, read.fact(mock_uses.scan, test), 0)[0] is kind
