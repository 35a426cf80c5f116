"""The web console: static files, served at ``/`` by ``rfhydra serve``. It speaks the public WebSocket API only."""
