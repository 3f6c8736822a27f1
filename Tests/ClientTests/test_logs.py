# SPDX-License-Identifier: Apache-2.0
"""docker logs and its options; the json-file format on disk."""
import glob
import json
import os
import re
import time
from datetime import datetime, timezone

import pytest
from support.waiting import until

COUNT = "i=1; while [ $i -le %d ]; do echo line $i; i=$((i+1)); done"


@pytest.fixture
def ended(docker, run):
    """A container that said ten lines on stdout and one on stderr."""
    identity = run(command=("sh", "-c", COUNT % 10 + "; echo problem >&2"))
    docker("wait", identity)
    return identity


def test_both_streams_come_back_apart(docker, ended):
    result = docker("logs", ended)
    assert result.lines == [f"line {n}" for n in range(1, 11)] and result.err == "problem"


@pytest.mark.parametrize("tail, expected", [("0", 0), ("3", 3), ("all", 11), ("100", 11), ("-1", 11)])
def test_tail_gives_the_last_lines(docker, ended, tail, expected):
    result = docker("logs", "--tail", tail, ended)
    assert len(result.lines) + len(result.err.splitlines()) == expected


def test_timestamps_are_rfc3339_with_nanoseconds(docker, ended):
    for line in docker("logs", "--timestamps", ended).lines:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line \d+", line)


def test_since_and_until_cut_by_time(docker, run):
    identity = run(command=("sh", "-c", "echo early; while ! test -e /go; do sleep 0.02; done; echo late; sleep 1000"))
    until(lambda: docker("logs", identity).out == "early", "the first line is logged")
    time.sleep(0.01)
    middle = datetime.now(timezone.utc)
    time.sleep(0.01)
    docker("exec", identity, "touch", "/go")
    until(lambda: "late" in docker("logs", identity).out, "the second line is logged")
    for moment in (middle.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z", f"{middle.timestamp():.6f}"):
        assert docker("logs", "--since", moment, identity).out == "late"
        assert docker("logs", "--until", moment, identity).out == "early"
    assert docker("logs", "--since", "1h", identity).lines == ["early", "late"]


def test_follow_ends_with_the_container(docker, run):
    identity = run("-i", command=("sh", "-c", "echo one; read x; echo two"))
    follower = docker.start("logs", "-f", identity)
    assert follower.stdout.readline() == b"one\n"
    docker("attach", identity, stdin=b"\n", code=None)
    assert follower.communicate(timeout=20)[0] == b"two\n"
    assert follower.returncode == 0


def test_follow_with_tail_starts_there(docker, run):
    identity = run("-i", command=("sh", "-c", COUNT % 5 + "; read x; echo end"))
    until(lambda: "line 5" in docker("logs", identity).out, "five lines are logged")
    follower = docker.start("logs", "-f", "--tail", "1", identity)
    assert follower.stdout.readline() == b"line 5\n"
    docker("attach", identity, stdin=b"\n", code=None)
    assert follower.communicate(timeout=20)[0] == b"end\n"


def test_follow_of_an_ended_container_returns(docker, ended):
    assert len(docker("logs", "-f", ended, timeout=20).lines) == 10


def test_follow_sees_every_line_of_a_busy_container(docker, name):
    docker("create", "--name", name, "busybox", "sh", "-c", COUNT % 3000)
    docker("start", name)
    assert docker("logs", "-f", name, timeout=30).lines == [f"line {n}" for n in range(1, 3001)]


def test_long_lines_come_back_whole(docker, run):
    identity = run(command=("sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo; echo short"))
    docker("wait", identity)
    assert docker("logs", identity).lines == ["x" * 100_000, "short"]


def test_a_line_without_an_end_is_logged_as_it_is(docker, run):
    identity = run(command=("printf", "no newline"))
    docker("wait", identity)
    assert docker("logs", identity).stdout == b"no newline"


def test_bytes_that_are_no_text_become_replacement_characters(docker, run):
    identity = run(command=("printf", r"a\377\000b\n"))
    docker("wait", identity)
    assert docker("logs", identity).stdout == "a\ufffd\0b\n".encode()


def test_a_terminals_log_is_raw(docker, run):
    identity = run("-t", command=("echo", "hi"))
    docker("wait", identity)
    assert docker("logs", identity).stdout == b"hi\r\n"


def test_logs_of_a_created_container_are_empty(docker):
    identity = docker("create", "busybox").out
    assert docker("logs", identity).stdout == b""


def test_who_reads_the_log_right_after_the_start_gets_what_a_short_command_says(api, docker):
    """Docker's own start takes so long that clients rely on it: docker's SDK among them."""
    for _ in range(20):
        identity = docker("create", "busybox", "ls", "-a").out
        api("POST", f"/containers/{identity}/start")
        assert b"bin" in api("GET", f"/containers/{identity}/logs?stdout=1").body


def test_the_log_of_what_goes_on_comes_at_once(api, docker, run):
    identity = run(command=("sh", "-c", "echo begun; exec sleep 1000"))
    begun = time.monotonic()
    assert docker("logs", identity).out == "begun"
    assert time.monotonic() - begun < 5


def test_logs_stay_over_a_restart(docker, run):
    identity = run(command=("echo", "said"))
    docker("wait", identity)
    docker("start", identity)
    docker("wait", identity)
    assert docker("logs", identity).lines == ["said", "said"]


def test_the_file_on_disk_is_dockers_json_file(docker, ended):
    path = docker("inspect", "-f", "{{.LogPath}}", ended).out
    entries = [json.loads(line) for line in open(path)]
    assert len(entries) == 11 and all(list(entry) == ["log", "stream", "time"] for entry in entries)
    assert entries[0]["log"] == "line 1\n" and entries[-1] == entries[-1] | {"log": "problem\n", "stream": "stderr"}


def test_max_size_and_max_file_rotate(docker, run):
    identity = run("--log-opt", "max-size=10k", "--log-opt", "max-file=3", command=("sh", "-c", COUNT % 2000))
    docker("wait", identity)
    path = docker("inspect", "-f", "{{.LogPath}}", identity).out
    files = glob.glob(path + "*")
    assert len(files) == 3 and all(os.path.getsize(file) < 12_000 for file in files)
    lines = docker("logs", identity).lines
    assert lines[-1] == "line 2000" and 100 < len(lines) < 1000
    assert lines == [f"line {n}" for n in range(2001 - len(lines), 2001)]
    assert docker("logs", "--tail", "300", identity).lines == [f"line {n}" for n in range(1701, 2001)]


def test_the_none_driver_keeps_nothing(docker, run):
    identity = run("--log-driver", "none", command=("echo", "unheard"))
    docker("wait", identity)
    assert "does not support reading" in docker("logs", identity, code=1).err


def test_an_unknown_driver_is_refused(docker):
    assert "nonsense" in docker("run", "--rm", "--log-driver", "nonsense", "busybox", "true", code=125).err


def test_logs_of_nothing_names_it(docker):
    assert "No such container: nosuch" in docker("logs", "nosuch", code=1).err


def test_details_are_accepted(docker, ended):
    assert len(docker("logs", "--details", ended).lines) == 10


def test_the_api_wants_a_stream_to_be_chosen(api, ended):
    answer = api("GET", f"/containers/{ended}/logs")
    assert answer.status == 400 and "you must choose at least one stream" in answer.message.lower()
