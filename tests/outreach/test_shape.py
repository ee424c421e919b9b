"""How a text came about: the same for all who were treated alike, and told in words."""

from typing import Any

import pytest

from prospector.outreach.render import Draft, render, shape_in_words
from prospector.outreach.template import parse

TEXT = (
    "Subject: A question\n\nHi {{ prospect.first_name }},\n"
    "{% if prospect.title and prospect.country == 'DE' %}x{% endif %}\n"
    "{% for tag in prospect.tags %}{{ tag if loop.first else '' }}{% endfor %}\n"
    "Is {{ prospect.fields.city | default('your town') }} far?"
)
TEMPLATE = parse(TEXT, "x", "templates/x.txt")


def draft(**known: Any) -> Draft:
    return render(TEMPLATE, {"prospect": known}, fallbacks={"first_name": "there"})


def test_other_facts_are_the_same_shape() -> None:
    ada = draft(first_name="Ada", title="CEO", country="DE", tags=["a"], fields={"city": "Ulm"})
    jo = draft(first_name="Jo", title="CTO", country="DE", tags=["b"], fields={"city": "Rom"})
    assert ada.shape == jo.shape
    assert len(ada.shape) == 16


@pytest.mark.parametrize(
    "other",
    [
        {"first_name": "Ada", "title": "CEO", "country": "FR"},
        {"title": "CEO", "country": "DE"},
        {"first_name": "Ada", "title": "CEO", "country": "DE", "tags": ["a"]},
        {"first_name": "Ada", "title": "CEO", "country": "DE", "fields": {"city": "Ulm"}},
    ],
    ids=["another branch", "a fallback", "a loop with rounds", "a fact that is known"],
)
def test_another_branch_fallback_loop_or_gap_is_another_shape(other: Any) -> None:
    assert draft(**other).shape != draft(first_name="Ada", title="CEO", country="DE").shape


def test_another_text_is_another_shape_although_nothing_branches() -> None:
    texts = [parse(f"Subject: a\n\n{body}", "x", "templates/x.txt") for body in ("Hello", "Good day")]
    assert len({render(text, {}).shape for text in texts}) == 2


def test_a_shape_in_words() -> None:
    told = shape_in_words(TEMPLATE, {"prospect": {"tags": ["a", "b"], "title": "x"}}, {"first_name": "there"})
    assert told == (
        "with tags; without “title and country is DE”; no country, fields.city; a fallback for first_name"
    )
    assert shape_in_words(parse("\nHello", "x", "p"), {}) == "all alike"
