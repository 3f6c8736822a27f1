# SPDX-License-Identifier: Apache-2.0
"""A container's life: start, stop, kill, pause, restart, wait, rename, remove, top."""
import os
import re
import time

import pytest
from support import processes
from support.waiting import until

TRAP = "trap 'echo bye; exit 5' %s; echo ready; while :; do sleep 0.02; done"


@pytest.fixture
def trapping(docker, run):
    """trapping(signal) is a running container that says bye and ends with 5 on that signal."""

    def start(signal, *flags):
        identity = run(*flags, command=("sh", "-c", TRAP % signal))
        until(lambda: "ready" in docker("logs", identity).out, "the trap is set")
        return identity

    return start


def state(docker, identity, field="Status"):
    return docker("inspect", "-f", "{{.State.%s}}" % field, identity).out


def test_stop_sends_term_and_keeps_the_code(docker, trapping):
    identity = trapping("TERM")
    assert docker("stop", identity).out == identity
    assert (state(docker, identity), state(docker, identity, "ExitCode")) == ("exited", "5")
    assert docker("logs", identity).lines == ["ready", "bye"]


def test_stop_kills_after_the_timeout(docker, run):
    identity = run(command=("sh", "-c", "trap '' TERM; while :; do sleep 0.02; done"))
    begin = time.monotonic()
    docker("stop", "-t", "1", identity)
    assert 0.9 < time.monotonic() - begin < 8
    assert state(docker, identity, "ExitCode") == "137"


def test_stop_uses_the_configured_signal_or_the_given_one(docker, trapping):
    identity = trapping("USR2", "--stop-signal", "SIGUSR2")
    docker("stop", identity)
    assert state(docker, identity, "ExitCode") == "5"


@pytest.mark.modern("stop takes a signal")
def test_stop_with_a_signal_of_its_own(docker, trapping):
    identity = trapping("HUP")
    docker("stop", "-s", "HUP", identity)
    assert state(docker, identity, "ExitCode") == "5"


def test_stopping_a_stopped_container_is_no_error(docker, run):
    identity = run(command=("true",))
    docker("wait", identity)
    assert docker("stop", identity).out == identity


@pytest.mark.parametrize("signal", ["INT", "SIGINT", "2"])
def test_kill_takes_every_spelling_of_a_signal(docker, trapping, signal):
    identity = trapping("INT")
    docker("kill", "-s", signal, identity)
    assert docker("wait", identity).out == "5"


def test_kill_refuses_nonsense_and_stopped_containers(docker, run):
    identity = run()
    assert "nvalid signal: NONSENSE" in docker("kill", "-s", "NONSENSE", identity, code=1).err
    docker("kill", identity)
    docker("wait", identity)
    assert "is not running" in docker("kill", identity, code=1).err


def test_restart_gives_a_new_process_and_keeps_the_files(docker, run):
    identity = run(command=("sh", "-c", "echo x >> /count; wc -l < /count; exec sleep 1000"))
    pid, started = state(docker, identity, "Pid"), state(docker, identity, "StartedAt")
    until(lambda: docker("logs", identity).lines == ["1"], "the first start counted")
    docker("restart", "-t", "0", identity)
    until(lambda: docker("logs", identity).lines == ["1", "2"], "the second start counted")
    assert state(docker, identity, "Pid") != pid and state(docker, identity, "StartedAt") > started


def test_start_of_a_running_container_is_no_error(docker, api, run):
    identity = run()
    assert docker("start", identity).out == identity
    assert api("POST", f"/containers/{identity}/start").status == 304
    assert api("POST", f"/containers/{identity}/stop?t=0").status == 204
    assert api("POST", f"/containers/{identity}/stop?t=0").status == 304


def test_pause_freezes_and_unpause_thaws(docker, run):
    identity = run(command=("sh", "-c", "while :; do echo x; sleep 0.01; done"))
    docker("pause", identity)
    assert state(docker, identity) == "paused" and "(Paused)" in docker("ps", "--filter", f"id={identity}").out
    quiet = len(docker("logs", identity).lines)
    time.sleep(0.15)
    assert len(docker("logs", identity).lines) == quiet
    assert "already paused" in docker("pause", identity, code=1).err
    docker("unpause", identity)
    until(lambda: len(docker("logs", identity).lines) > quiet, "it goes on")
    assert "is not paused" in docker("unpause", identity, code=1).err


def test_a_paused_container_can_be_stopped_and_removed(docker, run):
    identity = run()
    docker("pause", identity)
    docker("rm", "-f", identity)
    assert docker("ps", "-aq", "--no-trunc").out.find(identity) < 0


def test_wait_returns_at_the_end_and_at_once_after_it(docker, run):
    identity = run("-i", command=("sh", "-c", "read x; exit 8"))
    waiter = docker.start("wait", identity)
    docker("attach", identity, stdin=b"\n", code=8)
    assert waiter.communicate(timeout=20)[0] == b"8\n"
    assert docker("wait", identity).out == "8"


@pytest.mark.parametrize("condition", ["not-running", "next-exit", "removed"])
def test_wait_knows_three_conditions(api, docker, condition):
    identity = docker("create", "--rm" if condition == "removed" else "-i", "busybox", "sh", "-c", "exit 6").out
    connection, answer = api.open("POST", f"/containers/{identity}/wait?condition={condition}") if condition != "not-running" else (None, None)
    docker("start", identity)
    if answer is None:
        connection, answer = api.open("POST", f"/containers/{identity}/wait?condition={condition}")
    assert answer.status == 200
    assert b'"StatusCode":6' in answer.read().replace(b" ", b"")
    connection.close()


def test_wait_of_nothing_is_404(api):
    answer = api("POST", "/containers/nosuch/wait")
    assert answer.status == 404 and answer.message == "No such container: nosuch"


def test_rename_moves_the_name(docker, run, name):
    identity = run("--name", name)
    docker("rename", name, f"{name}-new")
    assert docker("inspect", "-f", "{{.Name}}", identity).out == f"/{name}-new"
    run("--name", name)
    assert "already in use" in docker("rename", f"{name}-new", name, code=1).err
    assert docker("rename", name, "a b", code=1).err


def test_a_running_container_is_removed_only_by_force(docker, run):
    identity = run()
    error = docker("rm", identity, code=1).err
    assert "container is running" in error or "cannot remove" in error.lower()
    docker("rm", "-f", identity)
    assert "No such container" in docker("rm", identity, code=1).err


def test_rm_of_several_goes_on_after_an_error(docker):
    first, second = docker("create", "busybox").out, docker("create", "busybox").out
    result = docker("rm", first, "nosuch", second, code=1)
    assert result.lines == [first, second] and "No such container: nosuch" in result.err


def test_rm_volumes_removes_anonymous_ones(docker, run, engine):
    identity = run("-v", "/data", command=("sh", "-c", "echo x > /data/x"))
    docker("wait", identity)
    source = docker("inspect", "-f", "{{(index .Mounts 0).Source}}", identity).out
    assert os.path.exists(source + "/x")
    docker("rm", "-v", identity)
    assert not os.path.exists(source)


def test_prune_removes_what_is_stopped(docker, run):
    running, stopped = run(), docker("create", "busybox").out
    assert stopped in docker("container", "prune", "-f").out
    assert docker("inspect", "-f", "{{.Id}}", running).out == running
    assert docker("inspect", stopped, code=1)


def test_top_shows_the_processes(docker, run):
    identity = run(command=("sh", "-c", "sleep 1001 & exec sleep 1002"))
    until(lambda: "sleep 1001" in docker("top", identity).out, "both run")
    rows = docker("top", identity).lines
    assert rows[0].split()[:2] == ["UID", "PID"] and len(rows) == 3
    assert re.search(r"\b" + state(docker, identity, "Pid") + r"\b.*sleep 1002", docker("top", identity, "-o", "pid,args").out)
    assert "is not running" in docker("top", docker("create", "busybox").out, code=1).err


def test_process_one_takes_the_others_along(docker, run):
    identity = run(command=("sh", "-c", "sleep 1003 & sleep 1004 & echo started"))
    docker("wait", identity)
    assert not [pid for pid in processes.pids() if processes.command_line(pid) in ("sleep 1003", "sleep 1004")]


def test_a_container_can_be_started_many_times(docker):
    identity = docker("create", "busybox", "sh", "-c", "echo x >> /runs; cat /runs | wc -l").out
    assert [docker("start", "-a", identity).out for _ in range(4)] == ["1", "2", "3", "4"]


def test_the_shortest_unique_beginning_of_an_id_is_enough(docker, run):
    identity = run()
    assert docker("inspect", "-f", "{{.Id}}", identity[:10]).out == identity


@pytest.mark.parametrize("policy", ["always", "unless-stopped", "on-failure:3"])
def test_restart_policies_start_again(docker, run, policy):
    identity = run("--restart", policy, command=("sh", "-c", "echo run >> /runs; exit 1"))
    until(lambda: int(docker("inspect", "-f", "{{.RestartCount}}", identity).out) >= 2, "it was started again twice", 20)
    if policy.startswith("on-failure"):
        until(lambda: docker("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", identity).out == "exited 3", "it gave up after three", 20)
    docker("rm", "-f", identity)


def test_on_failure_leaves_success_alone(docker, run):
    identity = run("--restart", "on-failure", command=("true",))
    docker("wait", identity)
    assert docker("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", identity).out == "0 exited"


def test_a_stopped_container_stays_stopped_whatever_its_policy(docker, run):
    identity = run("--restart", "always")
    docker("stop", "-t", "0", identity)
    assert state(docker, identity) == "exited"


def test_no_restart_with_rm(docker):
    assert "onflicting options" in docker("run", "--rm", "--restart", "always", "busybox", code=125).err
