# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of a registry that misbehaves on demand and counts the bytes of each blob that it has sent."""
import http.client
import re
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .hosts import Host

BLOCK = 16384
BLOB = re.compile(r"/v2/.+/blobs/(sha256:[0-9a-f]{64})$")
HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"}


@dataclass
class Answer:
    """An answer before it is sent. `pieces` gives the body; `length` is what Content-Length says, None for chunks."""

    status: int
    headers: dict = field(default_factory=dict)
    pieces: object = ()
    length: int | None = None


class Cut(Exception):
    """The connection is closed here."""


class Proxy:
    """Listens at 127.0.0.1:`port` of `host` and forwards to the registry at `target` (a port there), unless a fault says otherwise.

    A fault is a function of (handler, answer) that gives the answer to send; `when` chooses the requests by method and a pattern of their path.
    With `narrow` the host's sockets buffer little, so that what has been sent is about what has arrived."""

    def __init__(self, host: Host, target=5000, port=5080, narrow=False):
        if narrow:
            host.run("sysctl", "-q", "-w", "net.ipv4.tcp_rmem=4096 32768 65536", "net.ipv4.tcp_wmem=4096 32768 65536")
        self.host, self.target, self.address = host, target, f"127.0.0.1:{port}"
        self.requests = []  # (method, path, headers) in the order they came
        self.sent = defaultdict(list)  # digest → (first byte, bytes sent), one for each answer
        self.total = 0
        self.faults = []
        self.lock = threading.Lock()
        self.open = set()
        self.busy = 0  # answers that are under way
        self.stop_at = None
        self.released = threading.Event()
        with host.inside():
            self.server = _Server(("127.0.0.1", port), _handler(self))
            self.server.proxy = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def when(self, pattern, fault, method="GET", times=None):
        """From now on `fault` is applied to requests whose path fits, `times` times or always."""
        self.faults.append([method, re.compile(pattern), fault, times])

    def heal(self):
        """No more faults; what stalls goes on to its end."""
        self.faults.clear()
        self.stop_at = None
        self.released.set()
        self.released = threading.Event()

    def cut_at(self, total):
        """Cuts every connection, once, when that many bytes of blobs have been sent altogether."""
        self.stop_at = total

    def bytes_of(self, blob):
        """How many bytes of a blob have been sent so far, again and again included."""
        return sum(count for _, count in self.sent[blob])

    def count(self, pattern, method="GET"):
        return sum(1 for made, path, _ in self.requests if made == method and re.search(pattern, path))

    def cut_all(self):
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.cut_all()
        self.server.server_close()
        self.thread.join(5)

    def fault_for(self, method, path):
        with self.lock:
            for entry in self.faults:
                if entry[0] == method and entry[1].search(path) and entry[3] != 0:
                    if entry[3]:
                        entry[3] -= 1
                    return entry[2]
        return None

    def has_sent(self, blob, index, count):
        """Counts; raises Cut at the byte where everything is to be cut."""
        with self.lock:
            first, before = self.sent[blob][index]
            self.sent[blob][index] = (first, before + count)
            self.total += count
            due = self.stop_at is not None and self.total >= self.stop_at
            if due:
                self.stop_at = None
        if due:
            self.cut_all()
            raise Cut


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that went away, or was cut off, is no matter of the proxy's."""


def _handler(proxy):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            with proxy.lock:
                proxy.open.add(self.connection)

        def finish(self):
            with proxy.lock:
                proxy.open.discard(self.connection)
            try:
                super().finish()
            except OSError:
                pass

        def log_message(self, *_):
            pass

        def _serve(self):
            proxy.requests.append((self.command, self.path, dict(self.headers)))
            fault = proxy.fault_for(self.command, self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self._chunks() if self.headers.get("Transfer-Encoding") else self.rfile.read(length)
            upstream = http.client.HTTPConnection("127.0.0.1", proxy.target, timeout=60)
            if hasattr(fault, "before"):
                fault.before(self)
            with proxy.lock:
                proxy.busy += 1
            try:
                answer = self._forward(upstream, body) if not getattr(fault, "alone", False) else Answer(200)
                self._send(fault(self, answer) if fault else answer)
            except (Cut, OSError):
                self.close_connection = True
            finally:
                upstream.close()
                with proxy.lock:
                    proxy.busy -= 1

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def _chunks(self):
            data = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data

        def _forward(self, upstream, body):
            upstream.sock = proxy.host.connect("127.0.0.1", proxy.target, 60)
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # a name may come several times
                if name.lower() not in HOP:
                    upstream.putheader(name, value)
            upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body or None)
            came = upstream.getresponse()
            kept = {name: value for name, value in came.getheaders() if name.lower() not in HOP}
            size = came.getheader("Content-Length")
            pieces = iter(lambda: came.read(BLOCK), b"")
            return Answer(came.status, kept, pieces, int(size) if size is not None else None)

        def _send(self, answer):
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            chunked = answer.length is None and self.command != "HEAD" and answer.status not in (204, 304)
            self.send_header(*("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(answer.length or 0)))
            self.end_headers()
            if self.command != "HEAD":
                self._send_body(answer, chunked)

        def _send_body(self, answer, chunked):
            count = self._counter(answer)
            for piece in filter(None, answer.pieces):  # an empty chunk would be the end
                if chunked:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    count(len(piece))
                while piece and not chunked:  # what the kernel took has been sent, also when the rest fails
                    taken = self.connection.send(piece)
                    count(taken)
                    piece = piece[taken:]
            if chunked:
                self.wfile.write(b"0\r\n\r\n")

        def _counter(self, answer):
            blob = BLOB.match(self.path)
            if self.command != "GET" or not blob or answer.status not in (200, 206):
                return lambda size: None
            told = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
            with proxy.lock:
                entries = proxy.sent[blob[1]]
                entries.append((int(told[1]) if told else 0, 0))
                index = len(entries) - 1
            return lambda size: proxy.has_sent(blob[1], index, size)

    return Handler


# The faults.


def cut(after):
    """The connection is closed after that many bytes of the body."""
    return _on_pieces(lambda _, pieces: _limited(pieces, after, _raise_cut))


def truncated(after):
    """The body ends properly, and is shorter than it should be."""

    def fault(_, answer):
        answer.pieces, answer.length = _limited(answer.pieces, after, lambda: None), min(after, answer.length)
        return answer

    return fault


def stall(after):
    """Nothing more comes after that many bytes, until the proxy is healed."""
    return _on_pieces(lambda proxy, pieces: _stalling(pieces, after, proxy))


def status(code, headers=None, body=b'{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}'):
    """An answer instead of the registry's."""

    def fault(*_):
        return Answer(code, {"Content-Type": "application/json"} | (headers or {}), [body], len(body))

    fault.alone = True
    return fault


def document(data, kind, headers=None):
    """A manifest, or anything else, instead of the registry's."""
    return status(200, {"Content-Type": kind} | (headers or {}), data)


def flipped(at):
    """One bit of the body is wrong."""

    def spoil(_, pieces):
        offset = 0
        for piece in pieces:
            if offset <= at < offset + len(piece):
                piece = bytearray(piece)
                piece[at - offset] ^= 1
                piece = bytes(piece)
            offset += len(piece)
            yield piece

    return _on_pieces(spoil)


def drip(size, seconds):
    """Pieces of `size` bytes with a pause after each."""

    def slowly(proxy, pieces):
        for piece in pieces:
            for start in range(0, len(piece), size):
                yield piece[start : start + size]
                proxy.released.wait(seconds)

    return _on_pieces(slowly)


def endless(prefix=b"", length=None):
    """The body never ends; `length` is what Content-Length says, None for chunks."""

    def fault(*_):
        return Answer(200, {"Content-Type": "application/octet-stream"}, _forever(prefix), length)

    fault.alone = True
    return fault


def ranges_ignored():
    """The whole blob whatever range was asked for, with status 200."""

    def fault(_, answer):
        return answer

    fault.before = lambda handler: handler.headers.__delitem__("Range")
    return fault


def wrong_range(shift):
    """Says that it sends what was asked for, and sends bytes from elsewhere."""

    def fault(_, answer):
        if answer.status != 206:
            return answer
        data = b"".join(answer.pieces)
        answer.pieces = [data[shift:] + data[:shift]]
        return answer

    return fault


def range_told_wrong():
    """A Content-Range that is not what was asked for."""

    def fault(_, answer):
        if answer.status == 206:
            answer.headers["Content-Range"] = re.sub(r"bytes \d+-", "bytes 1-", answer.headers["Content-Range"])
        return answer

    return fault


def _on_pieces(change):
    def fault(handler, answer):
        answer.pieces = change(handler.server.proxy, answer.pieces)
        return answer

    return fault


def _limited(pieces, size, then):
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            break
    then()


def _stalling(pieces, size, proxy):
    released = proxy.released
    for piece in pieces:
        if size is not None and size < len(piece):
            yield piece[:size]
            released.wait(120)
            piece, size = piece[size:], None
        elif size is not None:
            size -= len(piece)
        yield piece


def _raise_cut():
    raise Cut


def _forever(prefix):
    yield prefix
    block = bytes(BLOCK)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        yield block
