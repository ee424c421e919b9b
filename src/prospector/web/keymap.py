"""The keys: one table that feeds the handler, the help, `aria-keyshortcuts` and docs/keyboard.md.

An act is found in the page by its name: pressing a key clicks the element with that `data-act`. What
no element stands for (moving, scrolling) the script does itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class Key:
    """What a key does. `keys` are `KeyboardEvent.key` values; two with a space between them are
    pressed after each other, and any of several separated by ` or ` will do. `pages` are the names of
    the pages on which it works (their `data-page`), or everywhere."""

    keys: str
    act: str
    label: str
    group: str = "Decide"
    pages: tuple[str, ...] = ("queue",)

    @property
    def ways(self) -> tuple[str, ...]:
        return tuple(self.keys.split(" or "))

    @property
    def aria(self) -> str:
        """As the attribute `aria-keyshortcuts` wants it: sequences cannot be said there."""
        single = [way for way in self.ways if " " not in way]
        return " ".join(_aria(way) for way in single)


_GO, _ALL = "Go to", (EVERYWHERE,)
_LISTS = (
    *("queue", "strangers", "outbox", "replies", "prospects", "companies", "campaigns", "review"),
    "duplicates",
)

PAGES = (
    ("queue", "Queue"),
    ("prospect", "One person"),
    ("prospects", "People"),
    ("companies", "Companies"),
    ("campaigns", "Campaigns"),
    ("replies", "Replies"),
    ("outbox", "Outbox"),
    ("strangers", "Strangers"),
    ("duplicates", "Entered twice"),
    ("review", "Review of a campaign"),
)
"""The pages with keys of their own, as docs/keyboard.md lists them."""
_INTRODUCTION = """\
# Keyboard

Keys work while no field, menu or dialog has the focus. Combinations with Ctrl, Cmd or Alt stay with the
browser, but for those listed here. Single letters can be switched off (<kbd>?</kbd>, or Settings): the
arrow keys, Tab and Enter then do everything.

In a menu the keys that it shows choose: <kbd>s</kbd> <kbd>2</kbd> snoozes until tomorrow, <kbd>m</kbd>
<kbd>3</kbd> moves to the third stage, <kbd>x</kbd> <kbd>1</kbd> dismisses as off topic. Where an app may
not post, <kbd>a</kbd> copies the text and opens the post, and <kbd>a</kbd> again says that you posted it.

`python scripts/keyboard.py` writes this page from the table that the pages themselves use."""

KEYS: tuple[Key, ...] = (
    Key("j or ArrowDown", "next", "Next", "Move", _LISTS),
    Key("k or ArrowUp", "previous", "Previous", "Move", _LISTS),
    Key("o", "original", "Open the original", "Move", ("queue", "prospect", "replies", "strangers")),
    Key("p", "prospect", "Open the person", "Move", ("queue", "outbox", "replies")),
    Key("J", "scroll-down", "Scroll the post down", "Move"),
    Key("K", "scroll-up", "Scroll the post up", "Move"),
    Key("u", "back", "Back to the list", "Move"),
    Key("a", "approve", "Approve (or the filled button) and go to the next", pages=("queue", "strangers")),
    Key("a", "approve", "Merge", pages=("duplicates",)),
    Key("a", "due", "The due action", "Decide", ("prospect",)),
    Key("e", "edit", "Edit the draft"),
    Key("Control+Enter", "approve-edited", "Approve from the editor"),
    Key("l", "like", "Like and stay"),
    Key("L", "like-done", "Like, and done"),
    Key("d", "done", "Done, without a message"),
    Key("s", "snooze", "Snooze, then 1 to 6", pages=("queue", "prospect")),
    Key("x", "dismiss", "Dismiss, then 1 to 3 for why", pages=("queue", "strangers")),
    Key("x", "dismiss", "Not the same", pages=("duplicates",)),
    Key("]", "next-draft", "Next draft"),
    Key("[", "previous-draft", "Previous draft"),
    Key("r", "new-draft", "New draft, with the facts of now"),
    Key("m", "stage", "Move to a stage, then 1 to 9, 0, a to e", pages=("queue", "prospect")),
    Key("n", "note", "Note", pages=("queue", "prospect")),
    Key("t", "take-over", "Take over a card that somebody else has open"),
    Key("f", "problem", "Next problem, with the cursor in its field", "Decide", ("review",)),
    Key("c", "cause", "Next cause, at its first way to mend it", "Decide", ("review",)),
    Key("a", "approve", "Approve this person's mails", "Decide", ("review",)),
    Key("A", "approve-ready", "Approve all that are ready", "Decide", ("review",)),
    Key("e", "edit", "Edit the first mail", "Decide", ("review",)),
    Key("x", "skip", "Skip this person", "Decide", ("review",)),
    Key("v", "tick", "Tick the row", "Decide", ("prospects", "review")),
    Key("Enter", "open", "Open", "Move", ("prospects", "companies", "campaigns")),
    Key("g q", "go-queue", "Queue", _GO, _ALL),
    Key("g p", "go-prospects", "People", _GO, _ALL),
    Key("g k", "go-companies", "Companies", _GO, _ALL),
    Key("g c", "go-campaigns", "Campaigns", _GO, _ALL),
    Key("g i", "go-replies", "Replies", _GO, _ALL),
    Key("g o", "go-outbox", "Outbox", _GO, _ALL),
    Key("g u", "go-strangers", "Strangers", _GO, _ALL),
    Key("g h", "go-sources", "Sources", _GO, _ALL),
    Key("g s", "go-settings", "Settings", _GO, _ALL),
    Key("/", "search", "Search", "Everywhere", _ALL),
    Key("Control+k", "menu", "Command menu", "Everywhere", _ALL),
    Key("z", "undo", "Undo", "Everywhere", _ALL),
    Key("?", "help", "These keys", "Everywhere", _ALL),
    Key("Escape", "escape", "Close, or leave the field", "Everywhere", _ALL),
)


@cache
def of_page(page: str) -> tuple[Key, ...]:
    """The keys that work on a page."""
    return tuple(key for key in KEYS if page in key.pages or EVERYWHERE in key.pages)


@cache
def aria(act: str, page: str) -> str:
    """The value of `aria-keyshortcuts` for an act of a page; empty where it has no single key."""
    return next((key.aria for key in of_page(page) if key.act == act), "")


@cache
def cap(act: str, page: str) -> str:
    """What the key cap inside a button shows."""
    return next((_cap(key.ways[0]) for key in of_page(page) if key.act == act), "")


def groups(page: str) -> Iterator[tuple[str, list[tuple[str, list[list[str]]]]]]:
    """For the help: by group the labels, each with its ways to press it, each as key caps."""
    names = dict.fromkeys(key.group for key in of_page(page))
    for name in names:
        found = [key for key in of_page(page) if key.group == name]
        yield name, [(key.label, [_caps(way) for way in key.ways]) for key in found]


def markdown() -> str:
    """The table as docs/keyboard.md shows it: what works everywhere, then each page by itself."""
    shared = [key for key in KEYS if EVERYWHERE in key.pages]
    parts = [_INTRODUCTION, _section("Everywhere", shared)]
    for page, title in PAGES:
        parts.append(_section(title, [key for key in of_page(page) if key not in shared]))
    return "\n\n".join(parts) + "\n"


def _section(title: str, keys: Iterable[Key]) -> str:
    rows = [f"| {_ways(key)} | {key.label} |" for key in keys]
    return "\n".join([f"## {title}", "", "| Keys | What they do |", "|---|---|", *rows])


def _ways(key: Key) -> str:
    return " or ".join(" ".join(f"<kbd>{cap}</kbd>" for cap in _caps(way)) for way in key.ways)


def script() -> bytes:
    """The table as the script reads it."""
    rows = [[list(key.ways), key.act, list(key.pages)] for key in KEYS]
    return f"const KEYMAP = {json.dumps(rows, separators=(',', ':'))};\n".encode()


_NAMES = {"ArrowDown": "↓", "ArrowUp": "↑", "Escape": "Esc", "Control": "Ctrl"}


def _caps(way: str) -> list[str]:
    return [_cap(part) for press in way.split(" ") for part in press.split("+")]


def _cap(key: str) -> str:
    return _NAMES.get(key, key)


def _aria(way: str) -> str:
    """`L` is Shift+L there, and `?` stands for itself."""
    return f"Shift+{way}" if len(way) == 1 and way.isupper() else way
