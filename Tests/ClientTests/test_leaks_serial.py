# SPDX-License-Identifier: Apache-2.0
"""The issue's third line: what has run leaves nothing behind, and what idles costs little."""
import json
import os

import pytest
from support import leaks, processes
from support.archives import docker_archive
from support.engine import KIND
from support.images import busybox_tar, regular, tar_of
from support.waiting import until

MEBIBYTE = 1 << 10  # in the KiB of /proc


@pytest.fixture
def warm(fresh_engine):
    """An engine that has done everything once, so that what it keeps for ever is there already."""
    engine = fresh_engine()
    engine.docker("run", "--rm", "busybox", "true")
    _exercise(engine.docker, "warm")
    _gone(engine)
    return engine


def _gone(engine):
    until(lambda: engine.api("GET", "/containers/json?all=1").json() == [], "every container is removed", 60)


def _exercise(docker, name):
    """A container's whole life, with everything that could leave something."""
    docker("run", "-d", "--name", name, "-v", "/data", "--tmpfs", "/t", "--memory", "64m", "busybox", "sleep", "1000")
    docker("exec", name, "true")
    docker("exec", "-d", name, "sleep", "1000")
    docker("cp", f"{name}:/etc/passwd", "-")
    docker("logs", name)
    docker("pause", name)
    docker("unpause", name)
    docker("restart", "-t", "0", name)
    docker("diff", name)
    docker("rm", "-fv", name)


def test_200_runs_in_a_row_leave_nothing(warm):
    before = leaks.baseline(warm)
    runs = 200 if KIND != "docker" else 20
    for _ in range(runs):
        warm.docker("run", "--rm", "busybox", "true")
    _gone(warm)
    leaks.assert_nothing_left(warm, before)


def test_50_at_once_leave_nothing(warm):
    before = leaks.baseline(warm)
    count = 50 if KIND != "docker" else 10
    clients = [warm.docker.start("run", "--rm", "busybox", "sh", "-c", f"echo {n}; exit {n}") for n in range(count)]
    for number, client in enumerate(clients):
        out, err = client.communicate(timeout=170)
        assert (client.returncode, out) == (number, f"{number}\n".encode()), err
    _gone(warm)
    leaks.assert_nothing_left(warm, before)


def test_whole_lives_leave_nothing(warm):
    before = leaks.baseline(warm)
    for number in range(5):
        _exercise(warm.docker, f"life-{number}")
    leaks.assert_nothing_left(warm, before)


def test_failures_leave_nothing(warm, tmp_path):
    """Each way in which a start can fail, and a client that goes away in the middle."""
    docker = warm.docker
    before = leaks.baseline(warm)
    docker("run", "--rm", "busybox", "nosuch", code=127)
    docker("run", "--rm", "-w", "/etc/passwd", "busybox", "true", code=None)
    docker("run", "--rm", "-u", "ghost", "busybox", "true", code=None)
    docker("run", "--rm", "-v", f"{tmp_path}:/etc/passwd", "busybox", "true", code=None)
    docker("run", "--rm", "--memory", "1m", "busybox", "true", code=125)
    docker("run", "--rm", "--sysctl", "kernel.panic=1", "busybox", "true", code=None)
    docker("create", "nosuch", code=1)
    docker("load", stdin=b"nonsense" * 500, code=1)
    for _ in range(5):
        client = docker.start("run", "--rm", "-i", "busybox", "cat")
        until(lambda: warm.api("GET", "/containers/json").json(), "it runs")
        client.kill()
        client.wait()
        _gone(warm)
    leaks.assert_nothing_left(warm, before)


def test_images_leave_nothing(warm):
    docker = warm.docker
    archive = docker_archive([busybox_tar(), tar_of(lambda archive: regular(archive, "x", b"x"))], tags=("leak:1",))
    docker("load", stdin=archive)
    docker("rmi", "leak:1")
    before = leaks.baseline(warm)
    docker("load", stdin=archive)
    docker("tag", "leak:1", "leak:2")
    docker("run", "--rm", "leak:2", "true")
    docker("save", "leak:1")
    docker("rmi", "leak:1", "leak:2")
    leaks.assert_nothing_left(warm, before)


def test_a_stopped_engine_leaves_only_its_files(warm):
    warm.docker("run", "--rm", "busybox", "true")
    warm.stop()
    until(lambda: not warm.owned() and not leaks.cgroups(warm.cgroup_parent), "no process and no cgroup is left", 20)
    assert leaks.mounts("self", warm.directory) == []
    warm.start()


@pytest.mark.hull("its own budget")
def test_an_idle_daemon_is_below_40_mb(warm):
    for number in range(20):
        warm.docker("create", "--name", f"kept-{number}", "busybox")
    warm.docker("ps", "-a")
    until(lambda: processes.resident(warm.pid) < 40 * MEBIBYTE, f"the daemon is below 40 MiB (now {processes.resident(warm.pid)} KiB)", 20, every=0.5)


@pytest.mark.hull("its own budget")
def test_a_shim_is_below_4_mb_and_half_a_megabyte_private(warm):
    identity = warm.docker("run", "-d", "busybox", "sleep", "1000").out
    # Pages of the program's file are anybody's; with one shim alone they would count as its own.
    neighbour = warm.docker("run", "-d", "busybox", "sleep", "1000").out
    shim = processes.parent(int(warm.docker("inspect", "-f", "{{.State.Pid}}", identity).out))
    assert "hull-shim" in processes.command_line(shim)
    warm.docker("exec", identity, "true")
    # After a second without work a shim gives the pages of its code back.
    until(lambda: processes.resident(shim) < 4 * MEBIBYTE, "an idle shim of less than 4 MB")
    until(lambda: processes.private(shim) < MEBIBYTE // 2, "an idle shim of less than 0.5 MB private")
    warm.docker("rm", "-f", identity, neighbour)


@pytest.mark.hull("its own budget")
def test_the_daemon_does_not_grow(warm):
    """Memory after a warm-up and after ten times as much work differs by little."""

    def work(rounds):
        for _ in range(rounds):
            identity = json.loads(warm.api("POST", "/containers/create", {"Image": "busybox", "Cmd": ["true"]}).body)["Id"]
            warm.api("POST", f"/containers/{identity}/start")
            warm.api("POST", f"/containers/{identity}/wait")
            warm.api("DELETE", f"/containers/{identity}?force=1")

    work(30)
    before = processes.resident(warm.pid)
    work(200)
    assert processes.resident(warm.pid) - before < 8 * MEBIBYTE


@pytest.mark.hull("the host sees no mount of a container")
def test_a_running_container_is_no_mount_on_the_host(warm):
    before, of_daemon = leaks.mounts("self", warm.directory), leaks.mounts(warm.pid, warm.directory)
    identity = warm.docker("run", "-d", "busybox", "sleep", "1000").out
    assert leaks.mounts("self", warm.directory) == before == []
    assert leaks.mounts(warm.pid, warm.directory) == of_daemon
    assert os.path.isdir(f"/proc/{warm.docker('inspect', '-f', '{{.State.Pid}}', identity).out}/root/bin")
    warm.docker("rm", "-f", identity)
