"""What an address says of a name, and where it says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospector.campaigns import suggestions


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("jan.novak@x.example", "Jan"),
        ("ANNA-LENA_weber@x.example", "Anna-Lena"),
        ("jan.novak+news@x.example", "Jan"),
        ("j.novak@x.example", None),
        ("jnovak@x.example", None),
        ("info.desk@x.example", None),
        ("jan.2@x.example", None),
        ("xq.novak@x.example", None),
        (None, None),
    ],
)
def test_a_first_name_is_read_only_where_the_address_spells_it(address, name):
    assert suggestions.first_name_of(address) == name


@given(st.text(max_size=60))
def test_whatever_an_address_is_a_suggestion_is_a_name_of_letters(text):
    found = suggestions.first_name_of(text)
    assert found is None or (len(found) >= 2 and all(part.isalpha() for part in found.split("-")))


def test_a_role_is_told_from_a_person():
    assert suggestions.is_role("Info@x.example")
    assert not suggestions.is_role("ingo@x.example")
