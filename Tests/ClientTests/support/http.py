# SPDX-License-Identifier: Apache-2.0
"""The Engine API without a client library: requests as they are meant, and bytes as they should never be."""
import http.client
import json
import socket
from dataclasses import dataclass


@dataclass
class Response:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """What the engine says went wrong."""
        return self.json()["message"]


class UnixConnection(http.client.HTTPConnection):
    """One keep-alive connection to the engine's socket."""

    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = dial(self.path, self.timeout)


def dial(path, timeout=30):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    connection.connect(str(path))
    return connection


class API:
    """Requests to one engine, a new connection for each."""

    def __init__(self, path):
        self.path = path

    def __call__(self, method, target, body=None, headers=None, timeout=30):
        """`body`: bytes as they are, anything else as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, bytearray)):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection = UnixConnection(self.path, timeout)
        try:
            connection.request(method, target, body=body, headers=headers)
            answer = connection.getresponse()
            return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def open(self, method, target, timeout=30):
        """Sends a request without a body and returns (connection, response) for reading piece by piece."""
        connection = UnixConnection(self.path, timeout)
        connection.request(method, target)
        return connection, connection.getresponse()

    def raw(self, data, timeout=10, end=True):
        """Sends bytes, ends the sending side (if `end`) and returns everything that comes back until the engine closes."""
        with dial(self.path, timeout) as connection:
            try:
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return read_all(connection)

    def hijack(self, target, body=b"", headers=None, timeout=15):
        """POSTs with the upgrade headers; returns (status line, socket, bytes that came after the head)."""
        connection = dial(self.path, timeout)
        head = {"Host": "localhost", "Connection": "Upgrade", "Upgrade": "tcp", "Content-Type": "application/json"}
        head |= headers or {}
        head["Content-Length"] = str(len(body))
        lines = [f"POST {target} HTTP/1.1"] + [f"{k}: {v}" for k, v in head.items() if v is not None]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(4096)
            assert piece, f"the engine closed before the end of the head: {received!r}"
            received += piece
        start, rest = received.split(b"\r\n\r\n", 1)
        return start.split(b"\r\n")[0].decode(), connection, rest


def read_all(connection):
    received = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


def frames(data):
    """The (stream, bytes) pairs of Docker's multiplexed format: 1 is stdout, 2 is stderr."""
    result = []
    while data:
        assert len(data) >= 8 and data[1:4] == b"\0\0\0", f"not a frame header: {data[:8]!r}"
        length = int.from_bytes(data[4:8], "big")
        assert len(data) >= 8 + length, "a frame is cut off"
        result.append((data[0], data[8 : 8 + length]))
        data = data[8 + length :]
    return result


def stream(data, number):
    return b"".join(piece for which, piece in frames(data) if which == number)
