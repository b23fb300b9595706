"""An S3 server for tests."""

import logging
from http.client import HTTPConnection

from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import s3_backends

HOST = "127.0.0.1"
BUCKET = "media"


class S3Server:
    """Moto's S3 on a free local port within a `with` block, with an empty bucket."""

    def __init__(self) -> None:
        # Otherwise, it writes a line for each request to the standard error.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(HOST, port=0, verbose=False)

    def __enter__(self) -> "S3Server":
        self._server.start()
        self.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """The URL of the server."""
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for this server."""
        return {
            "S3_BUCKET_NAME": BUCKET,
            "S3_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }

    @property
    def objects(self) -> dict[str, tuple[bytes, str]]:
        """The stored objects: key to content and type."""
        keys = s3_backends["123456789012"]["aws"].buckets[BUCKET].keys
        return {key: (found.value, found.metadata.get("Content-Type", "")) for key, found in keys.items()}

    def clear(self) -> None:
        """Delete all objects."""
        self._request("POST", "/moto-api/reset")
        self._request("PUT", f"/{BUCKET}")

    def _request(self, method: str, path: str) -> None:
        connection = HTTPConnection(*self._server.get_host_and_port(), timeout=10)
        connection.request(
            method,
            path,
            headers={"Authorization": "AWS4-HMAC-SHA256 Credential=test/20300101/us-east-1/s3/aws4_request"},
        )
        response = connection.getresponse()
        assert response.status < 300, response.read()
        connection.close()
