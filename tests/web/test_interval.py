"""Where a rate stands in a drawing: inside it, in order, on one scale for all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prospector.web.interval import EDGE, WIDTH, Scale

RATE = st.floats(0, 1)


@given(st.lists(RATE, max_size=5))
def test_every_rate_is_inside_the_drawing_and_in_its_order(rates):
    scale = Scale.of(rates)
    places = [scale.x(rate) for rate in sorted(rates)]
    assert places == sorted(places)
    assert all(EDGE <= place <= WIDTH - EDGE for place in places)
    assert all(rate <= scale.most for rate in rates)


def test_small_rates_get_a_small_scale():
    assert Scale.of([0.031, 0.04]).words == "0 to 5 %"
    assert Scale.of([0.031, 0.11]).words == "0 to 20 %"
    assert Scale.of([]).ticks == (8.0, 84.0, 160.0, 236.0, 312.0)
