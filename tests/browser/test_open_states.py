"""Criteria 9 and 11 where something is open: help, menus, a toast, an error beside its field; and the
focus, wherever Tab takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.browser import audit
from tests.browser.conftest import NARROW, WIDE
from tests.browser.desk import Desk, sit_down
from tests.browser.measured import none_of

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

LOOKS = [(size, scheme) for size in (WIDE, NARROW) for scheme in ("light", "dark")]


def _help(desk: Desk) -> None:
    desk.press("?")
    desk.page.locator("#help[open]").wait_for()


def _command_menu(desk: Desk) -> None:
    desk.press("Control+k")
    desk.page.locator("#menu[open]").wait_for()


def _snooze(desk: Desk) -> None:
    desk.go_to(desk.rows[1])
    desk.press("s")
    desk.page.locator("#snooze:popover-open").wait_for()


def _move(desk: Desk) -> None:
    desk.go_to(desk.rows[1])
    desk.press("m")
    desk.page.locator("#stages:popover-open").wait_for()


def _toast(desk: Desk) -> None:
    desk.go_to(desk.rows[1])  # on a small screen nothing is decided that is not to be seen
    desk.press("x")
    desk.page.locator("#toasts .toast").wait_for()


def _not_saved(desk: Desk) -> None:
    """The server does not answer any more."""
    desk.page.route("**/queue/*/dismiss", lambda route: route.abort())
    desk.go_to(desk.rows[1])
    desk.press("x")
    desk.page.locator("#unsaved").wait_for(state="attached")


def _form_error(desk: Desk) -> None:
    with desk.site.opened.store.reading():
        card = desk.card(desk.rows[1])
    desk.page.goto(f"/p/{card.prospect_id}/edit")
    desk.page.locator("main input[name=email]").fill("no address at all")
    desk.page.locator("main input[name=email]").evaluate("field => field.form.noValidate = true")
    desk.page.locator("main form .btn.pri").first.click()
    desk.page.locator("main [aria-invalid=true]").first.wait_for()


OPEN: dict[str, Callable[[Desk], Any]] = {
    "help": _help,
    "command menu": _command_menu,
    "snooze menu": _snooze,
    "move menu": _move,
    "toast": _toast,
    "not saved": _not_saved,
    "form error": _form_error,
}


@pytest.mark.parametrize("state", OPEN)
def test_axe_finds_nothing_with_something_open(site, state):
    found: list[str] = []
    for size, scheme in LOOKS:
        desk = sit_down(site, size=size, scheme=scheme)
        OPEN[state](desk)
        found += [f"{size[0]} {scheme}: {one}" for one in audit.violations(desk.page)]
        found += [f"{size[0]} {scheme}: {one}" for one in audit.overflow(desk.page)]
        desk.view.context.close()
    print("\n".join(found))
    assert none_of("9", f"axe violations with {state} open in {len(LOOKS)} runs", found)


def test_an_error_is_said_beside_its_field_and_has_the_focus(site):
    desk = sit_down(site)
    _form_error(desk)
    field = desk.page.locator("main [aria-invalid=true]").first
    described = str(field.get_attribute("aria-describedby")).split()
    said = [desk.page.locator(f"#{one}").inner_text() for one in described]
    assert any(said), "the field does not say what is wrong"
    assert field.evaluate("field => field === document.activeElement")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_focus_is_seen_and_never_covered(site, size):
    desk = sit_down(site, size=size)
    desk.go_to(desk.rows[1])
    desk.press("x")  # a toast lies over the page meanwhile
    found: list[str] = []
    for _ in range(60):
        desk.page.keyboard.press("Tab")
        told = audit.ask(desk.page, "focused")
        if told is None:
            continue
        found += [f"{told['who']} has no ring"] if not told["ring"] else []
        found += [f"{told['who']} is covered"] if not told["free"] else []
    print("\n".join(found))
    assert none_of("11", f"focused elements without a ring or covered ({size[0]})", found)
