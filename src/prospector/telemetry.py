"""The live log: lines for people on a terminal, JSON lines for machines otherwise."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from rich.console import Console
from rich.markup import escape

from prospector.terminal import Terminal, printable

log = structlog.get_logger("prospector")

# Secrets may stand in an address that an exception quotes, or in a header it prints.
_SECRET = re.compile(
    r"(?i)(bearer\s+|basic\s+|(?:password|token)[\"']?\s*[=:][\"'\s]*|://[^/\s:@]*:(?=[^\s/@]*@))([^\s\"'@&,]{4,})"
)
_COLOURS = {
    "new": "green",
    "move": "bold cyan",
    "draft": "magenta",
    "card": "magenta",
    "sent": "bold green",
    "reply": "bold green",
    "unknown": "bold red",
    "refused": "red",
    "error": "red",
    "broken": "red",
    "unauthorised": "bold red",
    "warning": "yellow",
}


@dataclass
class _Output:
    """Where the log of this process goes, if that is a terminal."""

    terminal: Terminal | None = None


_output = _Output()


def redact(text: str) -> str:
    """The text without what looks like a credential."""
    return _SECRET.sub(r"\1…", text)


def configure(level: str = "info", terminal: bool | None = None) -> None:
    """Set the log up for this process, on standard error."""
    to_people = sys.stderr.isatty() if terminal is None else terminal
    _output.terminal = Terminal(sys.stderr) if to_people else None
    out: Any = _output.terminal or sys.stderr
    last: Any = _Lines() if to_people else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _redacted,
            _in_order,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=out, format="%(message)s", force=True)
    for chatty in ("apscheduler", "httpx", "alembic", "procrastinate", "psycopg.pool", "mail.log"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


def on_a_terminal() -> bool:
    """Whether the log is for people."""
    return _output.terminal is not None


def status(text: str) -> None:
    """Show one line below the log until the next call; an empty one takes it away."""
    if _output.terminal is not None:
        _output.terminal.status(text)


def _redacted(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
    return event


def _in_order(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, what and whom first, as a person reads."""
    first = {key: event[key] for key in ("at", "level", "event", "text") if key in event}
    return first | dict(event)


class _Lines:
    """One line an event: time, what, whom, and what came of it."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        at = datetime.fromisoformat(event.pop("at")).astimezone()
        level, kind = event.pop("level"), str(event.pop("event"))
        text = one_line(str(event.pop("text", "")))
        trace = event.pop("exception", "")
        detail = " ".join(
            f"{key}={one_line(value)}" for key, value in event.items() if value not in (None, "")
        )
        colour = _COLOURS.get(kind, "yellow" if level == "warning" else "red" if level == "error" else "dim")
        line = f"[dim]{at:%H:%M:%S}[/] [{colour}]{escape(kind):<9}[/] {escape(text)}"
        with self._console.capture() as capture:
            self._console.print(f"{line}  [dim]{escape(detail)}[/]" if detail else line, end="")
        return f"{capture.get()}\n{printable(trace)}" if trace else capture.get()


def one_line(value: object) -> str:
    """What others wrote, on one line and without power over the terminal."""
    return printable(" ".join(str(value).split()))
