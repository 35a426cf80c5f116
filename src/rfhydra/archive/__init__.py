"""Archives of recordings: scanned for the signals of a workspace, and searched by example."""
