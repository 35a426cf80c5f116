"""The frozen backbone, the heads on top of it, and their versions."""
