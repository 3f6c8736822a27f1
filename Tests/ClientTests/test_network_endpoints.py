# SPDX-License-Identifier: Apache-2.0
"""Containers on networks: their interfaces, addresses and routes, connected and disconnected while they run or rest, and who reaches whom."""
import ipaddress
import json
import os
import re

import pytest
from support.hosts import OTHER_V4, kernel_has
from support.peers import ask, refused


def settings(docker, container, network=None):
    """NetworkSettings, or one network's part of them."""
    found = json.loads(docker("inspect", container).out)[0]["NetworkSettings"]
    return found["Networks"][network] if network else found


def inside(docker, container, command):
    return docker("exec", container, "sh", "-c", command).out


def interfaces(docker, container):
    return sorted(inside(docker, container, "ls /sys/class/net").split())


def test_the_default_network_is_bridge(docker, run, name):
    identity = run("--name", name)
    found = settings(docker, name, "bridge")
    address, subnet = ipaddress.ip_address(found["IPAddress"]), ipaddress.ip_network(json.loads(docker("network", "inspect", "bridge").out)[0]["IPAM"]["Config"][0]["Subnet"])
    assert address in subnet and found["IPPrefixLen"] == subnet.prefixlen and ipaddress.ip_address(found["Gateway"]) in subnet
    shown = inside(docker, name, "ip -o addr show eth0; ip route; cat /sys/class/net/eth0/address; cat /etc/hosts")
    assert f"inet {address}/{subnet.prefixlen}" in shown and f"default via {found['Gateway']} dev eth0" in shown and found["MacAddress"] in shown
    assert re.search(rf"^{re.escape(str(address))}\s+{identity[:12]}$", shown, re.M)
    assert settings(docker, name)["IPAddress"] == str(address)


def test_inspect_tells_of_the_endpoint_from_both_ends(docker, run, network, name):
    made = network("--ipv6", "--subnet", "10.81.0.0/24", "--subnet", "fd81::/64")
    identity = run("--network", made, "--name", name)
    theirs, ours = json.loads(docker("network", "inspect", made).out)[0], settings(docker, name, made)
    seen = theirs["Containers"][identity]
    assert ours["NetworkID"] == theirs["Id"] and ours["EndpointID"] == seen["EndpointID"] and re.fullmatch("[0-9a-f]{64}", ours["EndpointID"])
    assert seen["Name"] == name and seen["MacAddress"] == ours["MacAddress"]
    assert seen["IPv4Address"] == f"{ours['IPAddress']}/24" and seen["IPv6Address"] == f"{ours['GlobalIPv6Address']}/64"
    assert ours["IPPrefixLen"] == 24 and ours["GlobalIPv6PrefixLen"] == 64 and ours["Gateway"] == "10.81.0.1" and ours["IPv6Gateway"] == "fd81::1"
    shown = inside(docker, name, "ip -o addr show eth0; ip -6 route")
    assert f"inet {ours['IPAddress']}/24" in shown and f"inet6 {ours['GlobalIPv6Address']}/64" in shown and "default via fd81::1" in shown


def test_a_stopped_container_has_no_address_and_its_network_still(docker, run, network, name):
    made = network()
    run("--network", made, "--name", name)
    docker("stop", "-t", "0", name)
    found = settings(docker, name, made)
    assert (found["IPAddress"], found["EndpointID"], found["Gateway"]) == ("", "", "")
    assert json.loads(docker("network", "inspect", made).out)[0]["Containers"] == {}
    docker("start", name)
    assert settings(docker, name, made)["IPAddress"]


def test_addresses_are_given_back(docker, network):
    made = network("--subnet", "10.82.0.0/29")
    for _ in range(8):
        assert "inet 10.82.0." in docker("run", "--rm", "--network", made, "busybox", "ip", "-o", "addr").out


def test_a_full_network_says_so(docker, run, network):
    made = network("--subnet", "10.82.0.0/30")
    run("--network", made)
    error = docker("run", "--rm", "--network", made, "busybox", "true", code=125).err
    assert "no available IPv4 addresses on this network's address pools" in error and made in error


def test_static_addresses_are_given_and_kept(docker, run, network, name):
    made = network("--ipv6", "--subnet", "10.83.0.0/24", "--subnet", "fd83::/64")
    run("--network", made, "--ip", "10.83.0.77", "--ip6", "fd83::77", "--name", name)
    for _ in range(2):
        found = settings(docker, name, made)
        assert (found["IPAddress"], found["GlobalIPv6Address"]) == ("10.83.0.77", "fd83::77")
        assert found["IPAMConfig"] == {"IPv4Address": "10.83.0.77", "IPv6Address": "fd83::77"}
        shown = inside(docker, name, "ip addr show eth0")
        assert "10.83.0.77/24" in shown and "fd83::77/64" in shown
        docker("restart", "-t", "0", name)


@pytest.mark.parametrize(
    "version, body",
    [
        ("v1.41", {"MacAddress": "02:42:ac:11:22:33"}),
        pytest.param("v1.44", {"NetworkingConfig": {"EndpointsConfig": {"NET": {"MacAddress": "02:42:ac:11:22:33"}}}}, marks=pytest.mark.modern("an address per network came with API 1.44")),
    ],
)
def test_a_mac_address_is_given_and_kept(api, docker, network, name, version, body):
    made = network()
    body = json.loads(json.dumps({"Image": "busybox", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": made}} | body).replace("NET", made))
    assert api("POST", f"/{version}/containers/create?name={name}", body).status == 201
    docker("start", name)
    for _ in range(2):
        assert settings(docker, name, made)["MacAddress"] == "02:42:ac:11:22:33" == inside(docker, name, "cat /sys/class/net/eth0/address")
        docker("restart", "-t", "0", name)


def test_a_taken_static_address_is_refused(docker, run, network):
    made = network("--subnet", "10.84.0.0/24")
    run("--network", made, "--ip", "10.84.0.5")
    assert "Address already in use" in docker("run", "--rm", "--network", made, "--ip", "10.84.0.5", "busybox", "true", code=125).err
    assert "inet 10.84.0.2/24" in docker("run", "--rm", "--network", made, "busybox", "ip", "-o", "addr").out


@pytest.mark.parametrize("flags", [("--network", "CHOSEN", "--ip", "10.85.0.5"), ("--network", "GIVEN", "--ip", "10.99.0.5"), ("--ip", "172.17.0.99"), ("--network", "GIVEN", "--ip", "nonsense")])
def test_a_static_address_wants_a_subnet_that_was_asked_for(docker, network, flags):
    names = {"CHOSEN": network(), "GIVEN": network("--subnet", "10.86.0.0/24")}
    docker("run", "--rm", *(names.get(flag, flag) for flag in flags), "busybox", "true", code=125)


def test_connecting_and_disconnecting_while_it_runs(docker, run, network, name):
    first, second = network(), network("--subnet", "10.87.0.0/24")
    run("--network", first, "--name", name)
    docker("network", "connect", "--ip", "10.87.0.50", "--alias", "other", second, name)
    assert interfaces(docker, name) == ["eth0", "eth1", "lo"] and "10.87.0.50/24" in inside(docker, name, "ip -o addr show eth1")
    found = settings(docker, name)["Networks"]
    assert set(found) == {first, second} and "other" in found[second]["Aliases"]
    docker("network", "disconnect", first, name)
    assert interfaces(docker, name) == ["eth1", "lo"] and set(settings(docker, name)["Networks"]) == {second}
    assert "default via 10.87.0.1 dev eth1" in inside(docker, name, "ip route")
    docker("network", "disconnect", second, name)
    assert interfaces(docker, name) == ["lo"] and settings(docker, name)["Networks"] == {}
    docker("network", "connect", first, name)
    assert len(interfaces(docker, name)) == 2


@pytest.mark.parametrize("stopped", [False, True], ids=["created", "stopped"])
def test_connecting_and_disconnecting_while_it_rests(docker, network, name, stopped):
    first, second, third = network(), network(), network("--subnet", "10.88.0.0/24")
    docker("create", "--network", first, "--name", name, "busybox", "sleep", "1000")
    if stopped:
        docker("start", name)
        docker("stop", "-t", "0", name)
    docker("network", "connect", second, name)
    docker("network", "connect", "--ip", "10.88.0.60", third, name)
    docker("network", "disconnect", first, name)
    docker("start", name)
    found = settings(docker, name)["Networks"]
    assert set(found) == {second, third} and found[third]["IPAddress"] == "10.88.0.60"
    assert len(interfaces(docker, name)) == 3 and "10.88.0.60/24" in inside(docker, name, "ip -o addr")


def test_mistaken_connections_are_refused(api, run, docker, network, name):
    made, other = network(), network()
    run("--network", made, "--name", name)
    body = {"Container": name}
    twice = api("POST", f"/networks/{made}/connect", body)
    assert twice.status == 403 and twice.message == f"endpoint with name {name} already exists in network {made}"
    absent = api("POST", f"/networks/{other}/disconnect", body)
    assert absent.status in (403, 404, 500) and "is not connected to" in absent.message
    missing = api("POST", f"/networks/{made}/connect", {"Container": "nosuch"})
    assert (missing.status, missing.message) == (404, "No such container: nosuch")
    host = api("POST", "/networks/host/connect", body)
    assert host.status in (400, 403, 500) and "host network" in host.message
    assert set(settings(docker, name)["Networks"]) == {made}


def test_disconnect_by_force_takes_away_a_stopped_one(docker, network, name):
    made = network()
    docker("create", "--network", made, "--name", name, "busybox")
    docker("network", "disconnect", "-f", made, name)
    assert settings(docker, name)["Networks"] == {}


@pytest.mark.modern("several networks at once came with API 1.44, gateway priorities with 1.48")
def test_the_default_route_goes_by_the_highest_priority(docker, network, name):
    low, high = network("--subnet", "10.89.0.0/24"), network("--subnet", "10.90.0.0/24")
    flags = ("--network", f"name={low},gw-priority=-1", "--network", f"name={high},gw-priority=5,alias=x,ip=10.90.0.9")
    assert "default via 10.90.0.1" in docker("run", "--rm", *flags, "busybox", "ip", "route").out
    docker("run", "-d", "--network", low, "--name", name, "busybox", "sleep", "1000")
    docker("network", "connect", "--gw-priority", "1", high, name)
    assert "default via 10.90.0.1" in inside(docker, name, "ip route")
    assert settings(docker, name, high)["GwPriority"] == 1
    docker("network", "disconnect", high, name)
    assert "default via 10.89.0.1" in inside(docker, name, "ip route")


@pytest.mark.modern("DNSNames came with API 1.44")
def test_inspect_lists_the_names_by_which_it_is_known(docker, run, network, name):
    made = network()
    identity = run("--network", made, "--name", name, "--network-alias", "other")
    assert settings(docker, name, made)["DNSNames"] == [name, "other", identity[:12]]


def test_a_container_network_is_the_other_containers(docker, run, network, name):
    made = network()
    run("--network", made, "--name", name)
    namespace = "readlink /proc/self/ns/net; hostname; cat /etc/hosts"
    assert docker("run", "--rm", "--network", f"container:{name}", "busybox", "sh", "-c", namespace).out == inside(docker, name, namespace)
    for flag in (("-p", "80"), ("--hostname", "x"), ("--dns", "203.0.113.9"), ("--add-host", "a:10.0.0.1")):
        assert "conflicting options" in docker("run", "--rm", "--network", f"container:{name}", *flag, "busybox", "true", code=125).err
    assert docker("run", "--rm", "--network", "container:nosuch", "busybox", "true", code=125).err


def test_host_is_the_hosts_and_none_is_nothing(engine, docker, run, inside):
    assert inside("readlink /proc/self/ns/net", "--network", "host") == os.readlink(f"/proc/{engine.pid}/ns/net")
    assert "wan" in engine.other.links() and "wan" in inside("ls /sys/class/net", "--network", "host").split()
    assert inside("ls /sys/class/net; ip route", "--network", "none") == "lo"
    for mode in ("host", "none"):
        found = settings(docker, run("--network", mode), mode)
        assert (found["IPAddress"], found["Gateway"], found["MacAddress"]) == ("", "", "")


def test_neighbours_reach_each_other_and_strangers_do_not(docker, run, network, within, peers):
    one, two = network("--ipv6", "--subnet", "10.91.0.0/24", "--subnet", "fd91::/64"), network("--ipv6", "--subnet", "10.92.0.0/24", "--subnet", "fd92::/64")
    server, neighbour, stranger = run("--network", one), run("--network", one), run("--network", two)
    peers.tcp(within(server), 7000, "server")
    mine = settings(docker, neighbour, one)
    for key in ("IPAddress", "GlobalIPv6Address"):
        address = settings(docker, server, one)[key]
        assert ask(within(neighbour), address, 7000)["client"] == mine[key]
        assert refused(within(stranger), address, 7000)
    docker("network", "connect", one, stranger)
    assert ask(within(stranger), settings(docker, server, one)["IPAddress"], 7000)["name"] == "server"


def test_without_icc_neighbours_are_strangers(docker, run, network, within, peers):
    made = network("-o", "com.docker.network.bridge.enable_icc=false")
    server, neighbour = run("--network", made), run("--network", made)
    peers.tcp(within(server), 7000)
    assert refused(within(neighbour), settings(docker, server, made)["IPAddress"], 7000)


def test_the_world_outside_sees_the_host(engine, docker, run, network, within, peers):
    made = network("--subnet", "10.93.0.0/24")
    peers.tcp(engine.other, 7100, "outside")
    for container in (run("--network", made), run()):
        assert ask(within(container), OTHER_V4, 7100)["client"] == "203.0.113.1"


def test_an_internal_network_does_not_reach_the_world(engine, docker, run, network, within, peers):
    made = network("--internal")
    peers.tcp(engine.other, 7100)
    one, two = run("--network", made), run("--network", made)
    assert refused(within(one), OTHER_V4, 7100)
    peers.tcp(within(two), 7000, "neighbour")
    assert ask(within(one), settings(docker, two, made)["IPAddress"], 7000)["name"] == "neighbour"


def test_without_masquerade_the_containers_own_address_goes_out(engine, docker, run, network, within, peers):
    made = network("--subnet", "10.94.0.0/24", "-o", "com.docker.network.bridge.enable_ip_masquerade=false")
    container = run("--network", made)
    peers.tcp(engine.other, 7100)
    engine.other.run("ip", "route", "add", "10.94.0.0/24", "via", "203.0.113.1")
    try:
        assert ask(within(container), OTHER_V4, 7100)["client"] == settings(docker, container, made)["IPAddress"]
    finally:
        engine.other.run("ip", "route", "del", "10.94.0.0/24")


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_a_container_can_sit_on_the_hosts_own_network(engine, docker, run, network, within, peers, driver):
    other = engine.other
    if not kernel_has(driver):
        pytest.skip(f"this kernel has no {driver}")
    made = network("-d", driver, "--subnet", "203.0.113.0/24", "--gateway", "203.0.113.254", "-o", "parent=wan")
    one, two = run("--network", made, "--ip", "203.0.113.40"), run("--network", made, "--ip", "203.0.113.41")
    peers.tcp(within(one), 7000, "on the wire")
    for client, address in ((other, OTHER_V4), (within(two), "203.0.113.41")):
        assert ask(client, "203.0.113.40", 7000)["client"] == address


def with_options(api, network, options):
    """The answer to the creation of a container whose end in the network has these driver options."""
    body = {"Image": "busybox", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": network}}
    return api("POST", "/containers/create", body | {"NetworkingConfig": {"EndpointsConfig": {network: {"DriverOpts": options}}}})


SYSCTLS, IFNAME = "com.docker.network.endpoint.sysctls", "com.docker.network.endpoint.ifname"


def test_an_end_has_its_own_settings_and_name(docker, api, network):
    made = network()
    options = {SYSCTLS: "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0", IFNAME: "wan7"}
    identity = with_options(api, made, options).json()["Id"]
    docker("start", identity)
    assert interfaces(docker, identity) == ["lo", "wan7"]
    assert inside(docker, identity, "cat /proc/sys/net/ipv4/conf/wan7/log_martians /proc/sys/net/ipv4/conf/wan7/forwarding").split() == ["1", "0"]


@pytest.mark.hull("what is no setting of the interface is refused before there is a container")
@pytest.mark.parametrize("setting", [
    "kernel.hostname=x", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.forwarding=1", "net.ipv4.conf.IFNAME./../../ip_forward=1", "net.ipv4.conf.IFNAME.../x=1",
    "net.ipv4.conf.IFNAME/../all.forwarding=1", "net.ipv4...IFNAME.forwarding=1", "net.ipv4.../..IFNAME.x=1", "net.ipv4.conf.IFNAME.=1", "=1", "=",
    "net.ipv4.conf.IFNAME.log_martians", "net.ipv4.conf.IFNAME.log\x00martians=1",
])
def test_a_setting_that_is_not_the_interfaces_own_is_refused(docker, api, run, network, setting):
    made = network()
    answer = with_options(api, made, {SYSCTLS: setting})
    assert answer.status == 400 and "sysctl" in answer.message
    body = {"Container": run("--network", network()), "EndpointConfig": {"DriverOpts": {SYSCTLS: setting}}}
    assert api("POST", f"/networks/{made}/connect", body).status == 400


@pytest.mark.hull("a name that the kernel would not take is refused before there is a container")
@pytest.mark.parametrize("called", ["..", ".", "a/b", "../../x", "eth%d", "sixteen-letters-", "a b", "e\x00x", "e\nx"])
def test_an_interface_name_that_is_none_is_refused(api, network, called):
    answer = with_options(api, network(), {IFNAME: called})
    assert answer.status == 400 and "interface name" in answer.message


def test_a_container_has_the_mtu_of_a_bridge_that_was_there_before(engine, docker, network):
    engine.host.run("ip", "link", "add", "lan7", "mtu", "9000", "type", "bridge")
    try:
        made = network("-o", "com.docker.network.bridge.name=lan7")
        assert "mtu 9000" in docker("run", "--rm", "--network", made, "busybox", "ip", "link", "show", "eth0").out
        docker("network", "rm", made)
    finally:
        engine.host.run("ip", "link", "del", "lan7")
