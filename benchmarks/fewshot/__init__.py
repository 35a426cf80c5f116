"""Few-shot recognition of emitters that pretraining never saw: ``python -m benchmarks.fewshot``.

``emitters`` makes the bursts, ``scenes`` mixes them, ``memory`` remembers what a backbone sees in a scene, ``trial``
trains a head as the product does and says how good it is. Each part of the benchmark is a module of its own.
"""
