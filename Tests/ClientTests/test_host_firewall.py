# SPDX-License-Identifier: Apache-2.0
"""The host's own firewall keeps the last word over published ports, and what it flushes of Hull's comes back."""
import pytest
from support.hosts import ENGINE_V4, ENGINE_V6, OTHER_V4, OTHER_V6, Namespace
from support.peers import ask, ask_udp, refused
from support.waiting import until

pytestmark = pytest.mark.hull("the reference engine goes past the host's rules for what it receives")

CLOSED = "table inet host { chain input { type filter hook input priority 0; policy accept; iifname wan meta l4proto { tcp, udp } th dport 8001 drop; }; }"


@pytest.fixture
def site(fresh_engine, peers):
    """site(*options) is an engine with another host beside it and a container that serves at 8001 and 8002."""

    def start(*options):
        engine = fresh_engine(*options)
        assert engine.other
        engine.docker("network", "create", "--ipv6", "six")
        flags = [flag for port in (8001, 8002) for kind in ("tcp", "udp") for flag in ("-p", f"{port}:80/{kind}")]
        container = engine.docker("run", "-d", "--name", "server", "--network", "six", *flags, "busybox", "sleep", "1000").out
        inner = Namespace(engine.docker("inspect", "-f", "{{.State.Pid}}", container).out)
        peers.tcp(inner, 80, "server")
        peers.udp(inner, 80, "server")
        return engine

    return start


def rules(engine, text):
    engine.host.run("nft", text)


def filters(engine):
    return engine.hull("port", "--exposure", "server").out


def seen(engine, address, port=8002):
    return ask(engine.other, address, port)["client"]


def test_a_rule_that_was_there_before_is_obeyed(fresh_engine, site):
    engine = site()
    rules(engine, CLOSED)
    until(lambda: refused(engine.other, ENGINE_V4, 8001) and refused(engine.other, ENGINE_V6, 8001), "the host's rule holds")
    engine.restart()
    assert refused(engine.other, ENGINE_V4, 8001)
    assert (seen(engine, ENGINE_V4), seen(engine, ENGINE_V6)) == (OTHER_V4, OTHER_V6)


def test_a_rule_is_obeyed_as_soon_as_it_is_there_and_no_longer(site):
    engine = site()
    for _ in range(2):
        assert seen(engine, ENGINE_V4, 8001) == OTHER_V4
        rules(engine, CLOSED)
        until(lambda: refused(engine.other, ENGINE_V4, 8001), "the host's rule holds")
        until(lambda: "inet host input" in filters(engine), "the exposure names the filter")
        assert (seen(engine, ENGINE_V4), seen(engine, ENGINE_V6)) == (OTHER_V4, OTHER_V6)
        assert ask_udp(engine.other, ENGINE_V4, 8002)["client"] == OTHER_V4
        assert ask(engine.host, "127.0.0.1", 8001)["name"] == "server"
        rules(engine, "delete table inet host")
        until(lambda: not refused(engine.other, ENGINE_V4, 8001), "the port is open again")
        until(lambda: "inet host input" not in filters(engine), "no filter is named")


def test_a_container_started_later_obeys_too(site, peers):
    engine = site()
    rules(engine, CLOSED.replace("8001", "8003"))
    container = engine.docker("run", "-d", "-p", "8003:80", "-p", "8004:80", "busybox", "sleep", "1000").out
    peers.tcp(Namespace(engine.docker("inspect", "-f", "{{.State.Pid}}", container).out), 80, "later")
    until(lambda: refused(engine.other, ENGINE_V4, 8003), "the host's rule holds")
    answer = ask(engine.other, ENGINE_V4, 8004)
    assert (answer["name"], answer["client"]) == ("later", OTHER_V4)


def test_a_forward_filter_of_the_host_holds(site):
    engine = site()
    rules(engine, "table inet host { chain forward { type filter hook forward priority 0; policy accept; iifname wan tcp dport 80 ct original proto-dst 8001 drop; }; }")
    assert refused(engine.other, ENGINE_V4, 8001)
    assert seen(engine, ENGINE_V4) == OTHER_V4
    until(lambda: "inet host forward" in " ".join(engine.api("GET", "/info").json()["Warnings"] or []), "docker info warns of the filter")


def test_what_the_host_flushes_comes_back(site):
    engine = site()
    before = engine.host.rules()
    engine.host.run("nft", "flush", "ruleset")
    until(lambda: engine.host.rules() == before, "the rules are back")
    assert seen(engine, ENGINE_V4) == OTHER_V4


def test_the_way_can_be_chosen(site):
    fast = site("--port-delivery", "forward")
    rules(fast, CLOSED)
    assert not refused(fast.other, ENGINE_V4, 8001)


def test_local_delivery_can_be_asked_for_and_leaves_nothing(site):
    engine = site("--port-delivery", "local")
    rules_before = engine.host.run("ip", "rule")
    assert seen(engine, ENGINE_V4) == OTHER_V4
    rules(engine, CLOSED)
    assert refused(engine.other, ENGINE_V4, 8001)
    engine.docker("rm", "-f", "server")
    engine.docker("network", "rm", "six")
    engine.stop()
    assert engine.host.run("ip", "rule") != rules_before
    assert "hull" not in "".join(engine.host.rules())
    engine.start()
