"""The people we want to win, and where they are active."""
