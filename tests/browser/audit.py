"""What can be asked of any page: its violations by axe, its overflow, its sizes, its buttons."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

HERE = Path(__file__).parent
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def ask(page: Page, question: str, *given: Any) -> Any:
    """Call one of the functions of audit.js in the page."""
    if not page.evaluate("'audit' in window"):
        page.evaluate(f"window.audit = {_text('audit.js')}")
    return page.evaluate(f"given => window.audit.{question}(...given)", list(given))


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands, of any impact."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_text("vendor/axe.min.js"))
    return _list(ask(page, "violations", TAGS))


def overflow(page: Page) -> list[str]:
    """Whether the page scrolls sideways, and what sticks out."""
    return _list(ask(page, "overflow"))


def small_text(page: Page) -> list[str]:
    """Elements with text under 12 px, apart from key caps, initials and what is hidden."""
    return _list(ask(page, "smallText"))


def filled_buttons(page: Page) -> list[str]:
    """The words of the filled buttons that are to be seen."""
    return _list(ask(page, "filledButtons"))


def small_targets(page: Page) -> list[str]:
    """What is pressed and smaller than 24 by 24 px; links within a sentence may be."""
    return _list(ask(page, "smallTargets"))


def live_attributes(page: Page) -> list[str]:
    """Attributes that run something, which no page of ours has: handlers, and addresses that run."""
    return _list(ask(page, "liveAttributes"))


def _list(found: Any) -> list[str]:
    return [str(one) for one in found]
