"""Heads: how each kind is trained and calibrated."""
