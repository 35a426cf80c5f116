"""Few-shot benchmark on emitters that pretraining never saw: ``python -m benchmarks.fewshot``.

A part is a module with ``units(bench)``, its named units of work, and ``summarise(rows, plan)``, the tables of their
rows. ``page`` writes the tables of all parts.
"""
