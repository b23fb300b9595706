"""Logging of the server and the worker: each line has the id of its request or task."""

import logging
from contextvars import ContextVar
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the current request or task."""


def configure_logging(loglevel: int | None = None, **_: Any) -> None:
    """Write all logs to standard error in one format, including those of uvicorn and Celery."""
    handler = logging.StreamHandler()
    handler.addFilter(_add_request_id)
    logging.basicConfig(format=FORMAT, handlers=[handler])
    for name in (__name__.partition(".")[0], "celery"):
        logging.getLogger(name).setLevel(loglevel or logging.INFO)
    logging.getLogger("uvicorn.access").addFilter(_hide_query)
    for logger in map(logging.getLogger, ("uvicorn", "uvicorn.access")):
        # Without handlers, the access log is switched off.
        if logger.handlers:
            logger.handlers.clear()
            logger.propagate = True


def _hide_query(record: logging.LogRecord) -> bool:
    # A search may be the name of a person.
    if isinstance(record.args, tuple):
        record.args = tuple(each.partition("?")[0] if isinstance(each, str) else each for each in record.args)
    return True


def _add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get() or "-"
    return True
