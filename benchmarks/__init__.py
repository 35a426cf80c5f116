"""Benchmarks that anyone can repeat: each command prints tables and writes ``benchmarks/results/<name>.json``."""
