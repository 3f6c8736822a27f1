# SPDX-License-Identifier: Apache-2.0
"""Published ports: every form of -p, what inspect, port and ps say of them, and when they are taken and free."""
import json
import re

import pytest
from support.hosts import ENGINE_V4, OTHER_V4
from support.peers import ask, ask_udp, refused


def bindings(docker, container, port):
    """The (address, port) pairs where a container's port is published."""
    found = json.loads(docker("inspect", container).out)[0]["NetworkSettings"]["Ports"][port] or []
    return sorted((one["HostIp"], int(one["HostPort"])) for one in found)


def random_port(docker, container, port="80/tcp"):
    (number,) = {number for _, number in bindings(docker, container, port)}
    return number


EVERYWHERE = ["0.0.0.0", "::"]


@pytest.mark.parametrize(
    "flag, port, addresses, number",
    [
        ("8001:80", "80/tcp", EVERYWHERE, 8001),
        ("8001:80/tcp", "80/tcp", EVERYWHERE, 8001),
        ("8001:80/udp", "80/udp", EVERYWHERE, 8001),
        ("127.0.0.1:8001:80", "80/tcp", ["127.0.0.1"], 8001),
        ("[::1]:8001:80", "80/tcp", ["::1"], 8001),
        ("[::]:8001:80", "80/tcp", ["::"], 8001),
        ("0.0.0.0:8001:80", "80/tcp", ["0.0.0.0"], 8001),
        ("203.0.113.1:8001:80/udp", "80/udp", ["203.0.113.1"], 8001),
        ("80", "80/tcp", EVERYWHERE, None),
        ("127.0.0.1::80", "80/tcp", ["127.0.0.1"], None),
        ("8001-8010:80", "80/tcp", EVERYWHERE, 8001),
    ],
)
def test_each_form_of_p_is_bound_where_it_says(engine, docker, published, flag, port, addresses, number):
    engine.other  # 203.0.113.1 is there only with its cable
    container = published("-p", flag)
    found = bindings(docker, container, port)
    assert [address for address, _ in found] == addresses
    assert {bound for _, bound in found} == {number} if number else len({bound for _, bound in found}) == 1 and found[0][1] >= 32768
    shown = docker("port", container).lines
    assert sorted(shown) == sorted(f"{port} -> {f'[{address}]' if ':' in address else address}:{bound}" for address, bound in found)
    client = {"::1": "::1", "::": "::1", "203.0.113.1": "203.0.113.1"}.get(addresses[0], "127.0.0.1")
    assert (ask_udp if "udp" in port else ask)(engine.host, client, found[0][1])["name"] == "server"


def test_a_range_is_published_port_by_port(engine, docker, run, within, peers):
    container = run("-p", "8101-8103:71-73", "-p", "127.0.0.1:8201-8202:81-82/udp")
    for offset in range(3):
        peers.tcp(within(container), 71 + offset, f"tcp {offset}")
        assert ask(engine.host, "127.0.0.1", 8101 + offset)["name"] == f"tcp {offset}"
    for offset in range(2):
        peers.udp(within(container), 81 + offset, f"udp {offset}")
        assert ask_udp(engine.host, "127.0.0.1", 8201 + offset)["name"] == f"udp {offset}"
    assert docker("port", container, "72").lines[0] == "0.0.0.0:8102" and docker("port", container, "82/udp").out == "127.0.0.1:8202"
    assert docker("port", container, "99", code=1).err


@pytest.mark.parametrize("bad", ["8001-8002:80-82", "nonsense", "70000:80", "300.0.0.1:80:80", "80/icmp"])
def test_a_bad_publish_is_refused(docker, bad):
    assert docker("create", "-p", bad, "busybox", code=None).code in (1, 125)


def test_publish_all_takes_what_is_exposed(engine, docker, published):
    container = published("-P", "--expose", "80", "--expose", "81/udp", "--expose", "90-91")
    ports = json.loads(docker("inspect", container).out)[0]["NetworkSettings"]["Ports"]
    assert set(ports) == {"80/tcp", "81/udp", "90/tcp", "91/tcp"} and all(ports.values())
    assert len({one["HostPort"] for port in ("80/tcp", "90/tcp", "91/tcp") for one in ports[port]}) == 3
    assert ask(engine.host, "127.0.0.1", random_port(docker, container))["name"] == "server"


def test_exposed_alone_is_not_published(docker, run):
    container = run("--expose", "80")
    assert json.loads(docker("inspect", container).out)[0]["NetworkSettings"]["Ports"] == {"80/tcp": None}
    assert docker("port", container).out == ""


def test_ps_shows_the_ports(docker, run):
    run("-p", "8001:80", "-p", "127.0.0.1:8002:81/udp", "--expose", "90")
    shown = docker("ps", "--format", "{{.Ports}}").out
    assert set(shown.split(", ")) >= {"0.0.0.0:8001->80/tcp", "127.0.0.1:8002->81/udp", "90/tcp"} and re.search(r"(\[::\]|::):8001->80/tcp", shown)


def test_the_network_says_where_ports_are_bound(engine, docker, network, published):
    container = published("--network", network("-o", "com.docker.network.bridge.host_binding_ipv4=127.0.0.1"), "-p", "8001:80")
    assert ("127.0.0.1", 8001) in bindings(docker, container, "80/tcp") and ("0.0.0.0", 8001) not in bindings(docker, container, "80/tcp")
    assert ask(engine.host, "127.0.0.1", 8001)["name"] == "server" and refused(engine.other, ENGINE_V4, 8001)


def test_a_port_that_is_taken_is_refused(api, docker, run, name):
    run("-p", "8001:80", "--name", name)
    made = docker("create", "-p", "8001:80", "busybox", "sleep", "1000").out
    answer = api("POST", f"/containers/{made}/start")
    assert answer.status == 500 and re.search(r"(8001.*port is already allocated|already in use)", answer.message)
    assert docker("inspect", "-f", "{{.State.Status}}", made).out == "created"
    docker("rm", "-f", name)
    docker("start", made)


def test_a_port_that_another_program_has_is_refused(engine, api, docker, peers):
    peers.tcp(engine.host, 8001, address="0.0.0.0")
    made = docker("create", "-p", "8001:80", "busybox", "sleep", "1000").out
    answer = api("POST", f"/containers/{made}/start")
    assert answer.status == 500 and "8001" in answer.message and "address already in use" in answer.message


@pytest.mark.hull("an error names its culprit")
def test_a_taken_port_names_who_has_it(docker, run, name):
    run("-p", "8001:80", "--name", name)
    assert name in docker("run", "--rm", "-p", "8001:80", "busybox", "true", code=125).err


def test_the_same_port_is_free_for_udp_and_for_another_address(engine, docker, published):
    published("-p", "127.0.0.1:8001:80", name="one")
    published("-p", "127.0.0.2:8001:80", name="two")
    published("-p", "127.0.0.1:8001:80/udp", name="three")
    assert [ask(engine.host, f"127.0.0.{n}", 8001)["name"] for n in (1, 2)] == ["one", "two"]
    assert ask_udp(engine.host, "127.0.0.1", 8001)["name"] == "three"


def test_ports_follow_stop_start_restart_and_rm(engine, docker, run, within, peers, name):
    run("-p", "8001:80", "-p", "80", "--name", name)
    for verb in (("restart", "-t", "0"), ("stop", "-t", "0"), ("start",)):
        docker(*verb, name)
        assert refused(engine.host, "127.0.0.1", 8001)  # nobody listens inside
        if verb[0] == "stop":
            assert docker("port", name).out == "" and not [one for one in engine.host.listening() if one.endswith(":8001")]
    peers.tcp(within(name), 80, "back")
    assert ask(engine.other, ENGINE_V4, 8001)["name"] == ask(engine.host, "::1", 8001)["name"] == "back"
    docker("rm", "-f", name)
    assert refused(engine.host, "127.0.0.1", 8001)
    peers.tcp(engine.host, 8001, "free again")
    assert ask(engine.host, "127.0.0.1", 8001)["name"] == "free again"


def test_ports_stay_when_a_second_network_comes_and_goes(engine, docker, network, published):
    first, second = network(), network()
    container = published("--network", first, "-p", "8001:80")
    for verb in ("connect", "disconnect"):
        docker("network", verb, second, container)
        assert ask(engine.other, ENGINE_V4, 8001)["client"] == OTHER_V4
