"""From windows to detections to tracks. Nothing in here knows a database."""
