"""Training data: samples imported, split, turned into features and assigned to classes."""
