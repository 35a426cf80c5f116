"""From boxes to a head: splits, cached features, the training loop, metrics."""
