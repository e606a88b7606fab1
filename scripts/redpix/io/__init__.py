"""Readers of what a user brings: one for tables."""
