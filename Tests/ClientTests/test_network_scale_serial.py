# SPDX-License-Identifier: Apache-2.0
"""A crowd: 100 networks, 200 containers on one of them, 500 published ports. Names are answered at once, the last takes no longer than the first,
and nothing of it stays."""
import statistics
import time

import pytest
from support import leaks
from support.engine import KIND
from support.hosts import Namespace
from support.names import look_up, names_of
from support.peers import Peers, ask
from support.waiting import until

NETWORKS, CONTAINERS, PORTS = 100, 200, 500
FIRST_PORT = 20000
QUESTIONS = 500

pytestmark = pytest.mark.skipif(KIND == "docker", reason="the reference engine needs many minutes for it")


def ports_of(number):
    """Two or three for each container."""
    mine = range(number * PORTS // CONTAINERS, (number + 1) * PORTS // CONTAINERS)
    return {f"{80 + index}/tcp": [{"HostPort": str(FIRST_PORT + port)}] for index, port in enumerate(mine)}


def timed(action):
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


class Crowd:
    def __init__(self, engine):
        self.engine = engine
        self.ids = []

    def call(self, method, target, body=None, codes=(200, 201, 204)):
        answer = self.engine.api(method, target, body, timeout=120)
        assert answer.status in codes, answer.body
        return answer

    def make_network(self, number):
        self.call("POST", "/networks/create", {"Name": f"net{number}", "EnableIPv6": number % 2 == 0})

    def start(self, number):
        host = {"NetworkMode": "net0", "PortBindings": ports_of(number)}
        made = self.call("POST", f"/containers/create?name=c{number}", {"Image": "busybox", "Cmd": ["sleep", "100000"], "HostConfig": host})
        self.ids.append(made.json()["Id"])
        self.call("POST", f"/containers/{self.ids[-1]}/start")

    def inside(self, number):
        return Namespace(self.call("GET", f"/containers/c{number}/json").json()["State"]["Pid"])

    def address(self, number):
        return self.call("GET", f"/containers/c{number}/json").json()["NetworkSettings"]["Networks"]["net0"]["IPAddress"]

    def clear(self):
        for identity in self.ids:
            self.call("DELETE", f"/containers/{identity}?force=1&v=1")
        for number in range(NETWORKS):
            self.call("DELETE", f"/networks/net{number}")


def is_flat(times, what):
    """The last fifth takes at most twice as long as the first; the machine may have other things to do."""
    fifth = len(times) // 5
    first, last = statistics.median(times[:fifth]), statistics.median(times[-fifth:])
    assert last < 2 * first + 5, f"{what}: {first:.1f} ms at first, {last:.1f} ms at last"
    return f"{what}: {first:.1f} ms at first, {last:.1f} ms at last"


def test_a_crowd_is_served_and_leaves_nothing(fresh_engine, record_property):
    engine = fresh_engine()
    engine.docker("network", "create", "--ipv6", "warm")
    engine.docker("run", "--rm", "--network", "warm", "-p", "80", "busybox", "true")
    engine.docker("network", "rm", "warm")
    before = leaks.baseline(engine)
    crowd = Crowd(engine)
    figures = [
        is_flat([timed(lambda: crowd.make_network(number)) for number in range(NETWORKS)], "a network"),
        is_flat([timed(lambda: crowd.start(number)) for number in range(CONTAINERS)], "a container"),
    ]

    client = crowd.inside(7)
    times = []
    for number in range(QUESTIONS):
        asked = number * 37 % CONTAINERS
        times.append(timed(lambda: look_up(client, f"c{asked}")))
        if number % 50 == 0:
            assert look_up(client, f"c{asked}") == [crowd.address(asked)]
            assert f"c{asked}.net0" in names_of(client, crowd.address(asked))
    median = statistics.median(times)
    assert median < 2, f"a name takes {median:.2f} ms"
    figures.append(f"a name: {median:.2f} ms")

    peers = Peers()
    for number in (0, 99, CONTAINERS - 1):
        peers.tcp(crowd.inside(number), 80, f"c{number}")
        port = FIRST_PORT + number * PORTS // CONTAINERS
        assert ask(engine.host, "127.0.0.1", port)["name"] == f"c{number}"
        assert ask(crowd.inside(3), crowd.address(number), 80)["name"] == f"c{number}"
    assert len([line for line in engine.host.listening() if any(f":{FIRST_PORT + port}" in line for port in range(PORTS))]) >= PORTS

    engine.kill()
    engine.start()
    assert len(engine.api("GET", "/containers/json").json()) == CONTAINERS
    assert look_up(client, "c150") == [crowd.address(150)]

    peers.close()  # their sockets would keep the namespaces
    crowd.clear()
    until(lambda: engine.api("GET", "/containers/json?all=1").json() == [], "every container is removed")
    before["open files of the daemon"] = leaks.count(engine)["open files of the daemon"]  # it is another daemon
    leaks.assert_nothing_left(engine, before, 60)
    record_property("figures", "; ".join(figures))
    print("\n".join(figures))
