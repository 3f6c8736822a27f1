# SPDX-License-Identifier: Apache-2.0
"""The daemon dies and comes back: workloads, logs, codes and clients go on."""
import json
import os
import signal
import subprocess

import pytest
from support import processes
from support.engine import KIND
from support.waiting import until

OPTIONS = ("--live-restore",) if KIND == "docker" else ()
COUNTING = "i=1; while :; do echo line $i; i=$((i+1)); sleep 0.01; done"


@pytest.fixture
def engine(fresh_engine):
    return fresh_engine(*OPTIONS)


@pytest.fixture(params=["stopped"] if KIND == "docker" else ["killed", "stopped"])  # Debian's dockerd does not find its containerd again after a kill
def interrupt(request, engine):
    """Ends the daemon by SIGKILL or SIGTERM; interrupt(between) does something while it is away and starts it again."""

    def act(between=lambda: None):
        engine.kill() if request.param == "killed" else engine.stop()
        between()
        engine.start()

    return act


def pid_of(docker, identity):
    return int(docker("inspect", "-f", "{{.State.Pid}}", identity).out)


def test_a_running_container_goes_on_as_if_nothing_had_happened(engine, docker, interrupt):
    identity = docker("run", "-d", "--name", "box", "--label", "a=b", "busybox", "sh", "-c", COUNTING).out
    pid, before = pid_of(docker, identity), docker("inspect", identity).out
    interrupt(lambda: _still_running(pid))
    assert pid_of(docker, identity) == pid and processes.alive(pid)
    assert docker("ps", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}").out == f"{identity} box running"
    assert docker("exec", "box", "echo", "inside").out == "inside"
    said = len(docker("logs", identity).lines)
    until(lambda: len(docker("logs", identity).lines) > said, "the log goes on")
    lines = docker("logs", identity).lines
    assert lines == [f"line {n}" for n in range(1, len(lines) + 1)]
    assert _without_changes(docker("inspect", identity).out) == _without_changes(before)
    docker("stop", "-t", "0", identity)
    assert docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", identity).out == "exited 137"


def _still_running(pid):
    assert processes.alive(pid), "the workload ended with the daemon"


def _without_changes(text):
    found = json.loads(text)[0]
    found["NetworkSettings"] = found["ExecIDs"] = None
    return found


def test_an_exit_that_happened_in_between_is_known(engine, docker, interrupt, tmp_path):
    identity = docker("run", "-d", "-v", f"{tmp_path}:/signal", "busybox", "sh", "-c", "while ! test -e /signal/go; do sleep 0.02; done; echo bye; exit 23").out
    pid = pid_of(docker, identity)

    def finish():
        (tmp_path / "go").touch()
        until(lambda: not processes.alive(pid), "the workload ends")

    interrupt(finish)
    until(lambda: docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", identity).out == "exited 23", "the exit is known")
    if KIND != "docker":
        assert docker("logs", identity).out == "bye"
    assert docker("wait", identity).out == "23"
    assert docker("start", identity).out == identity


def test_wait_and_stdin_work_after_it(engine, docker, interrupt):
    identity = docker("run", "-d", "-i", "busybox", "sh", "-c", "read x; exit $x").out
    interrupt()
    waiter = docker.start("wait", identity)
    docker("attach", identity, stdin=b"9\n", code=None)
    assert waiter.communicate(timeout=20)[0] == b"9\n"


def test_everything_that_was_there_is_there_again(engine, docker, interrupt):
    docker("create", "--name", "created", "busybox")
    docker("run", "--name", "exited", "busybox", "sh", "-c", "exit 3", code=3)
    docker("tag", "busybox", "kept:1")
    docker("run", "-d", "--name", "paused", "busybox", "sleep", "1000")
    docker("pause", "paused")
    before = docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}} {{.Image}}").out
    images = sorted(docker("images", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}").lines)
    interrupt()
    assert docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}} {{.Image}}").out == before
    assert sorted(docker("images", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}").lines) == images
    docker("unpause", "paused")
    assert docker("inspect", "-f", "{{.State.ExitCode}}", "exited").out == "3"


def test_auto_remove_and_restart_policies_are_caught_up_with(engine, docker, interrupt, tmp_path):
    wait = "while ! test -e /signal/go; do sleep 0.02; done; exit 1"
    removed = docker("run", "-d", "--rm", "-v", f"{tmp_path}:/signal", "busybox", "sh", "-c", wait).out
    again = docker("run", "-d", "--restart", "on-failure:1", "-v", f"{tmp_path}:/signal", "busybox", "sh", "-c", wait).out
    pids = [pid_of(docker, identity) for identity in (removed, again)]

    def finish():
        (tmp_path / "go").touch()
        until(lambda: not any(map(processes.alive, pids)), "both workloads end")

    interrupt(finish)
    until(lambda: removed not in docker("ps", "-aq", "--no-trunc").lines, "the first is removed")
    until(lambda: docker("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", again).out == "exited 1", "the second was started once more")


@pytest.mark.hull("the client's exec lives in the shim")
def test_a_detached_exec_survives(engine, docker):
    identity = docker("run", "-d", "busybox", "sleep", "1000").out
    docker("exec", "-d", identity, "sh", "-c", "while ! test -e /go; do sleep 0.02; done; touch /done")
    engine.kill()
    engine.start()
    docker("exec", identity, "touch", "/go")
    until(lambda: docker("exec", identity, "test", "-e", "/done", code=None).code == 0, "the exec of before goes on")


@pytest.mark.hull("it is its own lock")
def test_a_second_daemon_on_the_same_root_is_refused(engine):
    done = subprocess.run([*engine.host.enter, *engine.command()], capture_output=True, timeout=20, text=True)
    assert done.returncode != 0 and done.stderr
    assert engine.api("GET", "/_ping").status == 200


@pytest.mark.hull("two engines side by side need nothing but folders of their own")
def test_two_engines_do_not_see_each_other(engine, fresh_engine):
    other = fresh_engine()
    identity = engine.docker("run", "-d", "--name", "same", "busybox", "sleep", "1000").out
    assert other.docker("run", "-d", "--name", "same", "busybox", "sleep", "1000").out != identity
    other.docker("rm", "-f", "same")
    assert engine.docker("inspect", "-f", "{{.State.Running}}", "same").out == "true"


@pytest.mark.hull("a shim is one workload's supervisor")
def test_a_killed_shim_takes_its_workload_along_and_is_told(engine, docker):
    identity = docker("run", "-d", "busybox", "sleep", "1000").out
    pid = pid_of(docker, identity)
    shim = processes.parent(pid)
    assert "hull-shim" in processes.command_line(shim)
    os.kill(shim, signal.SIGKILL)
    until(lambda: docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", identity).out == "exited 137", "the end is told")
    assert not processes.alive(pid)
    assert docker("start", identity).out == identity
    docker("rm", "-f", identity)
    assert not [one for one in engine.owned() if one != engine.pid]
