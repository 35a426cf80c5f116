"""Detection in windows and recordings: detector and tracker, without a database."""
