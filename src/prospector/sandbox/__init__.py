"""Platforms and mail servers on loopback, with fictitious people: for `prospector demo` and for tests."""
