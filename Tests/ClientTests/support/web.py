# SPDX-License-Identifier: Apache-2.0
"""A web server with a few files."""
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web:
    """Serves files on the loopback of a host, for as long as the `with` block lasts. `requests` are their methods and paths, `agents` who asked,
    `sent` what was said as `Authorization`, which has to be `authorization` if that is given."""

    def __init__(self, host, authorization=None):
        files, fields, requests, agents, sent = self.files, self.fields, self.requests, self.agents, self.sent = {}, {}, [], [], []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append((self.command, self.path))
                agents.append(self.headers.get("User-Agent"))
                sent.append(self.headers.get("Authorization"))
                path = self.path.partition("?")[0]
                denied = authorization is not None and sent[-1] != authorization
                body, own = (None, {}) if denied else (files.get(path), fields.get(path, {}))
                unchanged = "ETag" in own and self.headers.get("If-None-Match") == own["ETag"]
                self.send_response(401 if denied else 404 if body is None else 302 if "Location" in own else 304 if unchanged else 200)
                for name, value in own.items():
                    self.send_header(name, value)
                if not unchanged:
                    self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                if self.command == "GET" and not unchanged:
                    self.wfile.write(body or b"")

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        with host.inside():
            self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path, body, modified=None, **fields):
        """Serves bytes at a path, with a time in seconds since 1970 and more header fields (`Last_Modified=…`) if there are any; gives the address."""
        self.files[path] = body
        self.fields[path] = {name.replace("_", "-"): value for name, value in fields.items()}
        if modified is not None:
            self.fields[path]["Last-Modified"] = formatdate(modified, usegmt=True)
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
