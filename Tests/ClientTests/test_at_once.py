# SPDX-License-Identifier: Apache-2.0
"""What several clients do at the same instant: the first starts on a new engine, and ends that cross with stops and removals."""
import os
import resource
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest


def at_once(*actions):
    with ThreadPoolExecutor(len(actions)) as pool:
        return [done.result() for done in [pool.submit(action) for action in actions]]


def start(engine, network):
    made = engine.api("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": network}})
    identity = made.json()["Id"]
    return identity, engine.api("POST", f"/containers/{identity}/start", timeout=60)


@pytest.mark.parametrize("round", range(3))
def test_the_first_starts_of_an_engine_share_one_bridge(fresh_engine, round):
    engine = fresh_engine()
    for identity, answer in at_once(*[lambda: start(engine, "bridge")] * 8):
        assert answer.status == 204, answer.body
        engine.api("DELETE", f"/containers/{identity}?force=1")


def test_networks_made_at_once_are_all_there(fresh_engine):
    engine = fresh_engine()
    answers = at_once(*[lambda number=number: engine.api("POST", "/networks/create", {"Name": f"n{number}"}) for number in range(8)])
    assert [answer.status for answer in answers] == [201] * 8
    subnets = [engine.api("GET", f"/networks/n{number}").json()["IPAM"]["Config"][0]["Subnet"] for number in range(8)]
    assert len(set(subnets)) == 8


@pytest.mark.parametrize("method, target, codes", [("DELETE", "?force=1", (204,)), ("POST", "/stop", (204, 304))])
def test_an_end_that_crosses_with_a_request_is_no_error(api, method, target, codes):
    """The container ends by itself at about the time that it is told to."""
    for delay in range(40):
        body = {"Image": "busybox", "Cmd": ["sh", "-c", f"usleep {delay * 500}"], "HostConfig": {"NetworkMode": "none"}}
        identity = api("POST", "/containers/create", body).json()["Id"]
        assert api("POST", f"/containers/{identity}/start").status == 204
        answer = api(method, f"/containers/{identity}{target}")
        assert answer.status in codes, answer.body
        api("DELETE", f"/containers/{identity}?force=1")


def processor_time(pid):
    """Seconds."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def test_clients_wait_while_the_descriptors_are_used_up(fresh_engine):
    """They are served as soon as there are some again, and waiting for that takes no processor."""
    engine = fresh_engine()
    soft, hard = resource.prlimit(engine.pid, resource.RLIMIT_NOFILE)
    # The daemon has started what it starts, and nobody is connected.
    resource.prlimit(engine.pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{engine.pid}/fd")) + 1, hard))
    clients = []
    for _ in range(16):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(engine.socket))
        client.sendall(b"GET /_ping HTTP/1.1\r\nHost: a\r\n\r\n")
        clients.append(client)
    before = processor_time(engine.pid)
    clients[-1].settimeout(1)
    with pytest.raises(TimeoutError):
        clients[-1].recv(1)
    assert processor_time(engine.pid) - before < 0.5
    resource.prlimit(engine.pid, resource.RLIMIT_NOFILE, (soft, hard))
    for client in clients:
        client.settimeout(10)
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        client.close()
