"""The workspace at rest: SQLite and content-addressed blobs. No torch in here.

numpy is imported by the functions that touch arrays: most commands touch none.
"""
