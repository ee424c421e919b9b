"""What a template asks for, and for whom it is known."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.outreach.render import render
from prospector.outreach.template import Template, parse
from prospector.outreach.variables import FillRate, Variable, fill_rates, variables


def made(body: str) -> Template:
    return parse(f"Subject: A word\n\n{body}", "x", "templates/x.txt")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("{{ prospect.title }}", [Variable("prospect.title", required=True)]),
        ("{{ prospect.title | upper | default('x') }}", [Variable("prospect.title", has_default=True)]),
        (
            "{{ prospect.title | default(company.name) }}",
            [Variable("prospect.title", has_default=True), Variable("company.name", required=True)],
        ),
        ("{% if prospect.title %}{{ prospect.title }}{% endif %}", [Variable("prospect.title")]),
        (
            "{% if prospect.title %}{% else %}{{ prospect.title }}{% endif %}",
            [Variable("prospect.title", required=True)],
        ),
        (
            "{% if prospect.title == 'CEO' %}{{ prospect.title }}{% elif prospect.name %}b{% endif %}",
            [Variable("prospect.title"), Variable("prospect.name")],
        ),
        (
            "{% if prospect.title != 'CEO' %}{{ prospect.title }}{% endif %}",
            [Variable("prospect.title", required=True)],
        ),
        (
            "{% if prospect.title or prospect.name %}{{ prospect.title }}{% endif %}",
            [Variable("prospect.title", required=True), Variable("prospect.name")],
        ),
        (
            "{{ prospect.title if prospect.title and prospect.name else prospect.email }}",
            [
                Variable("prospect.title"),
                Variable("prospect.name"),
                Variable("prospect.email", required=True),
            ],
        ),
        (
            "{% for tag in prospect.tags %}{{ tag }}{{ prospect.fields['Lead source'] }}{% endfor %}",
            [Variable("prospect.tags"), Variable("prospect.fields.Lead source", required=True)],
        ),
        ("{{ sender.name }}", []),
    ],
)
def test_the_variables_of_a_template(body: str, found: list[Variable]) -> None:
    assert list(variables(made(body))) == found


def test_several_texts_ask_together() -> None:
    some = made("{{ prospect.title | default('x') }}"), made("{{ prospect.title }}{{ prospect.name }}")
    assert list(variables(*some)) == [
        Variable("prospect.title", required=True, has_default=True),
        Variable("prospect.name", required=True),
    ]


def test_fill_rates_count_what_says_something() -> None:
    people = [
        {"prospect": {"name": "Ada King", "title": "N/A"}},
        {"prospect": {"first_name": "Jo", "title": "CEO", "company": "Acme GmbH"}},
        {"prospect": {"fields": {"city": "Ulm"}}},
    ]
    paths = ["prospect.first_name", "prospect.title", "company.short_name", "prospect.fields.city"]
    rates = fill_rates(paths, iter(people))
    assert [rate.in_words() for rate in rates] == [
        "first_name 2 of 3",
        "title 1 of 3",
        "company.short_name 1 of 3",
        "fields.city 1 of 3",
    ]
    assert fill_rates(["prospect.name"], []) == (FillRate("prospect.name", 0, 0),)


PARTS = [
    "{{ prospect.title }}",
    "{{ prospect.title | default('x') }}",
    "{% if prospect.title %}{{ prospect.title }}{{ prospect.name }}{% endif %}",
    "{% if prospect.title and not prospect.name %}{{ prospect.title }}{% else %}y{% endif %}",
    "{% if prospect.email %}z{% else %}{{ prospect.name }}{% endif %}",
    "{{ prospect.email if prospect.title in 'a b' else prospect.title }}",
    "{% if prospect.email == 'b' or prospect.title %}{{ prospect.title }}{% endif %}",
]
known = st.fixed_dictionaries(
    {}, optional={"title": st.just("a"), "name": st.just("b"), "email": st.just("b")}
)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3), known)
def test_a_mark_stands_only_for_what_is_required(parts: list[str], person: dict[str, str]) -> None:
    template = made(" ".join(parts))
    draft = render(template, {"prospect": person})
    required = {one.path for one in variables(template) if one.required}
    for problem in draft.problems:
        if problem.code == "missing":
            assert f"prospect.{problem.found.strip('⟨?⟩')}" in required
