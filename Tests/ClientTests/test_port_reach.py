# SPDX-License-Identifier: Apache-2.0
"""Who reaches a published port, from where, and as whom; and what goes through it."""
import json

import pytest
from support.engine import KIND
from support.hosts import ENGINE_V4, ENGINE_V6, OTHER_V4, OTHER_V6, Namespace
from support.peers import Peers, Talk, ask, ask_udp, refused
from support.waiting import until


def test_the_host_reaches_a_port_at_each_of_its_addresses(engine, published):
    assert engine.other
    published("-p", "8001:80", "-p", "8001:80/udp")
    for address in ("127.0.0.1", "127.9.9.9", "::1", ENGINE_V4, ENGINE_V6):
        assert ask(engine.host, address, 8001)["name"] == "server", address
    for address in ("127.0.0.1", "::1"):
        assert ask_udp(engine.host, address, 8001)["name"] == "server", address


@pytest.mark.hull("datagrams come back from the address that was asked; dockerd's proxy lets the kernel choose one")
def test_datagrams_come_back_from_the_address_that_was_asked(engine, run, within, published):
    assert engine.other
    server = published("-p", "8001:80/udp")
    for address in ("127.9.9.9", ENGINE_V4, ENGINE_V6):
        assert ask_udp(engine.host, address, 8001)["name"] == "server", address
    for client in (server, run()):
        assert ask_udp(within(client), ENGINE_V4, 8001)["name"] == "server"


def test_another_host_reaches_it_and_is_seen_as_itself(engine, published):
    published("-p", "8001:80", "-p", "8001:80/udp")
    for what in (ask, ask_udp):
        assert what(engine.other, ENGINE_V4, 8001)["client"] == OTHER_V4


def test_ipv6_reaches_a_container_with_ipv6_and_is_seen_as_itself(engine, network, published):
    made = network("--ipv6", "--subnet", "10.61.0.0/24", "--subnet", "fd61::/64")
    published("--network", made, "-p", "8001:80", "-p", "8001:80/udp")
    for what in (ask, ask_udp):
        assert what(engine.other, ENGINE_V6, 8001)["client"] == OTHER_V6
        assert what(engine.other, ENGINE_V4, 8001)["client"] == OTHER_V4
        assert what(engine.host, "::1", 8001)["name"] == "server"


def test_ipv6_reaches_a_container_without_ipv6(engine, published):
    published("-p", "8001:80", "-p", "8001:80/udp")
    for what in (ask, ask_udp):
        assert what(engine.other, ENGINE_V6, 8001)["name"] == "server"


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_a_port_on_loopback_is_not_reached_from_another_host(engine, published, address):
    published("-p", f"{address}:8001:80")
    assert ask(engine.host, address.strip("[]"), 8001)["name"] == "server"
    assert refused(engine.other, ENGINE_V4, 8001) and refused(engine.other, ENGINE_V6, 8001) and refused(engine.host, ENGINE_V4, 8001)


FORGED = """ip address flush dev lo scope host
echo 1 > /proc/sys/net/ipv4/conf/wan/route_localnet
ip route add 127.0.0.1/32 via 203.0.113.1
ip route add INNER/32 via 203.0.113.1"""


@pytest.mark.hull("a port is not reachable from farther away than it was asked for, not even by a neighbour's forged route")
def test_a_neighbour_with_a_forged_route_reaches_neither_loopback_nor_container(fresh_engine, peers):
    engine = fresh_engine()
    identity = engine.docker("run", "-d", "-p", "127.0.0.1:8001:80", "busybox", "sleep", "1000").out
    found = json.loads(engine.docker("inspect", identity).out)[0]
    inner = found["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    peers.tcp(Namespace(found["State"]["Pid"]), 80, "server")
    assert ask(engine.host, "127.0.0.1", 8001)["name"] == ask(engine.host, inner, 80)["name"] == "server"
    engine.other.run("sh", "-ec", FORGED.replace("INNER", inner))
    for address, port in (("127.0.0.1", 8001), (inner, 80)):
        assert refused(engine.other, address, port)


def test_other_containers_reach_it_by_the_hosts_address(engine, run, network, within, published):
    """From its own network, from another one, and from itself: the hairpin."""
    assert engine.other
    made = network()
    server = published("--network", made, "-p", "8001:80")
    for client in (server, run("--network", made), run("--network", network()), run()):
        assert ask(within(client), ENGINE_V4, 8001)["name"] == "server"


def test_a_container_on_an_internal_network_is_not_published(engine, network, published):
    published("--network", network("--internal"), "-p", "8001:80")
    assert refused(engine.other, ENGINE_V4, 8001)


def test_big_and_many_transfers_pass(engine, published):
    published("-p", "8001:80")
    for host, address in ((engine.host, "127.0.0.1"), (engine.host, "::1"), (engine.other, ENGINE_V4)):
        talks = [Talk(host, address, 8001) for _ in range(40)]
        assert [talk.echo(f"{n}" * 5000) for n, talk in enumerate(talks)] == [f"{n}" * 5000 for n in range(40)]
        for talk in talks:
            talk.close()


def test_half_closed_connections_pass(engine, run):
    """The client says that it has ended, the server answers all the same."""
    run("-p", "8001:80", command=("sh", "-c", "while :; do nc -l -p 80 -e sh -c 'wc -c'; done"))
    for address in ("127.0.0.1", "::1"):
        def answered():
            try:
                with engine.host.connect(address, 8001) as connection:
                    connection.sendall(b"x" * 100_000)
                    connection.shutdown(1)
                    return b"".join(iter(lambda: connection.recv(100), b"")).strip()
            except OSError:
                return b""

        assert until(answered, "the server is up") == b"100000"


def test_connections_and_ports_survive_the_daemon(fresh_engine):
    engine = fresh_engine("--live-restore") if KIND == "docker" else fresh_engine()
    docker, peers = engine.docker, Peers()
    identity = docker("run", "-d", "-p", "8001:80", "busybox", "sleep", "1000").out
    inside = Namespace(docker("inspect", "-f", "{{.State.Pid}}", identity).out)
    peers.tcp(inside, 80, "server")
    ways = [(engine.other, ENGINE_V4)] + ([] if KIND == "docker" else [(engine.host, "127.0.0.1"), (engine.host, "::1"), (engine.other, ENGINE_V6)])
    talks = [Talk(*way, 8001) for way in ways]  # with dockerd, those through its proxy end with it
    if KIND == "docker":
        engine.stop()
    else:
        engine.kill()
        assert [ask(*way, 8001)["name"] for way in ways] == ["server"] * len(ways)
    assert [talk.echo("away") for talk in talks] == ["away"] * len(talks)
    engine.start()
    assert [talk.echo("back") for talk in talks] == ["back"] * len(talks)
    assert ask(engine.host, "127.0.0.1", 8001)["name"] == ask(engine.other, ENGINE_V4, 8001)["name"] == "server"
    assert "0.0.0.0:8001" in docker("port", identity, "80").lines
    assert "8001" in docker("run", "--rm", "-p", "8001:80", "busybox", "true", code=125).err
    for one in (*talks, peers):
        one.close()
    docker("rm", "-f", identity)
    assert refused(engine.host, "127.0.0.1", 8001) and not [one for one in engine.host.listening() if one.endswith(":8001")]
