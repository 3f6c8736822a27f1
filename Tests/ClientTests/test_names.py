# SPDX-License-Identifier: Apache-2.0
"""Names: the embedded name server at 127.0.0.11, what it knows, whom it asks, and what a container's resolv.conf and hosts say."""
import json
import re
import time

import pytest
from support.engine import KIND
from support.hosts import OTHER_V4, RESOLV_CONF, Namespace
from support.names import EMBEDDED, NameServer, look_up, names_of, query, rcode
from support.peers import ask
from support.waiting import until


@pytest.fixture
def upstream(engine):
    """A name server on the loopback of the engine's host, which is what that host's resolv.conf says."""
    records = {("outside.test", "A"): ["198.51.100.7"], ("outside.test", "AAAA"): ["2001:db8::7"], ("outside.test", "TXT"): ['"said outside"']}
    records |= {("long.test", "TXT"): [f'"{n:03} {"x" * 200}"' for n in range(20)], ("7.100.51.198.in-addr.arpa", "PTR"): ["outside.test."]}
    with NameServer(engine.host, records) as server:
        yield server


def address(docker, container, network, key="IPAddress"):
    return json.loads(docker("inspect", container).out)[0]["NetworkSettings"]["Networks"][network][key]


@pytest.fixture
def pair(docker, run, network, within, name):
    """(network, client's namespace, server's name) on a network with both families."""
    made = network("--ipv6", "--subnet", "10.51.0.0/24", "--subnet", "fd51::/64")
    run("--network", made, "--name", name, "--network-alias", "db", "--network-alias", "Store", "--hostname", "called")
    return made, within(run("--network", made, "--name", f"{name}-client")), name


def test_a_container_on_a_network_of_its_own_asks_the_embedded_server(docker, run, network):
    assert f"nameserver {EMBEDDED}" in docker("exec", run("--network", network()), "cat", "/etc/resolv.conf").lines


def test_a_container_on_the_default_network_has_no_names_of_others(upstream, docker, run, within, name):
    """Whoever is asked there: servers of the host's, directly or through the embedded server."""
    run("--name", name)
    client = run()
    servers = re.findall("^nameserver (.+)$", docker("exec", client, "cat", "/etc/resolv.conf").out, re.M)
    assert servers and (EMBEDDED not in servers or look_up(within(client), name) == [] and look_up(within(client), "outside.test"))


def test_names_aliases_and_short_ids_are_answered_in_both_families(docker, pair):
    network, client, name = pair
    identity = docker("inspect", "-f", "{{.Id}}", name).out
    for called in (name, "db", "store", "STORE", identity[:12], f"{name}.{network}", name.upper()):
        assert look_up(client, called) == [address(docker, name, network)], called
        assert look_up(client, called, "AAAA") == [address(docker, name, network, "GlobalIPv6Address")], called


def test_names_are_answered_by_tcp_too(docker, pair):
    network, client, name = pair
    assert look_up(client, name, tcp=True) == [address(docker, name, network)]


def test_a_container_knows_its_own_name(docker, pair, within):
    network, _, name = pair
    assert look_up(within(name), name) == look_up(within(name), "db") == [address(docker, name, network)]


def test_real_programs_find_names(docker, pair):
    network, _, name = pair
    client = f"{name}-client"
    assert f"PING db ({address(docker, name, network)})" in docker("exec", client, "ping", "-4", "-c", "1", "-W", "2", "db").out
    assert f"Address: {address(docker, name, network)}" in docker("exec", client, "nslookup", name).out


def test_addresses_have_names(docker, pair):
    network, client, name = pair
    for key in ("IPAddress", "GlobalIPv6Address"):
        assert names_of(client, address(docker, name, network, key)) == [f"{name}.{network}"]


def test_an_alias_of_several_has_all_their_addresses(docker, run, network, within):
    made = network()
    sharing = [run("--network", made, "--network-alias", "shared") for _ in range(3)]
    client = within(run("--network", made))
    assert look_up(client, "shared") == sorted(address(docker, one, made) for one in sharing)
    docker("stop", "-t", "0", sharing[0])
    assert look_up(client, "shared") == sorted(address(docker, one, made) for one in sharing[1:])
    docker("start", sharing[0])
    assert len(look_up(client, "shared")) == 3


def test_an_ipv4_network_has_no_ipv6_answers(docker, run, network, within, name):
    made = network()
    run("--network", made, "--name", name)
    answer = query(within(run("--network", made)), name, "AAAA")
    assert (answer.rcode(), answer.answer) == (0, [])


def test_an_unknown_name_is_answered_at_once(upstream, pair):
    _, client, _ = pair
    start = time.monotonic()
    assert rcode(client, "nosuch.test") == rcode(client, "nosuch") == "NXDOMAIN"
    assert time.monotonic() - start < 1


@pytest.mark.hull("an unreachable server is known to be one")
def test_without_a_server_outside_the_answer_comes_soon(pair):
    _, client, _ = pair
    start = time.monotonic()
    assert rcode(client, "nosuch.test") in ("SERVFAIL", "NXDOMAIN", "REFUSED") and time.monotonic() - start < 3


def test_everything_else_is_asked_outside(upstream, pair):
    """The resolv.conf of the host says 127.0.0.1: its own loopback, not the container's."""
    _, client, _ = pair
    assert look_up(client, "outside.test") == ["198.51.100.7"] and look_up(client, "outside.test", "AAAA") == ["2001:db8::7"]
    assert look_up(client, "outside.test", "TXT") == ['"said outside"'] and names_of(client, "198.51.100.7") == ["outside.test"]
    assert ("outside.test", "TXT") in upstream.asked


def test_a_long_answer_comes_by_tcp(upstream, pair):
    _, client, _ = pair
    assert query(client, "long.test", "TXT").flags & 0x0200, "the short answer says that it is cut off"
    assert len(look_up(client, "long.test", "TXT", tcp=True)) == 20


def test_names_of_containers_are_not_asked_outside(upstream, pair):
    _, client, name = pair
    look_up(client, name)
    assert not [asked for asked, _ in upstream.asked if asked.startswith(name)]


@pytest.mark.hull("a host's stub resolver needs no second file")
def test_a_stub_resolver_of_the_host_is_asked(engine, run, network, within):
    engine.host.resolv_conf.write_text("nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n")
    try:
        with NameServer(engine.host, {("stub.test", "A"): ["198.51.100.8"]}, "127.0.0.53"):
            assert look_up(within(run("--network", network())), "stub.test") == ["198.51.100.8"]
    finally:
        engine.host.resolv_conf.write_text(RESOLV_CONF)


def test_dns_flags_reach_resolv_conf(docker):
    flags = ("--dns", "203.0.113.9", "--dns", "203.0.113.10", "--dns-search", "example.test", "--dns-search", "b.test", "--dns-option", "ndots:3", "--dns-option", "timeout:1")
    lines = docker("run", "--rm", *flags, "busybox", "cat", "/etc/resolv.conf").lines
    assert [line for line in lines if line.startswith("nameserver")] == ["nameserver 203.0.113.9", "nameserver 203.0.113.10"]
    assert "search example.test b.test" in lines and "options ndots:3 timeout:1" in lines
    assert not [line for line in docker("run", "--rm", "--dns-search", ".", "busybox", "cat", "/etc/resolv.conf").lines if line.startswith("search")]


def test_dns_flags_say_who_is_asked(engine, docker, run, network, within):
    with NameServer(engine.other, {("far.test", "A"): ["198.51.100.9"]}, OTHER_V4):
        container = run("--network", network(), "--dns", OTHER_V4, "--dns-search", "example.test", "--dns-option", "timeout:1")
        assert look_up(within(container), "far.test") == ["198.51.100.9"]
        lines = docker("exec", container, "cat", "/etc/resolv.conf").lines
        assert f"nameserver {EMBEDDED}" in lines and "search example.test" in lines and re.search(r"^options .*timeout:1", "\n".join(lines), re.M)


def test_the_next_server_is_asked_when_one_is_silent(engine, run, network, within):
    with NameServer(engine.other, {("far.test", "A"): ["198.51.100.9"]}, OTHER_V4):
        client = within(run("--network", network(), "--dns", "203.0.113.200", "--dns", OTHER_V4))
        assert look_up(client, "far.test", timeout=15) == ["198.51.100.9"]


def test_added_hosts_are_in_the_hosts_file(docker, network):
    flags = ("--add-host", "printer:10.9.8.7", "--add-host", "six:fd00::9", "--add-host", "host.docker.internal:host-gateway")
    for on in ((), ("--network", network())):
        lines = [line.split() for line in docker("run", "--rm", *flags, *on, "busybox", "cat", "/etc/hosts").lines]
        assert ["10.9.8.7", "printer"] in lines and ["fd00::9", "six"] in lines and ["127.0.0.1", "localhost"] in lines
        (gateway,) = [line[0] for line in lines if line[1:] == ["host.docker.internal"]]
        assert gateway == json.loads(docker("network", "inspect", "bridge").out)[0]["IPAM"]["Config"][0].get("Gateway", gateway)


def test_the_host_gateway_is_the_host(engine, docker, run, within, peers):
    container = run("--add-host", "there:host-gateway")
    peers.tcp(engine.host, 7300, "the host")
    gateway = docker("exec", container, "sh", "-c", "grep there /etc/hosts | cut -f1").out.split()[0]
    assert ask(within(container), gateway, 7300)["name"] == "the host"


def test_links_give_names(upstream, docker, run, network, within, name):
    made = network()
    run("--name", name)
    run("--name", f"{name}-b", "--network", made)
    assert re.search(r"^[\d.]+\s+store ", docker("run", "--rm", "--link", f"{name}:store", "busybox", "cat", "/etc/hosts").out, re.M)
    linked = within(run("--network", made, "--link", f"{name}-b:store"))
    assert look_up(linked, "store") == [address(docker, f"{name}-b", made)]
    assert look_up(within(run("--network", made)), "store") == []


def test_a_workload_may_have_port_53_for_itself(docker, pair, peers, within, run):
    """A name server of the workload's own at every address does not disturb the embedded one, nor the other way round."""
    network, _, name = pair
    own = within(run("--network", network))
    with NameServer(own, {("mine.test", "A"): ["198.51.100.10"]}, "0.0.0.0"):
        assert look_up(own, "mine.test", server="127.0.0.1") == ["198.51.100.10"]
        assert look_up(own, name) == [address(docker, name, network)]


def test_who_leaves_is_not_found_and_found_again_when_back(upstream, docker, pair, within):
    network, client, name = pair
    docker("network", "disconnect", network, name)
    assert look_up(client, name) == look_up(client, "db") == []
    docker("network", "connect", "--alias", "db", network, name)
    assert look_up(client, name) == look_up(client, "db") == [address(docker, name, network)]
    docker("network", "disconnect", network, f"{name}-client")
    docker("network", "connect", network, f"{name}-client")
    assert look_up(client, "db") == [address(docker, name, network)]
    docker("rename", name, f"{name}-new")
    assert until(lambda: look_up(client, f"{name}-new"), "the new name is known") == [address(docker, f"{name}-new", network)]


def test_networks_do_not_know_each_others_names(upstream, docker, pair, run, network, within):
    _, _, name = pair
    other = network()
    stranger = run("--network", other)
    assert look_up(within(stranger), name) == look_up(within(stranger), "db") == []
    docker("network", "connect", pair[0], stranger)
    assert look_up(within(stranger), "db") == [address(docker, name, pair[0])]


def test_names_are_answered_while_the_daemon_is_away(fresh_engine):
    engine = fresh_engine("--live-restore") if KIND == "docker" else fresh_engine()
    docker = engine.docker
    docker("network", "create", "names")
    for one in ("client", "server"):
        docker("run", "-d", "--network", "names", "--name", one, "busybox", "sleep", "1000")
    client, expected = Namespace(docker("inspect", "-f", "{{.State.Pid}}", "client").out), [address(docker, "server", "names")]
    assert look_up(client, "server") == expected
    if KIND == "docker":  # its name server is in the daemon
        engine.stop()
    else:
        engine.kill()
        assert look_up(client, "server") == expected
        with NameServer(engine.host, {("outside.test", "A"): ["198.51.100.7"]}):
            assert look_up(client, "outside.test") == ["198.51.100.7"]
    engine.start()
    assert look_up(client, "server") == expected and look_up(Namespace(docker("inspect", "-f", "{{.State.Pid}}", "server").out), "client")
    docker("run", "-d", "--network", "names", "--name", "third", "busybox", "sleep", "1000")
    assert look_up(client, "third") == [address(docker, "third", "names")]
