"""What is typed above the list."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.queue.search import SHELVES, Query, counts, matches, parse

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    shelf: str = "reply"
    name: str = "Inês Carvalho"
    company: str | None = "Northquay"
    stage: str = "conversation"
    channel: str = "bluesky"
    excerpt: str = "We measured it after you asked"
    words: str = "Replied"
    arrived_at: datetime = NOW


LINE = Line()
lines = st.builds(
    Line,
    shelf=st.sampled_from(SHELVES),
    name=st.text(max_size=8),
    company=st.none() | st.text(max_size=8),
    stage=st.sampled_from(["cold", "engaged"]),
    channel=st.sampled_from(["email", "bluesky", ""]),
    excerpt=st.text(max_size=20),
)


def test_a_search_is_taken_apart() -> None:
    assert parse("is:replies from:Inês stage:conv ch:blue measured") == Query(
        ("reply",), ("inês",), ("conv",), ("blue",), ("measured",)
    )
    assert parse("is:nonsense ch:") == Query(words=("is:nonsense", "ch:"))
    assert not parse("   ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("is:reply", True),
        ("is:post", False),
        ("from:carvalho from:northquay", True),
        ("from:measured", False),
        ("stage:con", True),
        ("stage:engaged", False),
        ("ch:bluesky", True),
        ("ch:sky", False),
        ("MEASURED asked", True),
        ("measured nothing", False),
    ],
)
def test_each_part_must_hold(text: str, found: bool) -> None:
    assert matches(parse(text), LINE) is found


@given(st.text(max_size=300), lines)
def test_any_text_can_be_searched_for(text: str, line: Line) -> None:
    assert matches(parse(text), line) in (True, False)
    assert matches(parse(f"is:{line.shelf}"), line)
    assert not matches(parse("is:reply"), replace(line, shelf="post"))


@given(st.lists(lines, max_size=30))
def test_the_filters_sum_to_all(found: list[Line]) -> None:
    told = counts(found)
    assert told.all == len(found) == told.reply + told.post + told.hand + told.rest
    for shelf in SHELVES:
        assert getattr(told, shelf) == sum(matches(parse(f"is:{shelf}"), line) for line in found)
