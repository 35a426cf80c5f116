"""Attacks on a live server on loopback, bounded in time and bytes: what they cost it, and what other clients notice.

``python -m tests.abuse`` runs all and prints a table, ``--only NAME`` runs one.
"""
