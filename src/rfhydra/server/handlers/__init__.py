"""Command handlers, and the table of which handler answers which command."""
