# SPDX-License-Identifier: Apache-2.0
"""Servers that say who asks, and clients that ask them, in whichever network namespace."""
import json
import selectors
import socket
import threading

from .hosts import Namespace, family_of


class Peers:
    """Servers in one thread. Each greets with a line of JSON that says its name and the client's address, and then sends back what it gets."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.waker, wake = socket.socketpair()
        self.selector.register(wake, selectors.EVENT_READ, None)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def tcp(self, where: Namespace, port, name="", address="::"):
        """Listens; the port, which is the kernel's choice when it was 0. `::` is every address of both families."""
        made = self._socket(where, address, socket.SOCK_STREAM, port)
        made.listen(64)
        return self._register(made, lambda: self._accept(made, name))

    def udp(self, where: Namespace, port, name="", address="::"):
        made = self._socket(where, address, socket.SOCK_DGRAM, port)
        return self._register(made, lambda: self._answer(made, name))

    def close(self):
        self.waker.close()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    @staticmethod
    def _socket(where, address, kind, port):
        made = where.socket(family_of(address), kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address == "::":
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((address, port))
        return made

    def _register(self, made, action):
        self.selector.register(made, selectors.EVENT_READ, action)
        return made.getsockname()[1]

    def _serve(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    return
                try:
                    key.data()
                except OSError:  # a client that went away is no matter of the server's
                    pass

    def _accept(self, listener, name):
        connection, client = listener.accept()
        connection.settimeout(5)
        self.selector.register(connection, selectors.EVENT_READ, lambda: self._echo(connection))
        connection.sendall(_greeting(name, client))

    def _echo(self, connection):
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        if data:
            connection.sendall(data)
        else:
            self.selector.unregister(connection)
            connection.close()

    def _answer(self, server, name):
        data, client = server.recvfrom(65536)
        server.sendto(_greeting(name, client) + data, client)


def _greeting(name, client):
    return json.dumps({"name": name, "client": client[0].removeprefix("::ffff:"), "port": client[1]}).encode() + b"\n"


class Talk:
    """A connection to one of `Peers`: what it said of itself and of us, and lines back and forth."""

    def __init__(self, where: Namespace, address, port, timeout=5, source=None):
        self.connection = where.connect(address, port, timeout, source)
        self.file = self.connection.makefile("rb")
        line = self.file.readline()
        if not line:
            self.close()
            raise ConnectionResetError(f"{address}:{port} closed at once")
        self.greeting = json.loads(line)

    def echo(self, text):
        self.connection.sendall(text.encode() + b"\n")
        return self.file.readline().decode().rstrip("\n")

    def close(self):
        self.file.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(where: Namespace, address, port, timeout=5, source=None):
    """What a TCP server of `Peers` says: its name and the client it sees."""
    with Talk(where, address, port, timeout, source) as talk:
        assert talk.echo("there and back") == "there and back"
        return talk.greeting


def ask_udp(where: Namespace, address, port, timeout=1, tries=5):
    """The same of a UDP server. A datagram may get lost, so there are several tries; all go through one socket."""
    with where.socket(family_of(address), socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((address, port))
        for number in range(tries):
            try:
                client.send(b"try %d" % number)
                return json.loads(client.recv(65536).split(b"\n")[0])
            except (TimeoutError, ConnectionRefusedError) as error:
                last = error
        raise last


def refused(where: Namespace, address, port, timeout=1, ask=ask):
    """Whether nobody is reached there: refused, unreachable, or no answer in time."""
    try:
        ask(where, address, port, timeout)
    except OSError:
        return True
    return False
