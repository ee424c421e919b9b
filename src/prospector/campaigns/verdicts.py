"""The decisions that a review knows, by the name under which a run keeps them."""

from __future__ import annotations

from collections.abc import Mapping

from prospector.campaigns import approvals, fills, skips
from prospector.campaigns.batches import Act

ACTS: Mapping[str, Act] = {
    "approve": approvals.Approve(),
    "fill": fills.Fill(),
    "skip": skips.Skip(),
    "redraft": fills.Redraft(),
}
