"""What holds for every page that there is: nothing inaccessible, nothing sideways, nothing from elsewhere."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page
from tests.browser import audit, places
from tests.browser.conftest import NARROW, WIDE, Site
from tests.browser.measured import at_most, none_of, note

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

LOOKS = [(size, scheme) for size in (WIDE, NARROW) for scheme in ("light", "dark")]


def _pages(site: Site) -> tuple[str, ...]:
    found = places.pages(site.slow.app, site.opened)
    assert len(found) >= 8, found
    return found


def _visit(page: Page, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status < 400, f"{path} answers {answer.status}"


def test_axe_finds_nothing_on_any_page_in_any_look(site):
    found: list[str] = []
    runs = 0
    for size, scheme in LOOKS:
        view = site.view(size, scheme)
        page = view.context.new_page()
        for path in _pages(site):
            _visit(page, path)
            found += [f"{path} {size[0]} {scheme}: {one}" for one in audit.violations(page)]
            runs += 1
    print("\n".join(sorted(set(found))))
    assert none_of("9", f"axe violations in {runs} runs", found)


def test_axe_finds_nothing_for_who_is_not_signed_in(site):
    found: list[str] = []
    for size, scheme in LOOKS:
        page = site.view(size, scheme, user=None).open("/login")
        found += [f"/login {size[0]} {scheme}: {one}" for one in audit.violations(page)]
    assert none_of("9", "axe violations when signed out", found)


def test_no_page_scrolls_sideways_at_320_pixels(site):
    found: list[str] = []
    page = site.view((320, 640)).context.new_page()
    for path in _pages(site):
        _visit(page, path)
        found += [f"{path}: {one}" for one in audit.overflow(page)]
    assert none_of("10", "pages that scroll sideways at 320 px", found)


def test_no_page_scrolls_sideways_at_four_times_the_size(site):
    """400 % of 1280 by 1024 leaves 320 by 256."""
    found: list[str] = []
    page = site.view((320, 256), device_scale_factor=4).context.new_page()
    for path in _pages(site):
        _visit(page, path)
        found += [f"{path}: {one}" for one in audit.overflow(page)]
    assert none_of("10", "pages that scroll sideways at 400 %", found)


def test_what_is_pressed_is_large_enough(site):
    found: list[str] = []
    for size in (WIDE, NARROW):
        page = site.view(size).context.new_page()
        for path in _pages(site):
            _visit(page, path)
            found += [f"{path} {size[0]}: {one}" for one in audit.small_targets(page)]
    print("\n".join(found))
    assert none_of("11", "targets under 24 px and not spaced", found)


def test_text_is_at_least_twelve_pixels_and_one_button_is_filled(site):
    small: list[str] = []
    filled: list[str] = []
    for size in (WIDE, NARROW):
        page = site.view(size).context.new_page()
        for path in _pages(site):
            _visit(page, path)
            small += [f"{path} {size[0]}: {one}" for one in audit.small_text(page)]
            buttons = audit.filled_buttons(page)
            filled += [f"{path} {size[0]}: {buttons}"] if len(buttons) > 1 else []
    print("\n".join(small + filled))
    fits = none_of("26", "texts under 12 px", small)
    assert none_of("26", "views with more than one filled button", filled)
    assert fits


def test_a_page_has_one_heading_and_its_landmarks(site):
    page = site.view().context.new_page()
    for path in _pages(site):
        _visit(page, path)
        assert page.locator("h1:visible").count() == 1, f"{path} has no single h1"
        assert page.locator("main").count() == 1, path
        assert page.locator("[role=listbox]").count() == 0, path


def test_pages_say_nothing_in_the_console_and_ask_no_other_host(site):
    view = site.view()
    page = view.context.new_page()
    for path in _pages(site):
        _visit(page, path)
    quiet = none_of("16", "console errors and policy reports", view.watch.complaints)
    assert none_of("14", "requests to other hosts", view.watch.outside)
    assert quiet


def test_first_and_second_visits_are_light(site):
    first: Counter[str] = Counter()
    second: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    for path in _pages(site):
        view = site.view()
        page = view.context.new_page()
        wire = _wire(view, page)
        _visit(page, path)
        if urlsplit(page.url).path != path:
            view.context.close()
            continue  # it only leads to another page, which is measured by itself
        first[path], requests[path] = sum(wire), len(view.watch.requests)
        wire.clear()
        _visit(page, path)
        second[path] = sum(wire)
        view.context.close()
    (heavy, most), (again, next_most) = first.most_common(1)[0], second.most_common(1)[0]
    (busy, count) = requests.most_common(1)[0]
    results = [
        at_most("14", f"first visit over the wire ({heavy})", most / 1000, 60, " kB"),
        at_most("14", f"next visit over the wire ({again})", next_most / 1000, 20, " kB"),
        at_most("14", f"requests of a page ({busy})", count, 6),
    ]
    assert all(results)


def _wire(view, page: Page) -> list[float]:
    """Bytes over the wire of each answer, headers and all, as they come."""
    sizes: list[float] = []
    session = view.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return sizes


def test_the_queue_page_is_small_when_it_is_unpacked(site):
    answer = site.view().context.request.get("/queue")
    assert at_most("14", "HTML of the queue with 30 cards", len(answer.body()) / 1000, 120, " kB")


def test_nothing_moves_where_less_motion_is_wanted(site):
    page = site.view(reduced_motion="reduce").open("/queue")
    moving = []
    for key in ("j", "s", "Escape", "?", "Escape"):
        page.keyboard.press(key)
        moving += audit.ask(page, "moving")
    assert none_of("13", "animations with reduced motion", moving)


def test_states_can_be_seen_in_forced_colours(site):
    page = site.view(forced_colors="active").open("/queue")
    told = bool(audit.ask(page, "currentRowDiffers"))
    assert note("13", "the current row differs in forced colours", told, "True", told)
