"""The workspace at rest: SQLite and content-addressed blobs. No torch in here."""
