# SPDX-License-Identifier: Apache-2.0
"""Networks as objects: created with every option, listed, inspected, removed, and told about."""
import ipaddress
import json
import re
import time

import pytest
from support.engine import BAD_REQUEST
from support.waiting import until

PREDEFINED = ("bridge", "host", "none")


def inspect(docker, network):
    return json.loads(docker("network", "inspect", network).out)[0]


def subnets(docker, network):
    return [ipaddress.ip_network(config["Subnet"]) for config in inspect(docker, network)["IPAM"]["Config"]]


def test_a_network_comes_and_goes(docker, name):
    identity = docker("network", "create", name).out
    assert re.fullmatch("[0-9a-f]{64}", identity)
    assert docker("network", "ls", "--no-trunc", "--filter", f"name={name}", "--format", "{{.ID}} {{.Name}} {{.Driver}} {{.Scope}}").out == f"{identity} {name} bridge local"
    assert docker("network", "rm", name).out == name
    assert name not in docker("network", "ls", "--format", "{{.Name}}").lines


def test_the_predefined_networks_are_there(docker):
    rows = dict(row.split() for row in docker("network", "ls", "--format", "{{.Name}} {{.Driver}}/{{.Scope}}").lines)
    assert rows == {"bridge": "bridge/local", "host": "host/local", "none": "null/local"}
    assert docker("network", "ls").lines[0].split() == ["NETWORK", "ID", "NAME", "DRIVER", "SCOPE"]


@pytest.mark.parametrize("network", PREDEFINED)
def test_predefined_networks_cannot_be_removed(api, network):
    answer = api("DELETE", f"/networks/{network}")
    assert (answer.status, answer.message) == (403, f"{network} is a pre-defined network and cannot be removed")


def test_inspect_has_dockers_fields(docker, network):
    made = network("--label", "a=b", "--label", "c")
    found = inspect(docker, made)
    (config,) = found["IPAM"]["Config"]
    subnet = ipaddress.ip_network(config["Subnet"])
    assert subnet.is_private and ipaddress.ip_address(config["Gateway"]) in subnet
    assert found["Name"] == made and found["Driver"] == "bridge" and found["Scope"] == "local" and found["IPAM"]["Driver"] == "default"
    assert [found[key] for key in ("EnableIPv6", "Internal", "Attachable", "Ingress", "ConfigOnly")] == [False] * 5
    assert found["Containers"] == {} and found["Labels"] == {"a": "b", "c": ""} and found["ConfigFrom"] == {"Network": ""}
    assert isinstance(found["Options"], dict) and re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", found["Created"])


@pytest.mark.modern("EnableIPv4 came with API 1.47")
def test_inspect_says_that_there_is_ipv4(docker, network):
    assert inspect(docker, network())["EnableIPv4"] is True


def test_every_address_option_is_kept(docker, network):
    made = network("--subnet", "10.71.0.0/16", "--ip-range", "10.71.5.0/24", "--gateway", "10.71.0.9", "--aux-address", "printer=10.71.5.0", "--aux-address", "nas=10.71.5.1")
    (config,) = inspect(docker, made)["IPAM"]["Config"]
    auxiliary = config.get("AuxiliaryAddresses") or config.get("AuxAddress")
    assert config["Subnet"] == "10.71.0.0/16" and config["IPRange"] == "10.71.5.0/24" and config["Gateway"] == "10.71.0.9"
    assert auxiliary == {"printer": "10.71.5.0", "nas": "10.71.5.1"}
    given = docker("run", "--rm", "--network", made, "busybox", "ip", "-4", "-o", "addr", "show", "eth0").out
    assert ipaddress.ip_address(re.search(r"inet ([\d.]+)/16", given)[1]) in ipaddress.ip_network("10.71.5.0/24")
    assert "10.71.5.0/" not in given and "10.71.5.1/" not in given
    assert "default via 10.71.0.9" in docker("run", "--rm", "--network", made, "busybox", "ip", "route").out


def test_both_families_can_be_had(docker, network):
    made = network("--ipv6", "--subnet", "10.72.0.0/24", "--subnet", "fd72::/64", "--gateway", "fd72::9")
    found = inspect(docker, made)
    assert found["EnableIPv6"] is True and sorted(config["Subnet"] for config in found["IPAM"]["Config"]) == ["10.72.0.0/24", "fd72::/64"]
    shown = docker("run", "--rm", "--network", made, "busybox", "sh", "-c", "ip -o addr show eth0; ip -6 route").out
    assert re.search(r"inet 10\.72\.0\.\d+/24", shown) and re.search(r"inet6 fd72::[\da-f:]+/64 scope global", shown) and "default via fd72::9" in shown


def test_flags_and_driver_options_are_kept(docker, network):
    made = network("--internal", "--attachable", "-o", "com.docker.network.driver.mtu=1420", "-o", "com.docker.network.bridge.name=hulltest0", "-o", "some.other=thing")
    found = inspect(docker, made)
    assert found["Internal"] is True and found["Attachable"] is True
    assert found["Options"] == {"com.docker.network.driver.mtu": "1420", "com.docker.network.bridge.name": "hulltest0", "some.other": "thing"}


def test_the_bridge_and_the_mtu_are_as_asked_for(engine, docker, network):
    made = network("-o", "com.docker.network.driver.mtu=1420", "-o", "com.docker.network.bridge.name=hulltest1")
    assert "mtu 1420" in docker("run", "--rm", "--network", made, "busybox", "ip", "link", "show", "eth0").out
    assert "hulltest1" in engine.host.links()
    docker("network", "rm", made)
    assert "hulltest1" not in engine.host.links()


def test_chosen_subnets_do_not_overlap(docker, network):
    chosen = [subnets(docker, network())[0] for _ in range(5)] + subnets(docker, "bridge")
    assert not [pair for pair in ((a, b) for a in chosen for b in chosen) if pair[0] is not pair[1] and pair[0].overlaps(pair[1])]


def test_a_chosen_subnet_is_none_that_the_host_has_a_route_to(engine, docker, network):
    first = network()
    (taken,) = subnets(docker, first)
    docker("network", "rm", first)
    engine.host.run("ip", "link", "add", "busy", "type", "bridge")
    try:
        engine.host.run("ip", "address", "add", f"{taken[1]}/{taken.prefixlen}", "dev", "busy")
        engine.host.run("ip", "link", "set", "busy", "up")
        (chosen,) = subnets(docker, network())
        assert not chosen.overlaps(taken)
    finally:
        engine.host.run("ip", "link", "del", "busy")


def test_an_overlapping_subnet_is_refused(api, network):
    network("--subnet", "10.73.0.0/16")
    answer = api("POST", "/networks/create", {"Name": "overlap", "IPAM": {"Config": [{"Subnet": "10.73.8.0/24"}]}})
    assert answer.status == 403 and "Pool overlaps with other one on this address space" in answer.message


@pytest.mark.hull("an error names its culprit")
def test_an_overlap_names_the_other_network(docker, network):
    first = network("--subnet", "10.73.0.0/16")
    error = docker("network", "create", "--subnet", "10.73.8.0/24", "overlap", code=1).err
    assert first in error and "10.73.0.0/16" in error and "10.73.8.0/24" in error


def test_a_name_is_given_once(api, network):
    made = network()
    answer = api("POST", "/networks/create", {"Name": made, "CheckDuplicate": True})
    assert (answer.status, answer.message) == (409, f"network with name {made} already exists")


@pytest.mark.parametrize("name", PREDEFINED)
def test_predefined_names_are_taken(api, name):
    answer = api("POST", "/networks/create", {"Name": name, "CheckDuplicate": True})
    assert answer.status in (403, 409) and ("predefined" in answer.message or "already exists" in answer.message)


@pytest.mark.parametrize(
    "body",
    [
        {"IPAM": {"Config": [{"Subnet": "nonsense"}]}},
        {"IPAM": {"Config": [{"Subnet": "10.74.0.0/24", "Gateway": "10.99.0.1"}]}},
        pytest.param({"IPAM": {"Config": [{"Subnet": "10.74.0.0/24", "IPRange": "10.99.0.0/28"}]}}, marks=pytest.mark.modern("a range is compared with its subnet")),
        {"IPAM": {"Config": [{"Subnet": "10.74.0.0/24"}, {"Subnet": "10.75.0.0/24"}]}},
        {"IPAM": {"Config": [{"Subnet": "10.74.0.0/24", "AuxiliaryAddresses": {"x": "10.99.0.1"}}]}},
        {"Options": {"com.docker.network.driver.mtu": "many"}},
        {"Options": {"com.docker.network.bridge.enable_icc": "perhaps"}},
        {"Driver": "host"},
        {"Driver": "nosuch"},
    ],
    ids=lambda body: json.dumps(body)[1:60],
)
def test_a_network_that_cannot_be_is_refused(api, docker, name, body):
    answer = api("POST", "/networks/create", {"Name": name} | body)
    assert answer.status in (*BAD_REQUEST, 403, 404, 501) and answer.message
    assert docker("network", "ls", "-q", "--filter", f"name={name}").out == ""


def test_an_empty_name_is_refused(api):
    assert api("POST", "/networks/create", {"Name": ""}).status in BAD_REQUEST


def test_an_unknown_network_is_not_found(api, docker, run):
    container = {"Container": run()}
    for method, path, body in (("GET", "", None), ("DELETE", "", None), ("POST", "/connect", container), ("POST", "/disconnect", container)):
        answer = api(method, f"/networks/nosuch{path}", body)
        assert (answer.status, answer.message) == (404, "network nosuch not found")
    assert "network nosuch not found" in docker("run", "--rm", "--network", "nosuch", "busybox", "true", code=125).err


def test_it_is_found_by_name_id_and_prefix(docker, network):
    made = network()
    identity = inspect(docker, made)["Id"]
    assert {inspect(docker, reference)["Id"] for reference in (made, identity, identity[:12])} == {identity}


def test_a_network_in_use_is_not_removed(api, run, docker, network, name):
    made = network()
    run("--network", made, "--name", name)
    answer = api("DELETE", f"/networks/{made}")
    assert answer.status == 403 and "has active endpoints" in answer.message and made in answer.message
    docker("stop", "-t", "0", name)
    assert api("DELETE", f"/networks/{made}").status == 204
    assert "not found" in docker("start", name, code=1).err


def test_prune_removes_what_nobody_uses(docker, run, network):
    used, unused, labelled = network(), network(), network("--label", "keep=1")
    run("--network", used)
    shown = docker("network", "prune", "-f", "--filter", "label!=keep").lines
    assert unused in shown and used not in shown and labelled not in shown
    assert docker("network", "prune", "-f", "--filter", "until=24h").out == ""
    assert labelled in docker("network", "prune", "-f").lines
    left = docker("network", "ls", "--format", "{{.Name}}").lines
    assert used in left and not {unused, labelled} & set(left)


@pytest.mark.parametrize(
    "filters, expected",
    [
        (["name=zoo"], {"zoo-cat", "zoo-dog"}),
        (["name=zoo-c"], {"zoo-cat"}),
        (["label=kind"], {"zoo-cat", "zoo-dog"}),
        (["label=kind=dog"], {"zoo-dog"}),
        (["type=custom"], {"zoo-cat", "zoo-dog"}),
        (["type=builtin"], {"bridge", "host", "none"}),
        (["driver=null"], {"none"}),
        (["driver=bridge", "type=custom"], {"zoo-cat", "zoo-dog"}),
        (["scope=swarm"], set()),
        (["dangling=true", "name=zoo"], {"zoo-cat", "zoo-dog"}),
    ],
)
def test_ls_filters(docker, filters, expected):
    for kind in ("cat", "dog"):
        docker("network", "create", "--label", f"kind={kind}", f"zoo-{kind}")
    options = [part for one in filters for part in ("--filter", one)]
    assert set(docker("network", "ls", "--format", "{{.Name}}", *options).lines) == expected


@pytest.mark.parametrize("bad", ["nonsense=1", "type=nonsense"])
def test_a_bad_filter_is_refused(docker, bad):
    assert "invalid" in docker("network", "ls", "--filter", bad, code=1).err.lower()


def test_the_life_of_a_network_is_told(docker, run, network, name):
    time.sleep(0.002)
    since = f"{time.time():.9f}"
    made = network()
    identity = inspect(docker, made)["Id"]
    container = run("--network", made, "--name", name)
    docker("rm", "-f", name)
    docker("network", "rm", made)

    def told():
        rows = docker("events", "--since", since, "--until", f"{time.time():.9f}", "--filter", "type=network", "--filter", f"network={made}", "--format", "json").lines
        return [json.loads(row) for row in rows]

    events = until(lambda: (lambda found: found if len(found) == 4 else None)(told()), "four events are told")
    assert [event["Action"] for event in events] == ["create", "connect", "disconnect", "destroy"]
    assert all(event["Actor"]["ID"] == identity and event["Actor"]["Attributes"]["name"] == made and event["Actor"]["Attributes"]["type"] == "bridge" for event in events)
    assert events[1]["Actor"]["Attributes"]["container"] == events[2]["Actor"]["Attributes"]["container"] == container
