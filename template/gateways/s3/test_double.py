"""The double of the S3 gateway."""

import pytest

from your_service.gateways.s3 import S3Unavailable

from tests.support.gateways.s3 import MemoryS3Gateway


def test_objects_are_kept_until_they_are_deleted(mock_s3: MemoryS3Gateway) -> None:
    mock_s3.put("a/1", b"content", "image/png")
    kept = dict(mock_s3.objects)
    for _ in range(2):
        mock_s3.delete("a/1")

    assert (kept, mock_s3.objects) == ({"a/1": (b"content", "image/png")}, {})


def test_each_failure_is_raised_once(mock_s3: MemoryS3Gateway) -> None:
    mock_s3.failures = [S3Unavailable("timed out") for _ in range(3)]

    for call in (
        lambda: mock_s3.put("a/1", b"", "image/png"),
        lambda: mock_s3.delete("a/1"),
        lambda: mock_s3.sign_download("a/1", "scan.png", 60),
    ):
        with pytest.raises(S3Unavailable, match="timed out"):
            call()

    assert mock_s3.sign_download("a/1", "scan.png", 60).endswith("a/1?name=scan.png&seconds=60")
