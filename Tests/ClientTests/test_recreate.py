# SPDX-License-Identifier: Apache-2.0
"""`hull container recreate`: changed settings, the same name, ID, addresses, ports, volumes and log."""
import json
import time

import pytest
from support.images import busybox_tar, regular
from support.waiting import until

pytestmark = pytest.mark.hull("making containers anew is Hull's own")


@pytest.fixture
def hull(engine):
    return engine.hull


@pytest.fixture
def run(run):
    """Containers that end at once when they are told to stop."""
    return lambda *flags, **more: run("--stop-signal", "KILL", *flags, **more)


def inspected(docker, container):
    return json.loads(docker("inspect", container).out)[0]


def address(docker, container, network="bridge"):
    return inspected(docker, container)["NetworkSettings"]["Networks"][network]["IPAddress"]


def test_what_no_flag_names_stays(docker, hull, run, name):
    container = run("--name", name, "-e", "A=1", "-l", "x=y", "-v", "/data", "-v", f"{name}-named:/named", "-p", "80", "--memory", "64m", command=("sh", "-c", "echo run $A; touch /data/x /named/x /lost; sleep 1000"))
    until(lambda: docker("exec", name, "ls", "/lost", code=None).code == 0, "it has written")
    before = inspected(docker, name)
    port, ip = docker("port", name).lines, address(docker, name)
    assert hull("container", "recreate", name, "--with", "-e", "A=2").out == container
    until(lambda: docker("logs", name).lines == ["run 1", "run 2"], "it runs again and has its old log")
    after = inspected(docker, name)
    assert after["Id"] == before["Id"] and after["Name"] == before["Name"] and after["State"]["Running"]
    assert "A=2" in after["Config"]["Env"] and "A=1" not in after["Config"]["Env"] and after["Config"]["Labels"] == {"x": "y"}
    assert after["HostConfig"]["Memory"] == 64 << 20 and after["Mounts"] == before["Mounts"]
    assert docker("port", name).lines == port and address(docker, name) == ip
    docker("rm", "-f", name)
    assert docker("volume", "ls", "-q").lines == sorted([f"{name}-named", before["Mounts"][0]["Name"] if before["Mounts"][0]["Name"] != f"{name}-named" else before["Mounts"][1]["Name"]])


def test_the_writable_layer_is_new_and_the_old_one_gone(docker, hull, run, engine, name):
    run("--name", name)
    docker("exec", name, "touch", "/made")
    directory = engine.root / "containers" / inspected(docker, name)["Id"]
    for _ in range(3):
        hull("container", "recreate", name, "--with", "--hostname", "other")
        assert docker("exec", name, "sh", "-c", "ls /made 2>/dev/null; hostname").out == "other"
        assert len([path for path in directory.iterdir() if path.name.startswith("upper")]) == 1
        docker("exec", name, "touch", "/made")


def test_ports_networks_and_limits_can_be_changed(docker, hull, run, network, engine, name):
    net = network()
    container = run("--name", name, "--memory", "64m", "-p", "127.0.0.1:8081:80")
    hull("container", "recreate", name, "--with", "-p", "127.0.0.1:8082:80", "--memory", "32m", "--network", net, "--network-alias", "other")
    after = inspected(docker, name)
    assert after["Id"] == container and docker("port", name).lines == ["80/tcp -> 127.0.0.1:8082"]
    assert after["HostConfig"]["Memory"] == 32 << 20 and after["HostConfig"]["MemorySwap"] in (64 << 20, -1)
    assert list(after["NetworkSettings"]["Networks"]) == [net]
    assert docker("run", "--rm", "--network", net, "busybox", "nslookup", "other").code == 0


def test_an_address_is_kept_even_when_others_start_meanwhile(docker, hull, run, network, name):
    net = network("--subnet", "10.199.0.0/29")
    run("--name", name, "--network", net)
    ip = address(docker, name, net)
    run("--name", f"{name}-other", "--network", net)
    hull("container", "recreate", name, "--with", "-e", "B=1")
    assert address(docker, name, net) == ip


def test_another_image_brings_its_own_defaults(docker, hull, engine, name):
    for number in "12":
        flags = ["-c", f'CMD ["sh", "-c", "cat /which; echo $OF_IMAGE $OWN; sleep 1000"]', "-c", f"ENV OF_IMAGE={number}", "-c", f"LABEL version={number}"]
        docker("import", *flags, "-", f"{name}:{number}", stdin=busybox_tar(lambda archive: regular(archive, "which", number.encode() + b"\n")))
    docker("run", "-d", "--stop-signal", "KILL", "--name", name, "-e", "OWN=mine", "-l", "own=label", f"{name}:1")
    until(lambda: docker("logs", name).lines == ["1", "1 mine"], "the first has spoken")
    hull("container", "recreate", name, "--image", f"{name}:2")
    until(lambda: docker("logs", name).lines == ["1", "1 mine", "2", "2 mine"], "the second has spoken")
    after = inspected(docker, name)
    assert after["Config"]["Labels"] == {"own": "label", "version": "2"} and after["Config"]["Image"] == f"{name}:2"
    docker("rmi", f"{name}:1")
    assert docker("rmi", f"{name}:2", code=None).code
    docker("rm", "-f", name)
    docker("rmi", f"{name}:2")


def test_what_does_not_run_is_not_started(docker, hull, name):
    docker("create", "--name", name, "busybox", "sh", "-c", "echo $X")
    hull("container", "recreate", name, "--with", "-e", "X=later")
    assert inspected(docker, name)["State"]["Status"] == "created"
    assert docker("start", "-a", name).out == "later"


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--image", "no/such:image"], "no such host"),
        (["--with", "--memory", "1k"], "Minimum memory limit"),
        (["--with", "-v", "/nosuch/../..:/"], "destination can't be '/'"),
        (["--with", "--network", "nosuch"], "network nosuch not found"),
        (["--with", "--entrypoint", "/nosuch"], "no such file or directory"),
        (["--with", "-v", "own:/proc"], "proc"),
        (["--with", "--mount", "type=volume,src=bad,dst=/x,volume-opt=nosuch=option"], "nosuch"),
    ],
)
def test_what_cannot_be_leaves_the_old_one_running(docker, hull, engine, run, name, flags, words):
    run("--name", name, "-e", "A=1", "-p", "80")
    before, port, ip = inspected(docker, name), docker("port", name).lines, address(docker, name)
    result = hull("container", "recreate", name, *flags, code=None)
    assert result.code and words in result.err
    after = inspected(docker, name)
    assert after["State"]["Running"] and after["Config"] == before["Config"] and after["HostConfig"] == before["HostConfig"]
    assert docker("port", name).lines == port and address(docker, name) == ip
    assert docker("volume", "ls", "-q").lines == []
    directory = engine.root / "containers" / before["Id"]
    assert len([path for path in directory.iterdir() if path.name.startswith("upper")]) == 1


def test_unknown_and_wrong_requests(api, docker, run, name):
    assert api("POST", "/hull/containers/nosuch/recreate", {}).status == 404
    run("--name", name)
    for body in ([], {"Confg": {}}, {"Config": []}, {"Config": {"Env": 1}}):
        answer = api("POST", f"/hull/containers/{name}/recreate", body)
        assert answer.status == 400 and "invalid JSON" in answer.message
    assert inspected(docker, name)["State"]["Running"]


def test_a_container_that_removes_itself_lives_through_it(docker, hull, name):
    docker("run", "-d", "--rm", "--stop-signal", "KILL", "--name", name, "busybox", "sleep", "1000")
    hull("container", "recreate", name, "--with", "-e", "A=2")
    assert inspected(docker, name)["State"]["Running"]
    docker("stop", "-t", "0", name)
    until(lambda: docker("ps", "-aq").lines == [], "it is gone")


def test_a_kill_in_the_middle_leaves_the_old_or_the_new(fresh_engine):
    engine = fresh_engine()
    engine.docker("run", "-d", "--stop-signal", "KILL", "--name", "one", "-e", "N=0", "-v", "/data", "busybox", "sleep", "1000")
    for number in range(1, 11):
        request = engine.hull.start("container", "recreate", "one", "--with", "-e", f"N={number}")
        time.sleep(0.01 * number)  # the instant of the kill
        engine.kill()
        request.wait()
        engine.start()
        state = json.loads(engine.docker("inspect", "one").out)[0]
        assert state["Config"]["Env"][0] in {f"N={n}" for n in range(number + 1)}
        directory = engine.root / "containers" / state["Id"]
        assert len([path for path in directory.iterdir() if path.name.startswith("upper")]) <= 1
        if not state["State"]["Running"]:
            engine.docker("start", "one")
        assert engine.docker("exec", "one", "ls", "-d", "/data").out == "/data"
