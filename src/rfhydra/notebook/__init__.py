"""The loop for scripts and notebooks: samples, training, detection, and results that show themselves."""
