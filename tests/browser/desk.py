"""A rep at the queue: presses keys, counts them, and looks at what is shown and what is stored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page
from sqlmodel import Session, col, select
from tests.browser.conftest import Site, View

from prospector.models import Card, Message

# From a key to the picture that shows another card; the queue's end counts as one.
_STOPWATCH = """() => {
  window.painted = [];
  const shown = () => document.querySelector('#pane [data-card]')?.dataset.card ?? 'end';
  document.addEventListener('keydown', () => {
    const began = performance.now(), before = shown();
    const look = () => {
      if (shown() !== before) setTimeout(() => window.painted.push(performance.now() - began));
      else if (performance.now() - began < 5000) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, true);
}"""
_READY = """() => [...document.querySelectorAll('#rows [data-row]')]
  .every(row => prospector.queue.cards.has(row.dataset.card))"""
_WHERE = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return 'body';
  const card = e.closest('#pane, [popover], dialog, #toasts');
  return e.closest('#list') ? 'list' : card ? 'card' : e.tagName;
}"""


@dataclass
class Desk:
    """The queue's page of one user."""

    site: Site
    view: View
    page: Page
    presses: int = 0

    def press(self, *keys: str) -> None:
        """One press each; a key with another held down is one."""
        for key in keys:
            self.page.keyboard.press(key)
            self.presses += 1

    def saved(self) -> None:
        """Wait until the server has answered all that was decided."""
        self.page.evaluate("prospector.saved()")

    @property
    def opened(self) -> int | None:
        """The card that is shown; None at the end."""
        found = self.page.evaluate("document.querySelector('#pane [data-card]')?.dataset.card ?? null")
        return int(found) if found is not None else None

    @property
    def rows(self) -> list[int]:
        """The cards of the list, in their order."""
        script = (
            "[...document.querySelectorAll('#rows .qpart [data-row]')].map(row => Number(row.dataset.card))"
        )
        found: list[int] = self.page.evaluate(script)
        return found

    @property
    def where(self) -> str:
        """Where the focus is: list, card, end, or the element itself."""
        return str(self.page.evaluate(_WHERE))

    @property
    def body(self) -> str:
        """The text in the open card's editor."""
        return self.page.locator("#pane textarea[name=body]").input_value()

    def has(self, selector: str) -> bool:
        return self.page.locator(f"#pane {selector}").count() > 0

    def go_to(self, card_id: int) -> None:
        """Open a card by a click on its row; no press."""
        self.page.locator(f"#row-{card_id}").click()

    def time(self) -> None:
        """Begin to measure from each key to the next card's picture."""
        self.page.evaluate(_STOPWATCH)

    def painted(self) -> list[float]:
        """Milliseconds from a key to the next card, for each key that showed another."""
        found: list[float] = self.page.evaluate("window.painted")
        return found

    def card(self, card_id: int) -> Card:
        with self.site.opened.store.reading() as session:
            return session.get_one(Card, card_id)

    def messages(self, card_id: int) -> list[Message]:
        """All that was ever written for a card, discarded drafts too."""
        with self.site.opened.store.reading() as session:
            found = session.exec(select(Message).where(Message.card_id == card_id).order_by(col(Message.id)))
            return list(found)

    def standing(self) -> dict[str, dict[int, str]]:
        """The state of each card and of each message of a card."""
        with self.site.opened.store.reading() as session:
            return {
                "cards": dict(session.exec(select(Card.id, Card.state)).all()),
                "messages": dict(
                    session.exec(
                        select(Message.id, Message.state).where(col(Message.card_id).is_not(None))
                    ).all()
                ),
            }

    def change(self, work: Any) -> Any:
        """Do something behind the page's back, as a colleague or a poll would."""

        def write(session: Session) -> Any:
            return work(session)

        return self.site.opened.store.write(write)


def until(page: Page, truth: str, given: Any = None, within: float = 10.0) -> None:
    """Wait for an expression of the page; its policy forbids Playwright's own way of waiting."""
    last = time.monotonic() + within
    while not page.evaluate(truth, given):
        assert time.monotonic() < last, f"not within {within:g} s: {truth}"
        page.wait_for_timeout(10)


def sit_down(site: Site, path: str = "/queue", **options: Any) -> Desk:
    """The queue, with all of its cards ready."""
    view = site.view(**options)
    view.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = view.open(path)
    until(page, _READY)
    return Desk(site, view, page)
