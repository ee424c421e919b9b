"""What may be left out, and what may not: the mechanism itself needs no server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.live.availability import NEEDS, Availability, obstacle, parse

THINGS = st.sampled_from(sorted(NEEDS.values()))
WHY = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1)


@given(thing=THINGS, state=st.sampled_from(["no", "failed"]), why=WHY)
def test_reads_what_the_installer_writes(thing, state, why):
    assert parse(f"other yes\n{thing} {state} {why}\n") == {
        "other": Availability("yes"),
        thing: Availability(state, why),
    }


@given(line=st.text(min_size=1))
def test_never_takes_an_unknown_line_for_a_yes(line):
    assert all(found.state != "yes" or " yes" in line for found in parse(line).values())


@pytest.mark.parametrize(
    ("state", "in_ci", "outcome"),
    [
        ("yes", True, None),
        ("yes", False, None),
        ("no", True, "left out"),
        ("no", False, "left out"),
        ("failed", True, "fails"),
        ("failed", False, "left out"),
        (None, True, "fails"),
        (None, False, "left out"),
    ],
)
def test_only_ci_insists_on_what_could_be_installed(state, in_ci, outcome):
    available = {"mail": Availability(state, "because")} if state else {}
    found = obstacle(["mail_servers", "tmp_path"], available, in_ci)
    assert (found and found[0]) == outcome


def test_a_test_without_servers_always_runs():
    assert obstacle(["tmp_path"], {}, in_ci=True) is None
