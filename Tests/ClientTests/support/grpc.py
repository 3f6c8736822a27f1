# SPDX-License-Identifier: Apache-2.0
"""Just enough of HTTP/2 and gRPC to call a method on the engine's socket, without asking first whether HTTP/2 is spoken there."""
import struct

from .http import dial

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACKNOWLEDGE = 1, 4, 1


def _frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _text(value):
    return bytes([len(value)]) + value.encode()


def _headers(method):
    fields = {":method": "POST", ":scheme": "http", ":path": method, ":authority": "localhost", "content-type": "application/grpc", "te": "trailers"}
    # Literal, never indexed (RFC 7541, 6.2.3).
    return b"".join(b"\x10" + _text(name) + _text(value) for name, value in fields.items())


class Connection:
    """One HTTP/2 connection to a unix socket."""

    def __init__(self, path):
        self.socket = dial(path)
        self.file = self.socket.makefile("rb")
        self.stream = -1
        self.socket.sendall(PREFACE + _frame(SETTINGS, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def _read(self):
        head = self.file.read(9)
        assert len(head) == 9, "the engine has closed the connection"
        length, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big")
        return kind, flags, stream, self.file.read(length)

    def call(self, method, request=b""):
        """Calls a method with one message; gives the messages that are answered."""
        self.stream += 2
        message = b"\0" + struct.pack(">I", len(request)) + request
        self.socket.sendall(_frame(HEADERS, END_HEADERS, self.stream, _headers(method)) + _frame(DATA, END_STREAM, self.stream, message))
        body = b""
        while True:
            kind, flags, stream, payload = self._read()
            if kind == SETTINGS and not flags & ACKNOWLEDGE:
                self.socket.sendall(_frame(SETTINGS, ACKNOWLEDGE, 0))
            if kind == PING and not flags & ACKNOWLEDGE:
                self.socket.sendall(_frame(PING, ACKNOWLEDGE, 0, payload))
            assert kind not in (RESET, GOAWAY), f"{method} was broken off: {payload}"
            if stream != self.stream:
                continue
            if kind == DATA:
                body += payload
                if payload:
                    more = struct.pack(">I", len(payload))
                    self.socket.sendall(_frame(WINDOW, 0, 0, more) + _frame(WINDOW, 0, stream, more))
            if flags & END_STREAM and kind in (DATA, HEADERS):
                return list(_messages(body))


def _messages(body):
    while body:
        length = struct.unpack(">I", body[1:5])[0]
        yield body[5 : 5 + length]
        body = body[5 + length :]


def fields(message):
    """The fields of a protobuf message: [(number, value)], bytes or numbers."""
    found, position = [], 0

    def number():
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(message):
        key = number()
        if key & 7 == 0:
            found.append((key >> 3, number()))
        else:
            assert key & 7 == 2, "a field of a kind that BuildKit's messages do not have"
            length = number()
            found.append((key >> 3, message[position : position + length]))
            position += length
    return found
