# SPDX-License-Identifier: Apache-2.0
"""Legacy links: what a container on the default network is told of those that it is linked to; and lists by network and port."""
import json
import os
import re
import signal

import pytest
from support.waiting import until


def inspect(docker, container):
    return json.loads(docker("inspect", container).out)[0]


def address(docker, container):
    return inspect(docker, container)["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]


def entries(docker, container):
    """Names by address of the container's /etc/hosts."""
    lines = docker("exec", container, "cat", "/etc/hosts").lines
    return {line.split()[0]: line.split()[1:] for line in lines if line.strip() and ":" not in line}


def environment(text):
    return dict(line.split("=", 1) for line in text.splitlines())


@pytest.fixture
def linked(docker, run, name):
    """(child, parent): the parent is linked to the child by the alias `my-db`."""
    run("--name", name, "--expose", "80", "--expose", "81", "--expose", "53/udp", "-e", "COLOUR=blue", "-e", "HOME=/x", "--hostname", "called")
    run("--name", f"{name}-web", "--link", f"{name}:my-db")
    return name, f"{name}-web"


def test_a_link_is_told_by_variables(docker, linked):
    child, parent = linked
    there = address(docker, child)
    expected = {
        "MY_DB_NAME": f"/{parent}/my-db", "MY_DB_ENV_COLOUR": "blue", "MY_DB_PORT": f"tcp://{there}:80",
        "MY_DB_PORT_80_TCP": f"tcp://{there}:80", "MY_DB_PORT_80_TCP_ADDR": there, "MY_DB_PORT_80_TCP_PORT": "80", "MY_DB_PORT_80_TCP_PROTO": "tcp",
        "MY_DB_PORT_81_TCP": f"tcp://{there}:81", "MY_DB_PORT_81_TCP_ADDR": there, "MY_DB_PORT_81_TCP_PORT": "81", "MY_DB_PORT_81_TCP_PROTO": "tcp",
        "MY_DB_PORT_80_TCP_START": f"tcp://{there}:80", "MY_DB_PORT_80_TCP_PORT_START": "80", "MY_DB_PORT_80_TCP_END": f"tcp://{there}:81",
        "MY_DB_PORT_80_TCP_PORT_END": "81", "MY_DB_PORT_53_UDP": f"udp://{there}:53", "MY_DB_PORT_53_UDP_ADDR": there, "MY_DB_PORT_53_UDP_PORT": "53",
        "MY_DB_PORT_53_UDP_PROTO": "udp",
    }
    for shown in (docker("exec", parent, "env").out, docker("exec", parent, "sh", "-c", "tr '\\0' '\\n' </proc/1/environ").out):
        found = environment(shown)
        assert {key: value for key, value in found.items() if key.startswith("MY_DB")} == expected


def test_the_containers_own_variables_win(docker, linked):
    child, _ = linked
    shown = docker("run", "--rm", "-e", "DB_NAME=own", "--link", f"{child}:db", "busybox", "env").out
    assert environment(shown)["DB_NAME"] == "own"


def test_a_link_is_told_by_hosts(docker, linked):
    child, parent = linked
    assert entries(docker, parent)[address(docker, child)] == ["my-db", "called", child]
    assert "my-db" in docker("exec", parent, "ping", "-c", "1", "-W", "2", "my-db").out


def test_a_link_without_an_alias_is_the_name(docker, linked):
    child, _ = linked
    shown = docker("run", "--rm", "--name", f"{child}-x", "--link", child, "busybox", "sh", "-c", "env; cat /etc/hosts").out
    assert f"{child.upper().replace('-', '_')}_NAME=/{child}-x/{child}" in shown and re.search(rf"^{re.escape(address(docker, child))}\s+{child} called$", shown, re.M)


def test_a_link_follows_its_container_to_other_addresses(docker, run, linked):
    child, parent = linked
    before = address(docker, child)
    docker("exec", parent, "sh", "-c", "echo '192.0.2.7 own' >> /etc/hosts")
    docker("stop", "-t", "0", child)
    run("--name", f"{child}-taker")
    docker("start", child)
    after = address(docker, child)
    assert after != before and address(docker, f"{child}-taker") == before
    found = entries(docker, parent)
    assert "my-db" in found[after] and before not in found and found["192.0.2.7"] == ["own"]


def test_inspect_and_lists_show_links(docker, linked):
    child, parent = linked
    assert inspect(docker, parent)["HostConfig"]["Links"] == [f"/{child}:/{parent}/my-db"]
    assert inspect(docker, child)["HostConfig"]["Links"] is None
    assert docker("ps", "--no-trunc", "--filter", f"name=^/{child}$", "--format", "{{.Names}}").out == f"{child},{parent}/my-db"
    assert docker("ps", "--filter", "name=my-db", "--format", "{{.ID}}").out == inspect(docker, child)["Id"][:12]
    docker("rename", parent, f"{child}-renamed")
    assert inspect(docker, f"{child}-renamed")["HostConfig"]["Links"] == [f"/{child}:/{child}-renamed/my-db"]
    assert docker("ps", "--no-trunc", "--filter", f"name=^/{child}$", "--format", "{{.Names}}").out == f"{child},{child}-renamed/my-db"
    docker("rm", "-f", f"{child}-renamed")
    assert docker("ps", "--no-trunc", "--filter", f"name=^/{child}$", "--format", "{{.Names}}").out == child


def test_a_link_name_is_a_name(docker, linked):
    child, parent = linked
    assert inspect(docker, f"{parent}/my-db")["Id"] == inspect(docker, child)["Id"]
    assert "No such" in docker("inspect", "--type", "container", f"{parent}/other", code=1).err


def test_rm_link_removes_the_link_and_nothing_else(docker, linked):
    child, parent = linked
    there = address(docker, child)
    assert docker("rm", "--link", f"{parent}/my-db").out == f"{parent}/my-db"
    assert inspect(docker, parent)["HostConfig"]["Links"] is None and inspect(docker, parent)["State"]["Running"]
    assert inspect(docker, child)["State"]["Running"] and there not in entries(docker, parent)
    assert docker("ps", "--no-trunc", "--filter", f"name=^/{child}$", "--format", "{{.Names}}").out == child
    docker("restart", "-t", "0", parent)
    assert "MY_DB" not in docker("exec", parent, "env").out and there not in entries(docker, parent)


def test_rm_link_of_what_is_none_is_refused(docker, api, linked):
    child, parent = linked
    assert "No such container" in docker("rm", "--link", f"{parent}/other", code=1).err
    assert "No such container" in docker("rm", "--link", f"{child}/my-db", code=1).err
    assert "cannot remove the default link name of the container" in docker("rm", "--link", child, code=1).err
    assert api("DELETE", f"/containers/{parent}/my-db/more?link=1").status == 404
    assert inspect(docker, parent)["HostConfig"]["Links"] and inspect(docker, child)["State"]["Running"]


def test_a_container_cannot_start_while_what_it_is_linked_to_does_not_run(docker, linked):
    child, parent = linked
    docker("stop", "-t", "0", parent, child)
    assert f"Cannot link to a non running container: /{child} AS /{parent}/my-db" in docker("start", parent, code=1).err
    docker("start", child)
    docker("start", parent)
    docker("rm", "-f", parent)
    docker("stop", "-t", "0", child)
    assert "Cannot link to a non running container" in docker("run", "--name", parent, "--link", f"{child}:db", "busybox", "true", code=125).err


def test_links_never_lead_in_a_circle(docker, run, linked):
    """A link leads to a container that is there already, and stays with it: neither itself nor one made later under that name."""
    child, parent = linked
    assert f"could not get container for {child}-self: No such container" in docker("create", "--name", f"{child}-self", "--link", f"{child}-self:me", "busybox", code=1).err
    docker("rm", "-f", child)
    run("--name", child, "--link", f"{parent}:back")
    docker("restart", "-t", "0", child)
    assert "BACK_NAME" in docker("exec", child, "env").out
    docker("stop", "-t", "0", parent)
    assert f"Cannot link to a non running container: /{child} AS /{parent}/my-db" in docker("start", parent, code=1).err


def test_links_to_what_cannot_be_linked_are_refused(docker, run, network, name):
    run("--name", f"{name}-host", "--network", "host")
    assert "host type networking can't be used with links" in docker("create", "--link", f"{name}-host:x", "busybox", code=1).err
    assert "could not get container for nobody: No such container: nobody" in docker("create", "--link", "nobody:x", "busybox", code=1).err
    run("--name", f"{name}-else", "--network", network())
    assert "does not belong to the default network" in docker("run", "--rm", "--link", f"{name}-else:x", "busybox", code=125).err


def test_a_link_to_a_container_in_anothers_network_is_one_to_that(docker, run, name):
    run("--name", name)
    run("--name", f"{name}-guest", "--network", f"container:{name}")
    shown = docker("run", "--rm", "--link", f"{name}-guest:there", "busybox", "cat", "/etc/hosts").out
    assert re.search(rf"^{re.escape(address(docker, name))}\s+there ", shown, re.M)


def test_links_in_other_networks_are_names_only(docker, run, network, name):
    made = network()
    run("--name", name, "--network", made, "--expose", "80")
    linked = run("--network", made, "--link", f"{name}:db", "--name", f"{name}-web")
    assert "DB_" not in docker("exec", linked, "env").out
    shown = inspect(docker, linked)
    assert shown["HostConfig"]["Links"] is None and shown["NetworkSettings"]["Networks"][made]["Links"] == [f"{name}:db"]
    assert docker("ps", "--no-trunc", "--filter", f"name=^/{name}$", "--format", "{{.Names}}").out == name


def test_links_survive_a_restart_of_the_daemon(fresh_engine):
    engine = fresh_engine()
    docker = engine.docker
    docker("run", "-d", "--name", "db", "--expose", "80", "busybox", "sleep", "1000")
    docker("run", "-d", "--name", "web", "--link", "db:store", "busybox", "sleep", "1000")
    engine.stop()
    engine.start()
    assert inspect(docker, "web")["HostConfig"]["Links"] == ["/db:/web/store"]
    docker("restart", "-t", "0", "web")
    assert "STORE_PORT_80_TCP_PORT=80" in docker("exec", "web", "env").lines


@pytest.mark.hull("a machine that has lost power has no containers left")
def test_after_a_boot_what_is_linked_to_starts_first(fresh_engine):
    engine = fresh_engine()
    docker = engine.docker
    always = ("--restart", "always")
    docker("run", "-d", "--name", "db", "--expose", "80", *always, "busybox", "sleep", "1000")
    for number in range(4):
        docker("run", "-d", "--name", f"web{number}", "--link", f"{f'web{number - 1}' if number else 'db'}:store", *always, "busybox", "sleep", "1000")
    engine.kill()
    for pid in engine.owned():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    engine.start()
    until(lambda: len(docker("ps", "-q", "--filter", "status=running").lines) == 5, "all five run again", 30)
    assert "STORE_PORT_80_TCP_PORT=80" in docker("exec", "web0", "env").lines
    assert entries(docker, "web3")[address(docker, "web2")][0] == "store"


def listed(docker, *filters, everything=False):
    flags = [flag for one in filters for flag in ("--filter", one)]
    return set(docker("ps", *(["-a"] if everything else []), *flags, "--format", "{{.Names}}").lines)


@pytest.fixture
def several(run, docker, network, name):
    made = network()
    run("--name", f"{name}-a", "-p", "8101:80", "-p", "8102:53/udp")
    run("--name", f"{name}-b", "--expose", "80", "--expose", "9000-9002", "--network", made)
    run("--name", f"{name}-c", "-p", "8103-8104:90-91", "--network", made)
    docker("create", "--name", f"{name}-d", "-p", "8101:80", "busybox")
    return name, made


@pytest.mark.parametrize("filters, expected", [
    (["publish=8101"], "a"), (["publish=8101/tcp"], "a"), (["publish=8101/udp"], ""), (["publish=8102/udp"], "a"), (["publish=80"], ""),
    (["publish=8100-8103"], "ac"), (["publish=8104", "publish=8101"], "ac"), (["expose=80"], "ab"), (["expose=80/udp"], ""), (["expose=53/udp"], "a"),
    (["expose=9001"], "b"), (["expose=8999-9000/tcp"], "b"), (["expose=90"], "c"), (["publish=8101", "expose=9000"], "ab"), (["publish=9"], ""),
])
def test_lists_by_port(docker, several, filters, expected):
    name, _ = several
    assert {one for one in listed(docker, f"name={name}", *filters)} == {f"{name}-{letter}" for letter in expected}


@pytest.mark.parametrize("text", ["http", "80:80", "80/icmp", "90-80", "70000", "", "80/tcp/udp"])
@pytest.mark.parametrize("key", ["publish", "expose"])
def test_a_port_filter_that_is_none_is_refused(api, key, text):
    answer = api("GET", "/containers/json?filters=" + json.dumps({key: [text]}).replace(" ", ""))
    assert answer.status == 400 and key in answer.json()["message"]


def test_lists_by_network(docker, several, run):
    name, made = several
    identity = docker("network", "inspect", "-f", "{{.Id}}", made).out
    for wanted in (made, identity, identity[:12]):
        assert listed(docker, f"network={wanted}") == {f"{name}-b", f"{name}-c"}
    assert listed(docker, f"name={name}", "network=bridge") == {f"{name}-a"}
    assert listed(docker, f"name={name}", "network=bridge", everything=True) == {f"{name}-a", f"{name}-d"}
    assert listed(docker, f"name={name}", "network=bridge", f"network={made}") == {f"{name}-a", f"{name}-b", f"{name}-c"}
    assert listed(docker, "network=none-such") == set()
    docker("network", "disconnect", made, f"{name}-b")
    assert listed(docker, f"network={made}") == {f"{name}-c"}
