"""Fixtures for S3: a double of the gateway and a local server."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.gateways.s3 import MemoryS3Gateway
    from tests.support.gateways.s3_server import S3Server


@pytest.fixture
def mock_s3() -> "MemoryS3Gateway":
    """The double of the S3 gateway: `objects` has the stored objects, `failures` the errors to raise."""
    from tests.support.gateways.s3 import MemoryS3Gateway

    return MemoryS3Gateway()


@pytest.fixture
def s3_server() -> "Iterator[S3Server]":
    """A local S3 server with a bucket; `objects` has its objects."""
    from tests.support.gateways.s3_server import S3Server

    with S3Server() as server:
        yield server
