"""The checks of one draft: what they must find, and what they must leave alone."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospector.outreach.facts import Facts
from prospector.outreach.lint import language_of, lint
from prospector.outreach.naming import completed, first_name_of, judged_first_name, short_name
from prospector.outreach.problem import Problem, approvable
from prospector.outreach.render import Draft, render
from prospector.outreach.template import load, load_all, parse
from prospector.outreach.wording import LANGUAGES

LETTERS = Path(__file__).parent / "letters"
SHIPPED = Path(__file__).parents[2] / "templates"
DATA = tomllib.loads((Path(__file__).parent / "faults.toml").read_text(encoding="utf-8"))
ADA = {"first_name": "Ada", "last_name": "King", "name": "Ada King", "company": "Engine Works"}


def facts(**more: str) -> dict[str, Any]:
    return {"prospect": {**ADA, **more}, "sender": {"name": "Jo Berg", "company": "Prospector Ltd"}}


@pytest.mark.parametrize("fault", DATA["fault"], ids=lambda fault: f"{fault['code']} {fault['body'][:30]}")
def test_planted_faults_are_found(fault: dict[str, Any]) -> None:
    problems = lint(fault.get("subject", "A question"), fault["body"], facts(**fault.get("facts", {})))
    found = [problem for problem in problems if problem.code == fault["code"]]
    assert found, problems
    assert all(problem.message for problem in found)
    # Without a place the whole text is meant, or a fact.
    assert [found[0].line, found[0].column] == fault.get("at", [None, None])
    if "fix" in fault:
        assert found[0].fix == fault["fix"]


@pytest.mark.parametrize("draft", DATA["good"], ids=lambda draft: draft["body"][:40])
def test_good_drafts_pass(draft: dict[str, Any]) -> None:
    assert lint("A question", draft["body"], facts()) == ()


@pytest.mark.parametrize("name", ["intro", "follow-up", "re-engage", "follow"])
def test_shipped_templates_raise_no_alarm_for_people_of_many_names(name: str) -> None:
    template = load([SHIPPED], name)
    for person in DATA["person"]:
        known = {
            "prospect": {"name": person["name"], "title": "Founder"},
            "company": {"name": person["company"]},
        }
        draft = render(template, {**known, "sender": {"name": "Jo Berg"}})
        assert draft.problems == (), person


CAMPAIGNS = load_all([LETTERS])
LETTERS_BY_NAME = {
    f"{name}.{language}": letter
    for name in CAMPAIGNS.templates
    for language, letter in CAMPAIGNS.by_language(name).items()
}
WHERE = ({"city": "Ulm"}, {}, {"city": "Łódź"})
TAGS = ([], ["looms"], ["thread", "dyes"])


def good_drafts(name: str) -> Iterator[Draft]:
    """The letters of a campaign as the persons of the data would get them, with more or less known."""
    for number, person in enumerate(DATA["person"]):
        known = {
            "name": person["name"],
            "title": "Founder" if number % 3 else None,
            "tags": TAGS[number % 3],
            "fields": WHERE[number % 3],
        }
        company = {"name": person["company"]} if number % 4 else None
        thread = {"subject": "A question", "kind": "email"} if name.startswith("again") else None
        facts: Facts = {"prospect": known, "company": company, "engagement": thread}
        yield render(LETTERS_BY_NAME[name], {**facts, "sender": {"name": "Jo Berg"}})


@pytest.mark.parametrize("name", sorted(LETTERS_BY_NAME))
def test_letters_of_campaigns_in_seven_languages_raise_no_alarm(name: str) -> None:
    assert [(draft.body, draft.problems) for draft in good_drafts(name) if draft.problems] == []


def test_there_is_enough_to_judge_by() -> None:
    assert CAMPAIGNS.errors == ()
    assert {letter.language for letter in LETTERS_BY_NAME.values()} == set(LANGUAGES)
    bodies = {draft.body for name in LETTERS_BY_NAME for draft in good_drafts(name)}
    assert len(bodies | {draft["body"] for draft in DATA["good"]}) >= 600
    assert len(DATA["good"]) >= 60
    assert len(DATA["fault"]) >= 80


def test_a_problem_says_where_it_is() -> None:
    problem = lint("A question", "Hello Ada,\n\nwe met {{ where }}.", facts())[0]
    assert (problem.line, problem.column, problem.found, problem.where) == (3, 8, "{{", "body")


def test_errors_come_first_and_block() -> None:
    problems = lint("A question", "Hello Ada,\n\nthe the post.\n\n[your answer]", facts())
    assert [problem.level for problem in problems] == ["error", "warning"]
    assert not approvable(problems)
    assert approvable(problems[1:])
    assert approvable([])


def test_a_channels_limit_counts_characters() -> None:
    assert [p.code for p in lint("", "a" * 301, {}, action="reply", limit=300)] == ["too-long"]
    assert lint("", "a" * 300, {}, action="reply", limit=300) == ()


def test_only_mail_needs_a_subject_and_likes_need_no_text() -> None:
    assert lint("", "Hello", {}, action="dm") == ()
    assert lint("", "", {}, action="like") == ()
    assert [p.code for p in lint("", "", {}, action="dm")] == ["empty"]


def test_an_answer_may_say_that_it_is_one() -> None:
    assert lint("Re: Looms", "Hello", {"engagement": {"subject": "Looms"}}) == ()


def test_long_mails_are_pointed_out() -> None:
    assert [(p.code, p.level) for p in lint("A word", "word " * 251, {})] == [("long", "warning")]


@pytest.mark.parametrize("field", ["name", "first_name", "last_name", "email"])
@pytest.mark.parametrize("mark", ["\r", "\n", "\r\n", "\x0b", "\u2028", "\x85"])
def test_a_line_break_in_a_name_is_an_error(field: str, mark: str) -> None:
    problems = lint("A question", "Hello", {"prospect": {field: f"Ada{mark}Bcc: x@x.example"}})
    assert [problem.code for problem in problems if problem.level == "error"] == ["header"]


def test_the_senders_own_company_may_keep_its_legal_form() -> None:
    text = "Hello Ada, how is Engine Works?\n\nJo Berg, Prospector Ltd"
    assert lint("A question", text, facts()) == ()


def test_a_weekday_of_the_templates_language_is_right() -> None:
    assert lint("x", "Bis Donnerstag!", {}, language="de") == ()
    problem = lint("x", "Bis Thursday!", {}, language="de")[0]
    assert (problem.code, problem.fix) == ("weekday", "Donnerstag")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("would you have time for this with the team", "en"),
        ("haben Sie und Ihre Firma das nicht auf der Liste", "de"),
        ("êtes vous disponible pour une visite dans les bureaux", "fr"),
        ("42", None),
    ],
)
def test_the_language_of_a_draft_is_guessed_or_left_open(text: str, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "name",
    [
        "Ada",
        "AJ",
        "Jo",
        "Mary Ann",
        "José Luis",
        "O'Neil",
        "Anna-Lena",
        "伟",
        "Ñandú",
        "Nan",
        "Zoë",
        "अदिति",
        "محمد",
    ],
)
def test_names_that_are_right_are_left_alone(name: str) -> None:
    assert judged_first_name(name, f"{name} King") is None


@pytest.mark.parametrize(
    ("company", "short"),
    [
        ("Engine Works", "Engine Works"),
        ("Acme, Inc.", "Acme"),
        ("ACME Co., Ltd.", "ACME"),
        ("Nordlicht Software GmbH", "Nordlicht Software"),
        ("Inc", "Inc"),
        ("Limited", "Limited"),
        ("Visa", "Visa"),
        ("", ""),
    ],
)
def test_short_names_have_no_legal_form(company: str, short: str) -> None:
    assert short_name(company) == short


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ada King", "Ada"),
        ("King, Ada", "Ada"),
        ("Dr. Ada King", "Ada"),
        ("Ada", "Ada"),
        ("", None),
        ("Dr.", None),
        ("ada@x.example", None),
    ],
)
def test_first_names_are_taken_from_whole_ones(name: str, first: str | None) -> None:
    assert first_name_of(name) == first


def test_facts_are_completed_but_never_overruled() -> None:
    known = completed(
        {"prospect": {"name": "Ada King", "company": "Acme Ltd"}, "sender": {"name": "Jo Berg"}}
    )
    assert known["prospect"] == {"name": "Ada King", "company": "Acme Ltd", "first_name": "Ada"}
    assert known["company"] == {"name": "Acme Ltd", "short_name": "Acme"}
    kept = completed(
        {
            "prospect": {"name": "Ada King", "first_name": "Addie"},
            "company": {"name": "A Ltd", "short_name": "B"},
        }
    )
    assert (kept["prospect"] or {})["first_name"] == "Addie"
    assert (kept["company"] or {})["short_name"] == "B"


def in_order(problems: tuple[Problem, ...]) -> bool:
    return [p.level for p in problems] == sorted(p.level for p in problems)


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=500), st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_be_judged(subject: str, body: str, name: str, company: str) -> None:
    problems = lint(subject, body, {"prospect": {"first_name": name, "company": company}, "company": None})
    assert in_order(problems)
    for problem in problems:
        text = subject if problem.where == "subject" else body
        if problem.line is not None and problem.column is not None:
            row = text.split("\n")[problem.line - 1 :]
            assert "\n".join(row)[problem.column - 1 :].startswith(problem.found)


@pytest.mark.parametrize(
    "piece", [" ", "{", "{a", "[", "<", "(", "%A", "&a", "Hi ", "..", ". ", "\t", "a ", "⟨", "{|", "##", "*|"]
)
def test_the_same_problem_a_thousand_times_is_still_judged(piece: str) -> None:
    assert isinstance(lint("x", piece * (60_000 // len(piece)), facts()), tuple)


NAMELESS = re.compile(r"(?:Hi|Hallo|Dear|Bonjour)[^\w⟨]*", re.IGNORECASE)
GREETINGS = [
    "Hi {{ prospect.first_name }},",
    "Hi {% if prospect.first_name %}{{ prospect.first_name }}{% endif %},",
    "Dear {{ prospect.first_name | default('') }},",
    "Hallo {{ prospect.last_name | trim }},",
    "Bonjour {{ prospect.title | first }},",
]
NOTHING = ["", " ", "nan", "-", "\u200b", "\xa0", "None", "Ada "]
# Beyond these letters are symbols, and a wave of the hand may stand in a greeting.
cells = st.none() | st.text(st.characters(max_codepoint=0x17F), max_size=8) | st.sampled_from(NOTHING)


@settings(deadline=None, max_examples=200)
@given(cells, cells, cells, st.sampled_from(GREETINGS))
def test_no_person_gets_a_greeting_without_a_name_unseen(
    first: str | None, last: str | None, title: str | None, greeting: str
) -> None:
    """E12: whatever is in a cell, `Hi ,` never comes without an error or a warning."""
    template = parse(f"Subject: A question\n\n{greeting}\n\nare you well?", "x", "x.txt")
    draft = render(template, {"prospect": {"first_name": first, "last_name": last, "title": title}})
    if NAMELESS.fullmatch(draft.body.split("\n")[0]):
        assert draft.problems, draft.body
