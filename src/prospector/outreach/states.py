"""Which states of messages, and of people in a campaign, mean the same to all who ask."""

from __future__ import annotations

UNSAID = ("draft", "approved")
"""States of a message of which nothing has been said to anybody."""
ABOUT_TO = ("added", "drafted", "active")
"""States of people in a campaign to whom something may still go."""
