"""Pretraining of the shipped backbone: burst library, scenes, training."""
