"""`prospector person consent`: a reason to write is noted with its evidence, and listed."""

from __future__ import annotations

import json

from tests.shell import ADA, Shell


def test_a_consent_is_noted_and_listed(shell: Shell) -> None:
    assert shell("add", ADA, "--name", "Ada Byron", "--email", "ada@byron.example").code == 0
    noted = shell(
        "person", "consent", ADA, "--kind", "inquiry", "--at", "2026-10-01", "--evidence", "her mail"
    )
    assert noted.code == 0
    assert "Cold e-mail may go" in noted.out
    (row,) = json.loads(shell("person", "consent", ADA, "--json").out)
    assert (row["kind"], row["at"], row["until"], row["taken_back"]) == (
        "inquiry",
        "2026-10-01",
        "2027-04-01",
        False,
    )


def test_what_is_no_proof_is_refused_with_advice(shell: Shell) -> None:
    assert shell("add", ADA, "--name", "Ada Byron", "--email", "ada@byron.ca").code == 0
    for options, advice in {
        ("--at", "2026-10-01"): "the proof is ours",
        ("--at", "soon", "--evidence", "x"): "2026-11-24",
        ("--at", "2026-10-01", "--page", "https://byron.ca/team", "--relevance", "x"): "the page says",
    }.items():
        kind = "publication" if "--page" in options else "express"
        refused = shell("person", "consent", ADA, "--kind", kind, *options)
        assert refused.code == 2
        assert advice in refused.err
    assert json.loads(shell("person", "consent", ADA, "--json").out) == []
    assert "may not go: Canada" in shell("person", "consent", ADA).out
