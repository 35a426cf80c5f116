"""The service: one process that owns a workspace and offers everything over a WebSocket."""
