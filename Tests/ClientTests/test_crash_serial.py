# SPDX-License-Identifier: Apache-2.0
"""The issue's fourth line: kill -9 of the daemon at random instants under load. What was acknowledged is there, nothing is half-there, logs are whole."""
import json
import random
import re
import threading
import time

import pytest
from support import leaks
from support.archives import docker_archive
from support.engine import KIND
from support.http import API
from support.images import regular, tar_of
from support.waiting import until

pytestmark = pytest.mark.skipif(KIND == "docker", reason="hull: Debian's dockerd does not find its containerd again after a kill")
KILLS = 50
COUNTING = "i=1; while :; do echo line $i; i=$((i+1)); usleep 5000; done"


class Load:
    """Clients that create, start, exec, read logs and remove through the API, and remember what was acknowledged."""

    def __init__(self, engine, counter):
        self.api = API(engine.socket)
        self.counter = counter
        self.lock = threading.Lock()
        self.created, self.removed, self.started, self.unsure = set(), set(), set(), set()
        self.problems = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._repeat, args=(work,)) for work in (self._run, self._run, self._remove, self._exec, self._logs)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _repeat(self, work):
        while not self.stopping.is_set():
            try:
                work()
            except (OSError, json.JSONDecodeError, KeyError, EOFError) as error:
                if not _is_a_dead_daemon(error):
                    self.problems.append(f"{work.__name__}: {error!r}")
                self.stopping.wait(0.01)
            except Exception as error:  # an http.client error is what a daemon that dies in the middle of an answer looks like
                if type(error).__module__ != "http.client":
                    self.problems.append(f"{work.__name__}: {error!r}")

    def _run(self):
        answer = self.api("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sh", "-c", "echo said; exit 7"], "Labels": {"load": "1"}})
        if answer.status != 201:
            self.problems.append(f"create: {answer.status} {answer.body!r}")
            return
        identity = answer.json()["Id"]
        with self.lock:
            self.created.add(identity)
        if self.api("POST", f"/containers/{identity}/start").status == 204:
            with self.lock:
                self.started.add(identity)

    def _remove(self):
        with self.lock:
            if len(self.created) < 6:
                identity = None
            else:
                identity = random.choice(sorted(self.created))
                self.created.discard(identity)
                self.unsure.add(identity)
        if identity is None:
            time.sleep(0.005)
            return
        if self.api("DELETE", f"/containers/{identity}?force=1").status in (204, 404):
            with self.lock:
                self.unsure.discard(identity)
                self.removed.add(identity)

    def _exec(self):
        made = self.api("POST", f"/containers/{self.counter}/exec", {"Cmd": ["true"]})
        if made.status == 201:
            self.api("POST", f"/exec/{made.json()['Id']}/start", {"Detach": True})

    def _logs(self):
        self.api("GET", f"/containers/{self.counter}/logs?stdout=1&tail=20")


def _is_a_dead_daemon(error):
    return isinstance(error, (ConnectionError, FileNotFoundError, EOFError, TimeoutError))


def check(engine, load, pid):
    """The engine after its return agrees with what the clients were told."""
    docker, api = engine.docker, engine.api
    listed = {one["Id"]: one for one in api("GET", "/containers/json?all=1").json()}
    assert load.created <= set(listed), f"acknowledged but gone: {load.created - set(listed)}"
    assert not load.removed & set(listed), f"removed but back: {load.removed & set(listed)}"
    for identity in listed:
        state = api("GET", f"/containers/{identity}/json").json()["State"]
        assert state["Status"] in ("created", "running", "exited"), f"half-there: {state}"
    for identity in load.started & load.created:
        until(lambda: api("GET", f"/containers/{identity}/json").json()["State"]["Status"] == "exited", f"{identity} ends", 20)
        state = api("GET", f"/containers/{identity}/json").json()["State"]
        assert state["ExitCode"] == 7, state
        assert docker("logs", identity).out == "said"
    assert int(docker("inspect", "-f", "{{.State.Pid}}", load.counter).out) == pid
    assert docker("exec", load.counter, "echo", "fine").out == "fine"


def numbers(docker, counter):
    return [int(found) for found in re.findall(r"line (\d+)", docker("logs", counter).out)]


@pytest.mark.timeout(600)
def test_kills_at_random_instants_lose_nothing_that_was_acknowledged(fresh_engine):
    engine = fresh_engine()
    docker = engine.docker
    # The default network comes to the host with its first container, and stays.
    docker("run", "--rm", "busybox", "true")
    before = leaks.baseline(engine)
    counter = docker("run", "-d", "--log-opt", "max-size=100m", "busybox", "sh", "-c", COUNTING).out
    pid = int(docker("inspect", "-f", "{{.State.Pid}}", counter).out)
    instants = random.Random(4)
    for _ in range(KILLS):
        with Load(engine, counter) as load:
            time.sleep(instants.uniform(0.01, 0.4))
            engine.kill()
        assert load.problems == []
        engine.start()
        check(engine, load, pid)
        for identity in load.created | load.unsure:
            engine.api("DELETE", f"/containers/{identity}?force=1", timeout=60)
    lines = numbers(docker, counter)
    assert lines == list(range(1, len(lines) + 1)) and len(lines) > 100
    for one in engine.api("GET", "/containers/json?all=1").json():
        docker("rm", "-f", one["Id"])
    _ignore_what_a_new_process_has(before, engine)
    leaks.assert_nothing_left(engine, before)


def _ignore_what_a_new_process_has(before, engine):
    """The daemon is another process now, with descriptors of its own; everything else must be as it was."""
    before["open files of the daemon"] = leaks.count(engine)["open files of the daemon"]


def test_kills_while_images_load_leave_no_half_image(fresh_engine, tmp_path):
    engine = fresh_engine()
    layers = [tar_of(lambda archive, n=n: regular(archive, f"file{n}", bytes([n]) * 3_000_000)) for n in range(4)]
    (tmp_path / "image.tar").write_bytes(docker_archive(layers, tags=("crash:1",)))
    engine.docker("load", "-i", tmp_path / "image.tar")
    engine.docker("rmi", "crash:1")
    before = leaks.baseline(engine)
    instants = random.Random(5)
    for _ in range(15):
        client = engine.docker.start("load", "-i", tmp_path / "image.tar")
        time.sleep(instants.uniform(0, 0.15))
        engine.kill()
        acknowledged = b"Loaded image" in client.communicate(timeout=30)[0]
        engine.start()
        there = engine.docker("images", "-q", "crash").out != ""
        assert there or not acknowledged
        if there:
            assert engine.docker("save", "crash:1").stdout
            engine.docker("rmi", "crash:1")
        _ignore_what_a_new_process_has(before, engine)
        leaks.assert_nothing_left(engine, before)
