"""A double of the S3 gateway."""

from your_service.gateways.s3 import S3Error


class MemoryS3Gateway:
    """Keeps objects in `objects`: key to content and type; raises the errors in `failures` first, one per call."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.failures: list[S3Error] = []

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store an object, or raise the next failure."""
        self._fail()
        self.objects[key] = (content, content_type)

    def delete(self, key: str) -> None:
        """Delete an object, or raise the next failure."""
        self._fail()
        self.objects.pop(key, None)

    def sign_download(self, key: str, name: str, seconds: int) -> str:
        """Return a URL that shows its arguments, or raise the next failure."""
        self._fail()
        return f"https://s3.example.com/{key}?name={name}&seconds={seconds}"

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
