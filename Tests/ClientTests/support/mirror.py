# SPDX-License-Identifier: Apache-2.0
"""A web server on an engine's loopback: the files of a folder, and what the machine's Debian mirror has, below /debian/ and as a proxy for apt."""
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .images import CACHE, apt_sources

KEPT = CACHE / "debian-mirror"


class Mirror:
    """Serves until its block ends. `folder` is what it shows; `asked` are the paths that were asked for."""

    def __init__(self, host):
        self.folder, self.asked = Path("/nonexistent"), []
        with host.inside():
            self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def body(self, path):
        """What is at a path, or at a whole address; None when there is nothing."""
        base = apt_sources("bookworm").split()[1] + "/"
        if path.startswith("/debian/"):
            return fetched(base + path.removeprefix("/debian/"))
        if path.startswith("http://"):
            return fetched(path) if path.startswith(base) else None
        file = self.folder / path[1:]
        return file.read_bytes() if file.is_file() else None

    def _handler(mirror):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.partition("?")[0]
                mirror.asked.append(path)
                body = mirror.body(path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        return Handler


_indices = {}


def fetched(address):
    """A file of the Debian mirror. Packages never change and are kept; the lists of them do, and are fetched once by a process."""
    if address in _indices:
        return _indices[address]
    file = KEPT / address.removeprefix("http://")
    if file.exists():
        return file.read_bytes()
    try:
        body = urllib.request.urlopen(address, timeout=60).read()
    except urllib.error.HTTPError:
        return None
    if "/dists/" in address:
        _indices[address] = body
        return body
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{threading.get_ident()}")
    unfinished.write_bytes(body)
    unfinished.rename(file)
    return body
