"""A real HTTP server on loopback that answers with what it is told to, and keeps what it was sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any, Self


class Post:
    """One request: its path, headers and JSON body."""

    def __init__(self, path: str, headers: dict[str, str], body: Any) -> None:
        self.path, self.headers, self.body = path, headers, body

    @property
    def track_ids(self) -> list[int]:
        return [event["track_id"] for event in self.body["events"]]


class HttpServer:
    """Answers with the next of ``statuses``, then with 204; 0 closes the connection without an answer."""

    def __init__(self, *statuses: int, port: int = 0) -> None:
        self.posts: Queue[Post] = Queue()
        left, posts = [*statuses], self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                posts.put(Post(self.path, dict(self.headers), body))
                status = left.pop(0) if left else 204
                if status:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self) -> Post:
        return self.posts.get(timeout=30)
