"""Trainings of a server: the queue, the training process, and the pipe between them."""
