"""People from files: a plan first, then a run that can be taken back (docs/importing.md)."""
