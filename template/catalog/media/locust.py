"""Load test tasks for files."""

from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 20
PNG = b"\x89PNG\r\n\x1a\n"


def seed(user: Visitor) -> None:
    """Upload the initial files."""
    for _ in range(SEEDED):
        upload(user)


def upload(user: Visitor) -> None:
    """Upload a file of 10 kB."""
    content = PNG + uuid4().bytes * 640
    user.client.post("/media", params={"name": "scan.png"}, data=content, name="/media?name")


def download(user: Visitor) -> None:
    """Get the URL of a download."""
    file = user.pick("/media")
    user.client.get(f"/media/{file['id']}/download", name="/media/{id}/download")


def list_images(user: Visitor) -> None:
    """List the images."""
    user.browse("/media", content_type="image/png")


TASKS = {list_images: 4, download: 3, upload: 1}
