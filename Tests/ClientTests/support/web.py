# SPDX-License-Identifier: Apache-2.0
"""A web server with a few files."""
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """Serves files on the loopback of a host, for as long as the `with` block lasts."""

    def __init__(self, host):
        files = self.files = {}
        times = self.times = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = files.get(self.path.partition("?")[0])
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                if self.path in times:
                    self.send_header("Last-Modified", formatdate(times[self.path], usegmt=True))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        with host.inside():
            self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path, body, modified=None):
        """Serves bytes at a path, with a time in seconds since 1970 if there is one; gives the address."""
        self.files[path] = body
        if modified is not None:
            self.times[path] = modified
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
