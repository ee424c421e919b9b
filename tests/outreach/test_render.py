"""From template and facts to a draft, and what hostile templates and facts cannot do."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.outreach import sandbox
from prospector.outreach.facts import VALUE_LIMIT, VOCABULARY, Reading
from prospector.outreach.grammar import MOST_WORK, Refused
from prospector.outreach.problem import approvable
from prospector.outreach.render import Draft, is_stale, render
from prospector.outreach.template import TemplateError, load_all, parse

SHIPPED = Path(__file__).parents[2] / "templates"
HOSTILE = tomllib.loads((Path(__file__).parent / "hostile.toml").read_text(encoding="utf-8"))

FACTS: dict[str, Any] = {
    "prospect": {
        "first_name": "Ada",
        "last_name": "King",
        "name": "Ada King",
        "email": "ada@engine.example",
        "title": "Head of Research",
        "company": "Engine Works Ltd",
        "country": "GB",
        "timezone": "Europe/London",
        "stage": "prospecting",
        "tags": ["maths", "looms"],
        "fields": {"city": "London", "Lead source": "Fair", "employees": 40},
    },
    "company": {"name": "Engine Works Ltd", "domain": "engine.example", "fields": {}},
    "engagement": {
        "kind": "email_reply",
        "text": "Tell me more.\nAda",
        "excerpt": "Tell me more.",
        "at": datetime(2026, 11, 12, 9, 30, tzinfo=UTC),
        "subject": "AW: Looms",
    },
    "sender": {"name": "Jo Berg", "email": "jo@us.example"},
}


def drawn(body: str, facts: Any = FACTS, headers: str = "Subject: A word") -> Draft:
    return render(parse(f"{headers}\n\n{body}", "x", "templates/x.txt"), facts)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Hi {{ prospect.first_name }}", "Hi Ada"),
        ("{{ prospect.fields.city }} {{ prospect.fields['Lead source'] }}", "London Fair"),
        ("{% if prospect.title == 'CEO' %}a{% elif prospect.country in 'GB US' %}b{% endif %}", "b"),
        (
            "{% for x in prospect.tags %}{{ loop.index }}{{x|upper}}{% if loop.last %}.{%endif%}{% endfor %}",
            "1MATHS2LOOMS.",
        ),
        ("{% for x in prospect.name %}{{ x }}{% endfor %}", "Ada King"),
        ("{{ prospect.tags }}", "maths, looms"),
        (
            "{{ prospect.tags | join(' and ') }} {{ prospect.tags | first }} {{ prospect.tags | length }}",
            "maths and looms maths 2",
        ),
        ("{{ engagement.at }}, {{ engagement.at | date('weekday') }}", "12 November, Thursday"),
        (
            "{{ engagement.at | date('full') }}, {{ engagement.at | date('iso') }}",
            "12 November 2026, 2026-11-12",
        ),
        ("{{ company.short_name }} {{ sender.first_name }}", "Engine Works Jo"),
        ("{{ prospect.fields.none | default('friend') }}", "friend"),
        ("{{ 'much' if prospect.fields.employees > 10 else 'little' }}", "much"),
        ("{{ engagement.text | oneline }}", "Tell me more. Ada"),
        ("{{ 'A longer sentence, in words' | truncate(18) }}", "A longer sentence…"),
        ("{{ 'A longer sentence, in words' | truncate(16) }}", "A longer…"),
        ("{{ 'Unbreakable' | truncate(4) }}", "Unb…"),
        ("{{ engagement.subject | reply_subject }}", "Re: Looms"),
        ("a\n{% if prospect.fields.none %}\nb\n{% endif %}\n\n\n\nc  ", "a\n\nc"),
    ],
)
def test_templates_say_what_they_mean(body: str, text: str) -> None:
    assert drawn(body).body == text


def test_dates_are_in_the_templates_language() -> None:
    assert drawn("{{ engagement.at | date }}", headers="Subject: x\nLanguage: de").body == "12. November"
    assert drawn("{{ engagement.at | date('weekday') }}", headers="Subject: x\nLanguage: fr").body == "jeudi"


@pytest.mark.parametrize(
    "value", [None, "", "   ", "nan", float("nan"), "null", "N/A", "-", "None", [], {}, "#N/A"]
)
def test_a_fact_that_says_nothing_is_marked_and_blocks(value: object) -> None:
    draft = drawn("Hi {{ prospect.title | upper }},", {"prospect": {"title": value}})
    assert draft.body == "Hi ⟨title?⟩,"
    problem = next(problem for problem in draft.problems if problem.code == "missing")
    assert (problem.where, problem.line, problem.column, problem.found) == ("body", 1, 4, "⟨title?⟩")
    assert not approvable(draft.problems)


def test_a_missing_fact_that_is_not_used_is_no_problem() -> None:
    draft = drawn("Hi there,\n{% if prospect.title %}{{ prospect.title }}{% endif %}\nall well?", {})
    assert draft.problems == ()


def test_groups_are_marked_where_a_fact_was_meant() -> None:
    assert drawn("{{ prospect.fields }} {{ engagement }}").body == "⟨fields?⟩ ⟨engagement?⟩"
    cut = drawn("{{ prospect.fields | truncate(3) }} {{ engagement | upper }}")
    assert cut.body == "⟨fields?⟩ ⟨engagement?⟩", "a filter does not spoil the mark"


def test_a_number_beyond_all_bounds_is_not_known() -> None:
    for number in (10**400, -(10**400), float("inf"), float("nan")):
        assert drawn("{{ prospect.title }}", {"prospect": {"title": number}}).body == "⟨title?⟩"


def test_a_missing_fact_compares_with_nothing() -> None:
    for test in (
        "prospect.title == ''",
        "prospect.title < 'a'",
        "'a' in prospect.title",
        "prospect.title > 1",
    ):
        assert drawn(f"{{% if {test} %}}yes{{% else %}}no{{% endif %}}", {}).body == "no"


def test_what_cannot_be_compared_is_a_problem_of_the_draft() -> None:
    draft = drawn("{% if prospect.name > 3 %}x{% endif %}")
    assert [(p.code, p.where) for p in draft.problems if p.level == "error"] == [
        ("template", "body"),
        ("empty", "body"),
    ]


def test_a_mail_without_a_subject_answers_in_the_thread() -> None:
    assert drawn("Hello there.", headers="Action: email").subject == "Re: Looms"
    draft = drawn("Hello there.", {}, headers="Action: email")
    assert [problem.code for problem in draft.problems] == ["no-subject"]


def test_a_line_break_in_a_subject_is_an_error_and_stays() -> None:
    facts = {"prospect": {"first_name": "Ada\r\nBcc: all@x.example"}}
    draft = drawn("Hello there.", facts, headers="Subject: Hi {{ prospect.first_name }}")
    assert "\r\n" in draft.subject
    assert "header" in {problem.code for problem in draft.problems if problem.level == "error"}


def test_the_hash_covers_what_was_read_and_nothing_else() -> None:
    draft = drawn("Hi {{ prospect.first_name }}{% if prospect.title %}!{% endif %}")
    assert draft.read == ("prospect.first_name", "prospect.title")
    other = {**FACTS, "prospect": {**FACTS["prospect"], "country": "FR", "title": "Head of Research"}}
    assert not is_stale(draft.facts_hash, draft.read, other)
    other = {**FACTS, "prospect": {**FACTS["prospect"], "first_name": "Adah"}}
    assert is_stale(draft.facts_hash, draft.read, other)
    other = {**FACTS, "prospect": {**FACTS["prospect"], "title": None}}
    assert is_stale(draft.facts_hash, draft.read, other)


def test_a_branch_on_whether_there_is_an_engagement_is_read_too() -> None:
    draft = drawn("{% if engagement %}You wrote.{% else %}Hello.{% endif %}", {"engagement": None})
    assert draft.body == "Hello."
    assert is_stale(draft.facts_hash, draft.read, FACTS)


values = (
    st.none() | st.text(max_size=20) | st.integers() | st.floats() | st.lists(st.text(max_size=5), max_size=3)
)
groups = {name: st.dictionaries(st.sampled_from(sorted(keys)), values) for name, keys in VOCABULARY.items()}
some_facts = st.fixed_dictionaries(groups)
BODIES = [
    "{{ prospect.name | title }} {% if prospect.tags %}{{ prospect.tags | join }}{% endif %}",
    "{% for tag in prospect.tags %}{{ tag }}{% if loop.first %}{{ sender.name }}{% endif %}{% endfor %}",
    "{% if engagement %}{{ engagement.text | truncate(9) }}{% else %}{{ company.name }}{% endif %}",
    "{{ prospect.fields.city }}{{ prospect.first_name if prospect.title else prospect.last_name }}",
]


@settings(deadline=None)
@given(some_facts, some_facts, st.sampled_from(BODIES))
def test_the_same_hash_means_the_same_text(some: Any, other: Any, body: str) -> None:
    first, second = drawn(body, some), drawn(body, other)
    if not is_stale(first.facts_hash, first.read, other):
        assert (first.subject, first.body) == (second.subject, second.body)


@settings(deadline=None)
@given(some_facts)
def test_every_shipped_template_makes_a_draft_of_any_facts(facts: Any) -> None:
    for template in load_all([SHIPPED]).templates.values():
        draft = render(template, facts)
        assert len(draft.facts_hash) == 32
        assert "None" not in draft.body


def test_the_shipped_first_mails_can_be_approved_as_they_are() -> None:
    library = load_all([SHIPPED]).templates
    for name in ("intro", "follow-up", "re-engage", "follow"):
        assert render(library[name], FACTS).problems == (), name


def test_the_shipped_answers_ask_for_a_persons_own_words() -> None:
    library = load_all([SHIPPED])
    for kind in ("post", "reply", "comment", "mention", "quote", "dm", "email_reply"):
        template = library.answer_to(kind)
        assert template is not None
        draft = render(template, FACTS)
        assert [problem.code for problem in draft.problems if problem.level == "error"] == ["own-words"], kind


@pytest.mark.parametrize("source", HOSTILE["refused"], ids=range(len(HOSTILE["refused"])))
def test_hostile_templates_are_refused_when_saved(source: str) -> None:
    with pytest.raises(TemplateError):
        parse(f"Subject: x\n\n{source}", "x", "templates/x.txt")
    with pytest.raises((TemplateError, Refused)):
        sandbox.compiled(source)


GREAT = {
    "prospect": {
        "name": "n" * 10**6,
        "tags": ["t" * 10**5] * 10**4,
        "title": "ß" * 10**6,
        "fields": {"a": " " * 10**6 + "x"},
    },
    "engagement": {"text": "<" * 10**6, "excerpt": "re: " * 10**5},
}


@pytest.mark.parametrize("source", HOSTILE["bounded"], ids=range(len(HOSTILE["bounded"])))
def test_hostile_templates_that_are_allowed_stay_small(source: str) -> None:
    draft = drawn(source, GREAT)
    assert len(draft.body.encode()) <= sandbox.OUTPUT_LIMIT


def test_there_are_sixty_hostile_templates() -> None:
    assert len(HOSTILE["refused"]) + len(HOSTILE["bounded"]) >= 60


@pytest.mark.parametrize(
    "make",
    [
        lambda: "{{ " + "(" * 15_000,
        lambda: "{{ " + "not " * 7_000 + "1 }}",
        lambda: "{% if 1 %}" * 3_000,
        lambda: "{{ " + " and ".join(["1"] * 5_000) + " }}",
        lambda: "{{ prospect.name" + " | upper" * 2_100 + " }}",
        lambda: "{{ " + "9" * 20_000 + " }}",
        lambda: "{{ 0x" + "f" * 20_000 + " }}",
        lambda: "{{ '" + "a" * 20_000 + "' }}",
        lambda: "x" * 32_001,
        lambda: "".join(f"{{% for {x} in prospect.tags %}}" for x in "abc") + "x" + "{% endfor %}" * 3,
        lambda: "{% for a in prospect.tags %}" + "{{ prospect.name | title }}" * 30 + "{% endfor %}",
    ],
)
def test_templates_that_are_too_much_are_refused(make: Any) -> None:
    with pytest.raises(Refused):
        sandbox.compiled(make())


def test_the_price_of_nested_loops_is_their_product() -> None:
    twice = "{% for a in prospect.tags %}{% for b in prospect.tags %}{{ b }}{% endfor %}{% endfor %}"
    assert sandbox.run(sandbox.compiled(twice), Reading({"prospect": {"tags": ["x", "y"]}})) == "xy" * 2
    assert MOST_WORK < 100**3


def test_values_are_cut_to_the_limit() -> None:
    draft = drawn("{{ prospect.title | upper }}", GREAT)
    assert draft.body == "S" * VALUE_LIMIT


def test_output_past_the_limit_is_a_problem_and_not_a_text() -> None:
    draft = drawn("{% for tag in prospect.tags %}{{ tag }}{% endfor %}", GREAT)
    assert draft.body == ""
    assert draft.problems[0].code == "template"
    assert "64 KB" in draft.problems[0].message


def test_text_of_others_is_never_a_template() -> None:
    draft = drawn(
        "You wrote: {{ engagement.text }}", {"engagement": {"text": "{{ sender.email }} {% for x in y %}"}}
    )
    assert draft.body == "You wrote: {{ sender.email }} {% for x in y %}"
    assert not approvable(draft.problems)


GREETING = "Hi {{ prospect.first_name }},{% if prospect.first_name %} dear{% endif %} {{ prospect.title }}."
STAND = {"first_name": "there", "title": "", "fields.city": "nan"}


def greeted(facts: Any, fallbacks: Any = STAND, body: str = GREETING) -> Draft:
    return render(parse(f"Subject: A word\n\n{body}", "x", "templates/x.txt"), facts, fallbacks=fallbacks)


def test_a_fallback_stands_where_the_mark_would_with_a_warning_at_its_place() -> None:
    draft = greeted({"prospect": {"title": "CEO"}})
    assert draft.body == "Hi there, CEO."
    (problem,) = draft.problems
    assert (problem.code, problem.level, problem.line, problem.column) == ("fallback", "warning", 1, 4)
    assert problem.found == "there"
    assert draft.fell_back == ("prospect.first_name",)
    assert approvable(draft.problems)


def test_a_fallback_that_says_nothing_leaves_the_mark() -> None:
    draft = greeted(
        {"prospect": {"first_name": "Ada"}}, body="{{ prospect.title }}{{ prospect.fields.city }}"
    )
    assert draft.body == "⟨title?⟩⟨fields.city?⟩"
    assert draft.fell_back == ()


def test_a_known_fact_and_a_default_of_the_template_come_before_a_fallback() -> None:
    draft = greeted({"prospect": {"first_name": "Ada", "title": "CEO"}})
    assert (draft.body, draft.problems) == ("Hi Ada, dear CEO.", ())
    draft = greeted({}, body="Hi {{ prospect.first_name | default('friend') }}")
    assert (draft.body, draft.fell_back) == ("Hi friend", ())


def test_a_fact_that_arrives_later_makes_a_draft_with_a_fallback_stale() -> None:
    facts: Any = {"prospect": {"title": "CEO"}}
    draft = greeted(facts)
    assert not is_stale(draft.facts_hash, draft.read, facts)
    known = {"prospect": {"title": "CEO", "first_name": "Ada"}}
    assert is_stale(draft.facts_hash, draft.read, known)


def test_a_fallback_is_text_and_never_a_template() -> None:
    draft = greeted({"prospect": {"title": "CEO"}}, {"first_name": "{{ sender.email }}"})
    assert draft.body == "Hi {{ sender.email }}, CEO."
    assert not approvable(draft.problems)
