"""The fields of a series: they come back as they went, and each button does its one thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.campaigns.steps import Step, StepProblem, Variant, template_of
from prospector.web import campaign_sheet as sheets
from prospector.web.campaign_sheet import EMPTY, Series, Sheet, SheetError

LINE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30)
SUBJECT = LINE.map(lambda text: " ".join(text.split()))
BODY = st.lists(LINE, min_size=1, max_size=4).map("\n".join).map(lambda text: text.strip("\n"))
ACTS = st.sampled_from(
    (
        "add-step",
        "add-variant:1",
        "add-variant:2",
        "add-language:1:A:de",
        "add-language:1:B:fr",
        "drop-step:2",
        "drop-step:1",
        "drop-variant:1:A",
        "drop-variant:1:B",
        "drop-language:1:A:de",
        "drop-language:1:A:en",
        "add-language:9:A:de",
        "drop-step:x",
        "format-disk",
    )
)


@given(SUBJECT, BODY, st.sampled_from(("en", "de", "pt")))
def test_a_text_comes_back_from_its_file_as_it_was_typed(subject, body, language):
    sheet = Sheet(1, "A", language, subject, body)
    assert sheets.parts_of(sheets.text_of(sheet)) == (subject, body)


@given(st.lists(ACTS, max_size=12))
def test_whatever_is_pressed_every_step_keeps_a_text_and_each_text_stands_once(acts):
    series = EMPTY
    for act in acts:
        try:
            series = sheets.changed(series, act)
        except SheetError:
            continue
    keys = [sheet.key for sheet in series.sheets]
    assert len(set(keys)) == len(keys)
    assert {sheet.step for sheet in series.sheets} == set(range(1, len(series.waits) + 1))
    assert len(series.waits) <= 4
    assert all(len(series.names(number)) <= 3 for number in range(1, len(series.waits) + 1))
    assert sheets.series_of(sheets.steps_of(series)).sheets == series.sheets


def test_stored_steps_become_fields_and_steps_again():
    texts = {"en": "Subject: Hello\n\nHi.", "de": "Subject: Hallo\n\nGuten Tag."}
    steps = (
        Step(0, (Variant("A", texts), Variant("B", {"en": "Subject: Other\n\nHi."}))),
        Step(3, (Variant("A", {"en": "Language: en\n\nAgain."}),)),
    )
    series = sheets.series_of(steps)
    assert series.waits == ("0", "3")
    assert [sheet.key for sheet in series.sheets] == ["1-A-en", "1-A-de", "1-B-en", "2-A-en"]
    assert sheets.steps_of(series) == steps


def test_a_follow_up_without_a_subject_is_a_template_in_its_own_language():
    sheet = Sheet(2, "A", "de", "", "Noch eine Frage.\n\nBis bald")
    read = template_of(sheets.text_of(sheet), "again", "de")
    assert (read.subject, read.body, read.language) == ("", "Noch eine Frage.\n\nBis bald", "de")


def test_a_form_is_read_field_by_field_and_what_does_not_fit_is_refused():
    read = sheets.read(["0"], [1], ["A"], ["en"], ["A subject\r\nBcc: everybody"], ["Hi.\r\nYou."])
    assert read.sheets == (Sheet(1, "A", "en", "A subject Bcc: everybody", "Hi.\r\nYou."),)
    assert "\r" not in sheets.text_of(read.sheets[0])
    for wrong in (
        (["0"], [1, 1], ["A"], ["en"], [""], [""]),
        (["0"], [2], ["A"], ["en"], [""], [""]),
        (["0"], [1], ["Z"], ["en"], [""], [""]),
        (["0"], [1], ["A"], ["xx"], [""], [""]),
        (["0", "3"], [1], ["A"], ["en"], [""], [""]),
        (["0"], [], [], [], [], []),
    ):
        with pytest.raises(SheetError):
            sheets.read(*wrong)


@pytest.mark.parametrize("wait", ["", "soon", "-1", "3.5", "9999"])
def test_a_wait_that_is_no_number_of_days_is_said(wait):
    series = Series(("0", wait), (Sheet(1, "A", "en"), Sheet(2, "A", "en")))
    with pytest.raises(SheetError, match="working days"):
        sheets.steps_of(series)


def test_a_problem_stands_at_its_line_of_the_body_or_at_the_subject():
    problems = (
        StepProblem(1, "A", "en", 1, 10, "Subject: what is this"),
        StepProblem(1, "A", "en", 5, 7, "no such fact"),
        StepProblem(2, "", "", 1, 1, "it needs a wait"),
    )
    found = sheets.placed(problems)
    assert [(one.line, one.column) for one in found["1-A-en"]] == [(0, 10), (3, 7)]
    assert [one.message for one in found[""]] == ["it needs a wait"]
