"""Measurements that anyone can repeat. Each script prints a table and writes ``benchmarks/results/<name>.json``."""
