"""Looking at people: when, how, and what was covered."""
