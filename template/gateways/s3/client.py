"""The S3 gateway: the gateway protocol, and a client for AWS and other servers with the same API."""

from base64 import b64encode
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

TEMPORARY = frozenset({408, 429})
"""The statuses below 500 after which the same request may succeed."""


class S3Error(Exception):
    """The call failed. The text of the error may be logged: it has only the operation and codes."""


class S3Unavailable(S3Error):
    """A temporary failure; a later attempt may succeed. An object may have been stored or deleted nevertheless."""


class S3Refused(S3Error):
    """A permanent failure: the key, the bucket or a permission is wrong."""


class S3Gateway(Protocol):
    """Stores objects in a bucket. All methods raise `S3Unavailable` or `S3Refused`."""

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object, or replace it."""

    def delete(self, key: str) -> None:
        """Delete an object, if there is one."""

    def sign_download(self, key: str, name: str, seconds: int) -> str:
        """Return a URL that downloads an object as a file with this name, and expires after some seconds."""


class S3Settings(BaseSettings):
    """Settings of the bucket."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    s3_bucket_name: str = Field(min_length=3)
    s3_endpoint_url: HttpUrl | None = Field(default=None, description="URL of a server other than AWS.")
    aws_region: str = "us-east-1"
    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    s3_timeout_seconds: float = Field(default=5, gt=0, description="Timeout of connecting and of each response.")
    s3_attempts: int = Field(default=2, ge=1, le=10, description="How often a request is sent.")

    @model_validator(mode="after")
    def _check_key(self) -> "S3Settings":
        if (self.aws_access_key_id is None) != (self.aws_secret_access_key is None):
            raise ValueError("set both aws_access_key_id and aws_secret_access_key, or neither")
        return self


class Boto3S3Gateway:
    """Stores objects with boto3, which repeats a failed request up to `s3_attempts`."""

    def __init__(self, settings: S3Settings) -> None:
        self.settings = settings

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object; raise the errors of `S3Gateway`."""
        # The server refuses other content than this.
        checksum = b64encode(sha256(content).digest()).decode()
        stored = self._send(
            "put_object",
            Key=key,
            Body=content,
            ContentType=content_type,
            ChecksumSHA256=checksum,
        )
        if "ETag" not in stored:
            raise S3Unavailable("put_object: the response is not that of an S3 server")

    def delete(self, key: str) -> None:
        """Delete an object; raise the errors of `S3Gateway`."""
        deleted = self._send("delete_object", Key=key)
        if deleted["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NO_CONTENT:
            raise S3Unavailable("delete_object: the response is not that of an S3 server")

    def sign_download(self, key: str, name: str, seconds: int) -> str:
        """Return a URL; raise the errors of `S3Gateway`."""
        # A browser saves the file instead of showing it in the origin of the bucket (RFC 6266).
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        url: str = self._send(
            "generate_presigned_url",
            ClientMethod="get_object",
            Params={"Key": key, "ResponseContentDisposition": disposition},
            ExpiresIn=seconds,
        )
        return url

    def _send(self, operation: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
        from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

        arguments.get("Params", arguments)["Bucket"] = self.settings.s3_bucket_name
        try:
            return getattr(self._client, operation)(**arguments)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            refused = 400 <= status < 500 and status not in TEMPORARY
            codes = f"{operation}: {status} {error.response['Error'].get('Code', 'without a code')}"
            raise (S3Refused if refused else S3Unavailable)(codes) from None
        except (BotoCoreError, ResponseParserError) as error:
            # Their texts have the URL, and with it the key, or the response.
            raise S3Unavailable(f"{operation}: {type(error).__name__}") from None

    @cached_property
    def _client(self) -> Any:
        # Imported here, because it is slow and only this class needs it.
        import boto3  # type: ignore[import-untyped]
        from botocore.config import Config  # type: ignore[import-untyped]

        settings = self.settings
        secret, endpoint = settings.aws_secret_access_key, settings.s3_endpoint_url
        config = Config(
            # The default depends on the name of the region, and old signatures are refused in newer ones.
            signature_version="s3v4",
            connect_timeout=settings.s3_timeout_seconds,
            read_timeout=settings.s3_timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": settings.s3_attempts},
            # Other servers rarely have a host name for each bucket.
            s3={"addressing_style": "path" if endpoint else "auto"},
            # Other servers may not know the checksums that boto3 adds.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        # A session of its own, because boto3's default session is not made for threads.
        session = boto3.Session(
            aws_access_key_id=settings.aws_access_key_id,
            aws_secret_access_key=secret.get_secret_value() if secret else None,
            region_name=settings.aws_region,
        )
        return session.client("s3", endpoint_url=str(endpoint) if endpoint else None, config=config)
