"""Connections: sockets, security, sessions and their outboxes."""
