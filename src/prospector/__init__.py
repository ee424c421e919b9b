"""Social selling: be present where your prospects are already active."""

__version__ = "0.1.0"
