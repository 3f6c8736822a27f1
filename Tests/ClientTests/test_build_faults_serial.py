# SPDX-License-Identifier: Apache-2.0
"""Builds that are cut short: cancelled and killed at random instants, on a full disk, many at once. Nothing is left, and the next build works."""
import json
import os
import random
import subprocess
import threading
import time
from contextlib import closing

import pytest
from support import leaks
from support.cli import CommandLine
from support.contexts import FROM, context
from support.engine import KIND, new_engine
from support.http import UnixConnection
from support.images import import_busybox, regular
from support.waiting import until

pytestmark = [pytest.mark.skipif(KIND == "docker", reason="hull: its own promises"), pytest.mark.timeout(900)]
CLASSIC = {"DOCKER_BUILDKIT": "0"}
ROUNDS = 20
# Something of everything: two stages at once, many files, output, a cache, a secret, changes below a directory of the image, an export.
TEXT = (
    FROM.replace("\n", " AS one\n")
    + """RUN --mount=type=cache,target=/cache for i in $(seq 200); do echo $i >> /cache/count; echo line $i; done; head -c 3000000 /dev/urandom > /random
COPY files /files
"""
    + FROM
    + """COPY files /more
RUN --mount=type=bind,source=files,target=/mnt,rw --mount=type=tmpfs,target=/t cp -a /mnt /copied && sleep 0.2 && rm -r /copied/1
WORKDIR /made/here
COPY --from=one /random /random
COPY --link files /linked
RUN sleep 0.2; rm -r /home /usr
"""
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory that is built with `TEXT`."""
    folder = tmp_path_factory.mktemp("context")
    (folder / "Dockerfile").write_text(TEXT)
    for number in range(1500):
        (folder / "files" / str(number // 100)).mkdir(parents=True, exist_ok=True)
        (folder / "files" / str(number // 100) / f"file {number}").write_text(f"{number}\n" * 20)
    return folder


@pytest.fixture
def clients(place):
    """clients(engine) are functions that start a build in some way."""

    def of(engine):
        docker = CommandLine(engine.docker.program, engine.docker.environment | CLASSIC)
        return [
            lambda: docker.start("build", "--no-cache", "-t", "cut", place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
            lambda: engine.hull.start("build", "--no-cache", "-t", "cut", place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
        ]

    return of


def tidy(engine):
    """Nothing of builds but what must be."""
    engine.docker("rmi", "-f", "cut", code=None)
    assert engine.api("POST", "/images/prune?filters=%7B%22dangling%22%3A%5B%22true%22%5D%7D", timeout=60).status == 200
    assert engine.api("POST", "/build/prune?all=1", timeout=120).status == 200


def warm(engine, clients):
    """The engine as it is when it has built once; gives what it holds."""
    for start in clients(engine):
        assert start().wait(120) == 0
    tidy(engine)
    return baseline(engine)


def baseline(engine):
    return without_contexts(leaks.baseline(engine))


def without_contexts(counted):
    """Contexts are kept for the next build; they are files without a name. The database has as many connections as were needed at once."""
    names = counted["open files of the daemon"]
    counted["open files of the daemon"] = [name for name in names if not name.endswith(" (deleted)") and "/hull.db" not in name]
    return counted


def check(engine, clients, before, is_new=False):
    for start in clients(engine):
        assert start().wait(120) == 0, engine.log_tail()
    assert engine.docker("run", "--rm", "cut", "ls", "/linked/3").lines == [f"file {number}" for number in range(300, 400)]
    tidy(engine)
    if is_new:
        before["open files of the daemon"] = without_contexts(leaks.count(engine))["open files of the daemon"]
    last = []

    def same():
        last[:] = leaks.difference(before, without_contexts(leaks.count(engine)))
        return not last

    try:
        until(same, "the engine holds what it held before", 30, every=0.2)
    except AssertionError as error:
        raise AssertionError(f"{error}:\n" + "\n".join(last[:40])) from None
    result = engine.hull("system", "check", "--json", code=None, timeout=120)
    assert result.code == 0, result.out


@pytest.mark.parametrize("way", [0, 1], ids=["docker build", "hull build"])
def test_builds_that_are_cancelled_at_random_instants_leave_nothing(fresh_engine, clients, way):
    engine = fresh_engine()
    before = warm(engine, clients)
    instants = random.Random(way)
    for _ in range(ROUNDS):
        client = clients(engine)[way]()
        time.sleep(instants.uniform(0.05, 2.5))
        client.kill()
        client.communicate()
    check(engine, clients, before)


def test_kills_of_the_daemon_at_random_instants_leave_nothing(fresh_engine, clients):
    engine = fresh_engine()
    before = warm(engine, clients)
    instants = random.Random(7)
    for number in range(ROUNDS):
        running = [start() for start in clients(engine)[: 1 + number % 2]]
        time.sleep(instants.uniform(0.05, 2.5))
        engine.kill()
        for client in running:
            client.communicate(timeout=60)
        engine.start()
        assert engine.docker("run", "--rm", "busybox", "echo", "fine").out == "fine"
    check(engine, clients, before, is_new=True)


# A full disk

@pytest.fixture
def small_engine():
    """An engine whose root has 160 MB."""
    if not os.path.exists("/dev/loop-control"):
        pytest.skip("there are no loop devices to make a small disk with")
    engine = new_engine()
    disk = engine.directory / "disk"
    with open(disk, "wb") as file:
        file.truncate(160 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", disk], check=True)
    engine.root.mkdir()
    engine.host.mount("-o", "loop", disk, engine.root)
    engine.start()
    import_busybox(engine.docker)
    yield engine
    engine.close()


def free(engine):
    status = os.statvfs(engine.host.path(engine.root))
    return status.f_bavail * status.f_frsize


def post(engine, body, more=""):
    """The message of a build's failure, or None. The engine may answer before it has read everything."""
    connection = UnixConnection(engine.socket, 120)
    try:
        connection.request("POST", f"/build?nocache=1{more}", body=body, headers={"Content-Type": "application/x-tar"})
    except (BrokenPipeError, ConnectionResetError):
        pass
    with closing(connection):
        answer = connection.getresponse()
        body = answer.read()
    return json.loads(body)["message"] if answer.status != 200 else json.loads(body.splitlines()[-1]).get("error")


def test_a_full_disk_fails_the_build_and_nothing_else(small_engine, tmp_path):
    engine = small_engine
    assert post(engine, context(FROM + "RUN echo fits > /x\n")) is None
    tidy(engine)
    before = free(engine)

    def is_as_before():
        tidy(engine)
        until(lambda: abs(free(engine) - before) < 3 << 20, f"the disk is as free as before ({before}), not {free(engine)}", 20, every=0.2)
        assert post(engine, context(FROM + "RUN echo fits > /x\n")) is None
        result = engine.hull("system", "check", "--json", code=None, timeout=120)
        assert result.code == 0, result.out

    data = os.urandom(100 << 20)
    # A command that fills it, and one that leaves too much for the layer's archive.
    assert post(engine, context(FROM + "RUN cat /dev/urandom > /big\n"))
    is_as_before()
    assert "disk" in post(engine, context(FROM + "RUN head -c 90000000 /dev/urandom > /big\n"))
    is_as_before()
    # A context that does not fit, and one that fits but whose copy does not.
    assert "disk" in post(engine, context(build=lambda archive: [regular(archive, name, data) for name in "ab"]))
    is_as_before()
    assert post(engine, context(FROM + "COPY . /all\n", lambda archive: regular(archive, "a", data[: 60 << 20])))
    is_as_before()
    (tmp_path / "Dockerfile").write_text(FROM + "COPY big /\n")
    (tmp_path / "big").write_bytes(data * 2)
    assert "disk" in engine.hull("build", "--progress=plain", tmp_path, code=1).err
    is_as_before()


def test_a_full_disk_fails_the_push_and_nothing_else(small_engine, registry_on):
    engine = small_engine
    target = f"{registry_on(engine.host).address}/big:v1"
    data = os.urandom(25 << 20)
    assert post(engine, context(FROM + "COPY a /\n", lambda archive: regular(archive, "a", data)), f"&t={target}") is None
    image = engine.docker("inspect", "-f", "{{.Id}}", target).out
    ballast = engine.host.path(engine.root) / "ballast"
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, free(engine) - (10 << 20))
    before = free(engine)
    result = engine.docker("push", target, code=1)
    assert "disk" in result.err or "space" in result.err, result.err
    assert engine.docker("inspect", "-f", "{{.Id}}", target).out == image
    until(lambda: abs(free(engine) - before) < 1 << 20, f"the disk is as free as before ({before}), not {free(engine)}", 20, every=0.2)
    ballast.unlink()
    engine.docker("push", target, timeout=60)
    assert engine.hull("system", "check", "--json", code=None, timeout=120).code == 0


# Many at once

@pytest.mark.parametrize("first_goes", [True, False])
def test_of_two_builds_that_share_a_step_one_may_go(fresh_engine, tmp_path, first_goes):
    engine = fresh_engine()
    command = "echo ran >> /count/runs; for i in 1 2 3 4 5 6 7 8; do echo shared; sleep 0.5; done; echo done > /result"
    (tmp_path / "Dockerfile").write_text(FROM + f"RUN --mount=type=cache,target=/count {command}\nRUN cat /result\n")
    running = []
    for _ in range(2):
        running.append(engine.hull.start("build", "--progress=plain", tmp_path))
        said = b""
        while b" shared" not in said.replace(b"echo shared", b""):
            said += running[-1].stderr.readline()
            # Who comes later hears what is said from then on: then it takes part.
            assert running[-1].poll() is None, said
    gone, stays = running if first_goes else reversed(running)
    gone.kill()
    gone.communicate()
    _, err = stays.communicate(timeout=60)
    assert stays.returncode == 0, err
    (tmp_path / "Dockerfile").write_text(FROM + "RUN --mount=type=cache,target=/count cat /count/runs\n")
    assert engine.hull("build", "--progress=plain", tmp_path).err.count(" ran") == 1


def test_fifty_builds_at_once(fresh_engine, clients):
    engine = fresh_engine()
    before = warm(engine, clients)
    bodies = [context(FROM + f"COPY own /own\nRUN echo shared; sleep 0.2\nRUN test \"$(cat /own)\" = {n % 10} && echo {n} > /n\n", lambda archive, n=n: regular(archive, "own", str(n % 10).encode())) for n in range(50)]
    said = [None] * len(bodies)

    def build(number):
        answer = engine.api("POST", f"/build?t=many:{number}", body=bodies[number], headers={"Content-Type": "application/x-tar"}, timeout=300)
        said[number] = answer.body.splitlines()[-1]

    threads = [threading.Thread(target=build, args=(number,)) for number in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, line in enumerate(said):
        assert f"many:{number}" in line.decode(), line
    assert engine.docker("run", "--rm", "many:37", "cat", "/n").out == "37"
    engine.docker("rmi", *[f"many:{number}" for number in range(len(bodies))])
    check(engine, clients, before)
