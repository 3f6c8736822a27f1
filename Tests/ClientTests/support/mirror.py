# SPDX-License-Identifier: Apache-2.0
"""A web server on an engine's loopback: the files of a folder, and below /debian/ what the machine's Debian mirror has, kept once it was fetched."""
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

    def _handler(mirror):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.partition("?")[0]
                mirror.asked.append(path)
                body = fetched(path.removeprefix("/debian/")) if path.startswith("/debian/") else own(mirror.folder / path[1:])
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        return Handler


def own(file):
    return file.read_bytes() if file.is_file() else None


_indices = {}


def fetched(path):
    """A file of the Debian mirror. Packages never change and are kept; the lists of them do, and are fetched once by a process."""
    if path in _indices:
        return _indices[path]
    file = KEPT / path
    if file.exists():
        return file.read_bytes()
    try:
        body = urllib.request.urlopen(f"{apt_sources('bookworm').split()[1]}/{path}", timeout=60).read()
    except urllib.error.HTTPError:
        return None
    if path.startswith("dists/"):
        _indices[path] = body
        return body
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{threading.get_ident()}")
    unfinished.write_bytes(body)
    unfinished.rename(file)
    return body
