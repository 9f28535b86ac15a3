"""Logs: one JSON object a line, with the time's zone and the request's correlation id; never personal data.

Exceptions are logged as type and place without local variables, which may hold a message.
"""

import json
import logging
import re
import sys
from typing import Any

import structlog

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def legible(text: str) -> str:
    """One line for a terminal: what would end it, steer the terminal or turn the direction of writing is written `\\uXXXX`."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def configure_logs(level: str, process: str) -> None:
    """Send structlog and the libraries' own logs to stderr as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
        structlog.processors.EventRenamer("event"),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(_line)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.JSONRenderer(_line)],
            foreign_pre_chain=shared,
        )
    )  # fmt: skip
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # The client's own words may quote records; its state is in our logs and metrics.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _line(event: Any, **options: Any) -> str:
    return legible(json.dumps(event, ensure_ascii=False, **options))
