"""Criteria 26 to 28: every state of the interface can be reached, is accessible, and has its picture."""

from __future__ import annotations

import pytest
from tests.browser import audit
from tests.browser.conftest import NARROW, WIDE
from tests.browser.measured import none_of, note

from prospector.web.states import STATES

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_is_reached_from_the_list_and_is_as_good_as_any_page(site, state):
    page = site.view().open("/dev/states")
    page.get_by_role("button", name=state.title).click()
    page.wait_for_load_state()
    path = page.url.removeprefix(site.address)
    found: list[str] = []
    for size, scheme in ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light")):
        seen = site.view(size, scheme).open(path)
        found += [f"{size[0]} {scheme}: {one}" for one in audit.violations(seen)]
        found += [f"{size[0]} {scheme}: {one}" for one in audit.overflow(seen)]
        filled = audit.filled_buttons(seen)
        found += [f"{size[0]} {scheme}: filled {filled}"] if len(filled) > 1 else []
    assert note("28", f"state {state.name}", path, "reached", True)
    assert none_of("9", f"axe violations in state {state.name}", found)
