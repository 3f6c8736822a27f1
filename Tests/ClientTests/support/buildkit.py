# SPDX-License-Identifier: Apache-2.0
"""BuildKit's API without a client library: messages as they lie on the wire, calls over HTTP/2 on the engine's socket, and build graphs (LLB)."""
import hashlib
import struct

import h2.config
import h2.connection
import h2.events
from support.http import dial

CONTROL, GATEWAY = "moby.buildkit.v1.Control", "moby.buildkit.v1.frontend.LLBBridge"


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def message(fields):
    """A protobuf message: {number: text, bytes, number, message as a dict, or a list of them}."""
    out = b""
    for number, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, (bool, int)):
                out += varint(number << 3) + varint(int(one))
                continue
            data = message(one) if isinstance(one, dict) else one.encode() if isinstance(one, str) else one
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def fields(data):
    """What a message has: {number: [values]}; nested messages are bytes."""
    found, position = {}, 0

    def number():
        nonlocal position
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while position < len(data):
        key = number()
        if key & 7 == 0:
            found.setdefault(key >> 3, []).append(number())
            continue
        assert key & 7 == 2, key
        size = number()
        found.setdefault(key >> 3, []).append(data[position : position + size])
        position += size
    return found


class CallError(Exception):
    """What a call ended with that failed: the message of its status."""


class BuildKit:
    """One connection to /grpc."""

    def __init__(self, path, timeout=60):
        self.socket = dial(path, timeout)
        self.socket.sendall(b"POST /grpc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, head
            head += byte
        assert b" 101 " in head.split(b"\r\n")[0], head
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.connection.initiate_connection()
        self.streams = {}
        self._send()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _send(self):
        self.socket.sendall(self.connection.data_to_send())

    def begin(self, service, method, request, build=None):
        """Calls without waiting; gives what `end` takes."""
        stream = self.connection.get_next_available_stream_id()
        headers = [(":method", "POST"), (":scheme", "http"), (":path", f"/{service}/{method}"), (":authority", "localhost"), ("te", "trailers")]
        headers += [("content-type", "application/grpc")] + ([("buildkit-controlapi-buildid", build)] if build else [])
        body = message(request)
        self.streams[stream] = {"data": b"", "trailers": {}, "ended": False}
        self.connection.send_headers(stream, headers)
        self.connection.send_data(stream, b"\0" + struct.pack(">I", len(body)) + body, end_stream=True)
        self._send()
        return stream

    def end(self, stream):
        """The answer's fields; throws CallError."""
        state = self.streams[stream]
        while not state["ended"]:
            received = self.socket.recv(1 << 16)
            assert received, "the connection was closed"
            for event in self.connection.receive_data(received):
                self._take(event)
            self._send()
        if state["trailers"].get("grpc-status", "0") != "0":
            raise CallError(state["trailers"].get("grpc-message", ""))
        return fields(state["data"][5:])

    def _take(self, event):
        state = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.DataReceived):
            state["data"] += event.data
            self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
            state["trailers"].update(dict(event.headers))
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            state["ended"] = True

    def call(self, service, method, request, build=None):
        return self.end(self.begin(service, method, request, build))


class Graph:
    """Operations of a build graph, each after those that it works on."""

    SOURCE, EXEC, FILE, MERGE, DIFF = 3, 2, 4, 6, 7

    def __init__(self):
        self.operations = []

    def add(self, kind, value, *inputs):
        """An operation on others, (digest, output) or digest; gives its digest."""
        return self._put({1: [self._edge(one) for one in inputs], kind: value})

    def _put(self, operation):
        self.operations.append(message(operation))
        return "sha256:" + hashlib.sha256(self.operations[-1]).hexdigest()

    @staticmethod
    def _edge(one):
        digest, output = one if isinstance(one, tuple) else (one, 0)
        return {1: digest, 2: output}

    def source(self, identifier, attributes=None):
        return self.add(self.SOURCE, {1: identifier, 2: [{1: key, 2: value} for key, value in (attributes or {}).items()]})

    def image(self, name):
        return self.source(f"docker-image://{name}")

    def run(self, arguments, *inputs, mounts=(), **more):
        """A command in its first input; `mounts`: further pb.Mount."""
        return self.add(self.EXEC, {1: {1: arguments, 3: "/", 2: ["PATH=/bin"]}, 2: [{1: 0, 3: "/"}, *mounts]} | more.get("fields", {}), *inputs)

    def change(self, actions, *inputs):
        """Changes one after the other: [(field, value)] of pb.FileAction; each copies from input number 1 where there is one."""
        listed = []
        for number, (kind, value) in enumerate(actions):
            base = 0 if number == 0 else len(inputs) + number - 1
            output = 0 if number == len(actions) - 1 else -1
            listed.append({1: base if inputs else -1 if number == 0 else base, 2: 1 if len(inputs) > 1 else -1, 3: output, kind: value})
        return self.add(self.FILE, {2: listed}, *inputs)

    def definition(self, root):
        """The graph with its result, as pb.Definition."""
        return {1: [*self.operations, message({1: [self._edge(root)]})], 2: [{1: root[0] if isinstance(root, tuple) else root, 2: b""}]}
