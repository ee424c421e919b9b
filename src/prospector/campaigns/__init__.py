"""Campaigns: many personal mails from one series of templates, until somebody answers."""
