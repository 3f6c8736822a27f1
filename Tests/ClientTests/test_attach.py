# SPDX-License-Identifier: Apache-2.0
"""Attached streams without a terminal: nothing lost, nothing mixed, ends that arrive."""
import hashlib
import signal
import socket
import subprocess

import pytest
from support.http import frames, read_all, stream
from support.waiting import until


def test_stdin_is_closed_half_and_output_still_comes(docker):
    done = docker("run", "-i", "--rm", "busybox", "sh", "-c", "cat >/dev/null; echo after the end; sleep 0.2; echo and later", stdin=b"input")
    assert done.lines == ["after the end", "and later"]


def test_exec_stdin_is_closed_half_and_output_still_comes(docker, run):
    assert docker("exec", "-i", run(), "sh", "-c", "wc -c; echo done", stdin=b"12345").lines == ["5", "done"]


def test_megabytes_go_in_and_out_at_once(docker):
    data = hashlib.shake_128(b"seed").digest(20_000_000)
    done = docker("run", "-i", "--rm", "busybox", "cat", stdin=data)
    assert done.stdout == data


def test_much_output_arrives_in_order_on_both_streams(docker):
    script = "i=0; while [ $i -lt 5000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"
    done = docker("run", "--rm", "busybox", "sh", "-c", script)
    assert done.lines == [f"out {n}" for n in range(5000)]
    assert done.err.splitlines() == [f"err {n}" for n in range(5000)]


def test_the_last_words_of_a_short_process_are_never_lost(docker):
    for _ in range(10):
        assert docker("run", "--rm", "busybox", "sh", "-c", "echo first; echo last >&2").err == "last"


def test_attach_follows_from_now_on(docker, run):
    identity = run("-i", command=("sh", "-c", "echo before; while read line; do echo got $line; test $line = end && exit; done"))
    until(lambda: "before" in docker("logs", identity).out, "the first line is logged")
    follower = docker.start("attach", identity)
    follower.stdin.write(b"one\n")
    assert follower.stdout.readline() == b"got one\n"
    follower.stdin.write(b"end\n")
    assert follower.stdout.readline() == b"got end\n"
    assert follower.wait(20) == 0


def test_input_of_a_detached_container_stays_open_for_the_next_client(docker, run):
    identity = run("-i", command=("sh", "-c", "read a; echo got $a; read b; echo $a $b"))
    first = docker.start("attach", identity)
    first.stdin.write(b"one\n")
    assert first.stdout.readline() == b"got one\n"
    first.kill()
    first.wait()
    second = docker.start("attach", identity)
    second.stdin.write(b"two\n")
    assert second.stdout.readline() == b"one two\n"
    second.wait(20)


def test_attach_gives_the_workloads_code(docker, run):
    identity = run("-i", command=("sh", "-c", "read x; exit $x"))
    assert docker("attach", identity, stdin=b"11\n", code=11)


def test_attach_to_a_stopped_container_is_refused(docker):
    identity = docker("create", "busybox").out
    assert "cannot attach to a stopped container" in docker("attach", identity, code=1).err


def test_signals_go_through_to_the_workload(docker, name):
    client = docker.start("run", "--name", name, "busybox", "sh", "-c", "trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 0.02; done")
    assert client.stdout.readline() == b"ready\n"
    client.send_signal(signal.SIGUSR1)
    assert client.stdout.readline() == b"caught\n"
    assert client.wait(20) == 3


def test_stdin_is_open_until_the_first_client_goes(docker, name):
    """`docker run -i` asks for StdinOnce: the end of the client is the end of the input."""
    client = docker.start("run", "-i", "--name", name, "busybox", "sh", "-c", "echo ready; cat; echo ended")
    assert client.stdout.readline() == b"ready\n"
    client.kill()
    client.wait()
    assert docker("wait", name, timeout=20).out == "0"
    assert docker("logs", name).lines == ["ready", "ended"]


def test_a_client_that_goes_away_does_not_stop_the_workload(docker, name):
    client = docker.start("run", "--name", name, "busybox", "sh", "-c", "echo ready; i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done; echo end")
    assert client.stdout.readline() == b"ready\n"
    client.kill()
    client.wait()
    assert docker("wait", name, timeout=20).out == "0"
    assert docker("logs", "--tail", "1", name).out == "end"


def test_a_slow_reader_gets_everything(docker):
    client = docker.start("run", "--rm", "busybox", "sh", "-c", "seq 400000")
    first = client.stdout.read(1)
    with pytest.raises(subprocess.TimeoutExpired):
        client.wait(0.5)
    rest, _ = client.communicate(timeout=60)
    assert (first + rest).split() == [str(n).encode() for n in range(1, 400_001)]


def test_the_api_multiplexes_with_eight_byte_headers(api, docker):
    identity = docker("create", "busybox", "sh", "-c", "echo out; echo err >&2").out
    status, connection, rest = api.hijack(f"/v1.41/containers/{identity}/attach?stream=1&stdout=1&stderr=1")
    assert status == "HTTP/1.1 101 UPGRADED"
    docker("start", identity)
    with connection:
        data = rest + read_all(connection)
    assert stream(data, 1) == b"out\n" and stream(data, 2) == b"err\n"
    assert {number for number, _ in frames(data)} == {1, 2}


def test_attach_without_upgrade_headers_is_the_older_200(api, docker):
    identity = docker("create", "busybox", "echo", "out").out
    status, connection, rest = api.hijack(f"/v1.41/containers/{identity}/attach?stream=1&stdout=1", headers={"Upgrade": None, "Connection": None})
    assert status == "HTTP/1.1 200 OK"
    docker("start", identity)
    with connection:
        assert stream(rest + read_all(connection), 1) == b"out\n"


def test_attach_with_logs_replays_what_was_said(api, docker, run):
    identity = run(command=("echo", "earlier"))
    docker("wait", identity)
    status, connection, rest = api.hijack(f"/v1.41/containers/{identity}/attach?logs=1&stdout=1")
    with connection:
        assert stream(rest + read_all(connection), 1) == b"earlier\n"


def test_only_the_asked_streams_come(api, docker):
    identity = docker("create", "busybox", "sh", "-c", "echo out; echo err >&2").out
    _, connection, rest = api.hijack(f"/v1.41/containers/{identity}/attach?stream=1&stderr=1")
    docker("start", identity)
    with connection:
        assert frames(rest + read_all(connection)) == [(2, b"err\n")]


@pytest.mark.hull("Docker drops what its HTTP server has read ahead")
def test_input_that_comes_with_the_request_is_not_lost(api, docker):
    """Bytes in the same packet as the head belong to the hijacked stream."""
    identity = docker("create", "-i", "busybox", "cat").out
    docker("start", identity)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(15)
    connection.connect(str(api.path))
    head = f"POST /v1.41/containers/{identity}/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
    with connection:
        connection.sendall(head.encode() + b"early\n")
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert stream(answer.split(b"\r\n\r\n", 1)[1], 1) == b"early\n"
