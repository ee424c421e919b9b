"""What moves people by itself: the rule format, the fold, and its explanation (docs/rules.md)."""
