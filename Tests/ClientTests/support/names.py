# SPDX-License-Identifier: Apache-2.0
"""DNS from both sides: a client that asks from inside a namespace, and a small server that remembers who asked what."""
import socket
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import dns.rrset

from .hosts import Namespace, family_of

EMBEDDED = "127.0.0.11"


def query(where: Namespace, name, kind="A", server=EMBEDDED, tcp=False, timeout=4):
    """The answer (of dnspython) to one question asked in the namespace."""
    question = dns.message.make_query(name, kind)
    with where.socket(family_of(server), socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((server, 53))
        data = question.to_wire()
        if not tcp:
            client.send(data)
            answer = dns.message.from_wire(client.recv(65536))
        else:
            client.sendall(struct.pack("!H", len(data)) + data)
            stream = client.makefile("rb")
            answer = dns.message.from_wire(stream.read(struct.unpack("!H", stream.read(2))[0]))
    assert answer.id == question.id and answer.question == question.question
    return answer


def look_up(where: Namespace, name, kind="A", **options):
    """The sorted texts of the records of that kind; an empty list when there are none or there is no such name."""
    answer = query(where, name, kind, **options)
    return sorted(record.to_text() for one in answer.answer for record in one if one.rdtype == dns.rdatatype.from_text(kind))


def names_of(where: Namespace, address, **options):
    """What the reverse look-up says, without the last dot."""
    return [name.rstrip(".") for name in look_up(where, dns.reversename.from_address(address).to_text(), "PTR", **options)]


def rcode(where: Namespace, name, kind="A", **options):
    return dns.rcode.to_text(query(where, name, kind, **options).rcode())


class NameServer:
    """Answers by UDP and TCP from `records`, a dictionary of (name, kind) to texts; others get NXDOMAIN. `asked` are the questions so far."""

    def __init__(self, where: Namespace, records, address="127.0.0.1"):
        self.records = records
        self.asked = []
        self.sockets = [self._socket(where, address, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
        self.sockets[1].listen(16)
        self.threads = [threading.Thread(target=self._loop, args=(one,), daemon=True) for one in (self._by_udp, self._by_tcp)]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _socket(where, address, kind):
        made = where.socket(family_of(address), kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, 53))
        return made

    def close(self):
        for one in self.sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in it
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)
        for one in self.sockets:
            one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _loop(self, serve):
        while serve():
            pass

    def _by_udp(self):
        data, client = self.sockets[0].recvfrom(65536)
        if not data:
            return False
        reply = self._reply(data)
        wire = reply.to_wire(max_size=65535)
        if len(wire) > 512:
            reply.flags |= dns.flags.TC
            reply.answer.clear()
            wire = reply.to_wire()
        self.sockets[0].sendto(wire, client)
        return True

    def _by_tcp(self):
        try:
            connection, _ = self.sockets[1].accept()
        except OSError:
            return False
        with connection, connection.makefile("rb") as stream:
            head = stream.read(2)
            if len(head) == 2:
                wire = self._reply(stream.read(struct.unpack("!H", head)[0])).to_wire(max_size=65535)
                connection.sendall(struct.pack("!H", len(wire)) + wire)
        return True

    def _reply(self, data):
        question = dns.message.from_wire(data)
        reply = dns.message.make_response(question, recursion_available=True)
        (asked,) = question.question
        key = (asked.name.to_text().rstrip("."), dns.rdatatype.to_text(asked.rdtype))
        self.asked.append(key)
        if key in self.records:
            reply.answer.append(dns.rrset.from_text(asked.name, 60, "IN", key[1], *self.records[key]))
        elif not any(name == key[0] for name, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply
