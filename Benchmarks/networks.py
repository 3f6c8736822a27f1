# SPDX-License-Identifier: Apache-2.0
"""What networks cost: runs on the default bridge, networks made and removed, bytes and connections per second. Every engine lives in a network
namespace of its own; servers and clients are this machine's programs, in the containers' namespaces."""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

ROUNDS = 15
SECONDS = 1
SERVER = """
import socket, sys
server = socket.create_server(("0.0.0.0", int(sys.argv[1])), backlog=1024)
while True:
    server.accept()[0].close()
"""
# Connections that are made, answered by an end of file and closed, until the time is over.
CLIENT = """
import socket, sys, time
count, end = 0, time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    made = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
    made.recv(1)
    made.close()
    count += 1
print(count / float(sys.argv[3]))
"""


class Site:
    """A container that publishes a port, a second one beside it, and another host that reaches the engine's at 198.18.0.1."""

    def __init__(self, engine):
        self.engine = engine
        self.server = self._container("-p", "8080:80")
        self.client = self._container()
        self.other = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        self.host = engine.host
        self.serving = [self._start(self.server, "iperf3", "-s"), self._start(self.host, "iperf3", "-s")]
        self.serving.append(self._start(self.server, sys.executable, "-c", SERVER, "80"))
        self._wire()

    def _container(self, *flags):
        identity = self.engine.docker("run", "-d", *flags, "busybox", "sleep", "100000")
        return int(self.engine.docker("inspect", "-f", "{{.State.Pid}}", identity))

    def _wire(self):
        until(lambda: os.readlink(f"/proc/{self.other.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        self.run(self.host, "ip", "link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", str(self.other.pid))
        for pid, address in ((self.host, "198.18.0.1/24"), (self.other.pid, "198.18.0.2/24")):
            self.run(pid, "ip", "address", "add", address, "dev", "wan")
            self.run(pid, "ip", "link", "set", "wan", "up")
        until(lambda: self.connections(self.other.pid, "198.18.0.1", 0.1) > 0)

    @staticmethod
    def _enter(pid, *command):
        return ["nsenter", "-t", str(pid), "-n", "--", *command]

    def _start(self, pid, *command):
        return subprocess.Popen(self._enter(pid, *command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self, pid, *command):
        return subprocess.run(self._enter(pid, *command), capture_output=True, text=True, timeout=60).stdout

    def address(self, pid):
        return json.loads(self.run(pid, "ip", "-j", "-4", "address", "show", "eth0"))[0]["addr_info"][0]["local"]

    def gateway(self):
        return json.loads(self.run(self.client, "ip", "-j", "route", "show", "default"))[0]["gateway"]

    def throughput(self, target):
        """Gigabits per second from the client's container."""
        answer = json.loads(self.run(self.client, "iperf3", "-c", target, "-t", str(SECONDS), "-J"))
        return answer["end"]["sum_received"]["bits_per_second"] / 1e9

    def connections(self, source, address, seconds=SECONDS):
        out = self.run(source, sys.executable, "-c", CLIENT, address, "8080", str(seconds))
        return float(out or 0)

    def close(self):
        for process in [*self.serving, self.other]:
            process.kill()
            process.wait()


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > end:
            raise SystemExit("the network of a benchmark does not come up")
        time.sleep(0.05)


def create_and_remove(engine):
    """A network through the command line, as people do it."""
    engine.docker("network", "create", "bench")
    engine.docker("network", "rm", "bench")


def compare(table, engines, rounds, interleave, client):
    """Adds the rows; `interleave` and `client` are those of the other rows."""
    run = ("run", "--rm", "busybox", "true")
    table.add("docker run --rm busybox true", "ms", interleave(rounds, {engine.name: client(engine, *run) for engine in engines}), most=0.22)
    pairs = {engine.name: lambda engine=engine: create_and_remove(engine) for engine in engines}
    table.add("docker network create + rm", "ms", interleave(rounds, pairs), most=0.3)
    if not shutil.which("iperf3"):
        print("iperf3 is not installed: the rows of throughput and connections are skipped (apt-get install iperf3)")
        return
    sites = {engine.name: Site(engine) for engine in engines}
    try:
        rate(table, sites, "container to host", "Gbit/s", lambda site: site.throughput(site.gateway()), 0.98)
        rate(table, sites, "container to container", "Gbit/s", lambda site: site.throughput(site.address(site.server)), 0.98)
        rate(table, sites, "published port from another host", "connections/s", lambda site: site.connections(site.other.pid, "198.18.0.1", 0.5), 1, 25)
        rate(table, sites, "published port from the host's loopback", "connections/s", lambda site: site.connections(site.host, "127.0.0.1", 0.5), 1, 25)
    finally:
        for site in sites.values():
            site.close()


def rate(table, sites, what, unit, measure, least, rounds=ROUNDS):
    """Medians of rounds in which every engine has its turn."""
    samples = {name: [] for name in sites}
    for _ in range(rounds):
        for name, site in sites.items():
            samples[name].append(measure(site))
    table.add(what, unit, {name: statistics.median(values) for name, values in samples.items()}, least=least)
