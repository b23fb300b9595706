"""Load test tasks for notifications."""

from uuid import uuid4

from tests.performance.visitor import Visitor

SEEDED = 20


def seed(user: Visitor) -> None:
    """Create a template and the initial notifications."""
    template = {
        "name": f"results_{uuid4().hex}",
        "channels": ["email", "sms"],
        "variables": ["name"],
        "subject": "Your results",
        "text": "Dear $name, your results are ready.",
    }
    user.client.post("/notification-templates", json=template)
    for _ in range(SEEDED):
        notify(user)


def notify(user: Visitor) -> None:
    """Send a notification to a new recipient."""
    template = user.pick("/notification-templates")
    body = {
        "template": template["name"],
        "values": {"name": "Ada"},
        "recipient_kind": "patient",
        "recipient_id": str(uuid4()),
        "addresses": {"email": f"{uuid4().hex}@example.com"},
    }
    user.client.post("/notifications", json=body)


def read(user: Visitor) -> None:
    """Get a notification."""
    user.read("/notifications")


def list_by_recipient(user: Visitor) -> None:
    """List the notifications of a recipient."""
    user.browse("/notifications", recipient_id=user.pick("/notifications")["recipient_id"])


TASKS = {list_by_recipient: 3, read: 3, notify: 2}
