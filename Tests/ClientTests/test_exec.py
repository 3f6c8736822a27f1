# SPDX-License-Identifier: Apache-2.0
"""docker exec and the exec part of the API."""
import json

import pytest
from support.engine import KIND
from support.http import read_all, stream
from support.waiting import until

NOT_FOUND = 126 if KIND == "docker" else 127  # the reference engine is older than Docker's change to 127


@pytest.fixture
def box(run):
    return run("-e", "FROM=container", "-w", "/var")


def test_it_runs_in_the_same_namespaces(docker, box):
    names = "cgroup ipc mnt net pid user uts"
    script = f"for n in {names}; do readlink /proc/$P/ns/$n; done"
    assert docker("exec", "-e", "P=1", box, "sh", "-c", script).out == docker("exec", "-e", "P=self", box, "sh", "-c", script).out


def test_it_joins_the_containers_cgroup_and_limits(docker, box):
    first, own = docker("exec", box, "sh", "-c", "cat /proc/1/cgroup; echo; cat /proc/self/cgroup").out.split("\n\n")
    assert own == first


def test_environment_workdir_and_user(docker, box):
    out = docker("exec", "-e", "MORE=1", "-w", "/etc", "-u", "app", box, "sh", "-c", "pwd; echo $FROM $MORE $HOME; id -un")
    assert out.lines == ["/etc", "container 1 /home/app", "app"]
    assert docker("exec", box, "pwd").out == "/var"


def test_env_file(docker, box, tmp_path):
    (tmp_path / "env").write_text("X=from file\n")
    assert docker("exec", "--env-file", tmp_path / "env", box, "sh", "-c", "echo $X").out == "from file"


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_its_exit_code_comes_through(docker, box, code):
    docker("exec", box, "sh", "-c", f"exit {code}", code=code)


def test_a_killed_exec_is_137(docker, box):
    docker("exec", box, "sh", "-c", "kill -9 $$", code=137)


def test_a_missing_command_is_127_and_a_file_126(docker, box):
    result = docker("exec", box, "nosuch", code=NOT_FOUND)
    assert 'exec: "nosuch": executable file not found in $PATH' in result.err + result.out
    docker("exec", box, "/etc/passwd", code=126)


def test_a_failed_exec_leaves_the_container_alone(docker, box):
    docker("exec", box, "nosuch", code=NOT_FOUND)
    assert docker("exec", box, "echo", "fine").out == "fine"


def test_stdout_and_stderr_stay_apart(docker, box):
    result = docker("exec", box, "sh", "-c", "echo out; echo err >&2")
    assert (result.out, result.err) == ("out", "err")


def test_input_and_output_of_megabytes(docker, box):
    data = bytes(range(256)) * 20_000
    assert docker("exec", "-i", box, "cat", stdin=data).stdout == data


def test_detached_runs_on(docker, box):
    docker("exec", "-d", box, "sh", "-c", "echo made > /made")
    until(lambda: docker("exec", box, "cat", "/made", code=None).out == "made", "the detached exec writes its file")


def test_its_output_is_not_in_the_logs(docker, box):
    docker("exec", box, "echo", "not logged")
    assert docker("logs", box).out == ""


def test_the_privileges_are_the_containers(docker, box):
    show = ("grep", "-E", "CapEff|Seccomp:|NoNewPrivs", "/proc/self/status")
    assert docker("exec", box, *show).out == docker("run", "--rm", "busybox", *show).out


def test_a_stopped_container_is_refused(docker):
    identity = docker("create", "busybox").out
    assert "is not running" in docker("exec", identity, "true", code=1).err


def test_a_paused_container_is_refused(docker, box):
    docker("pause", box)
    assert "is paused" in docker("exec", box, "true", code=1).err
    docker("unpause", box)
    docker("exec", box, "true")


def test_an_unknown_user_is_an_error(docker, box):
    result = docker("exec", "-u", "ghost", box, "true", code=126)
    assert "unable to find user ghost" in result.out + result.err


def test_children_left_behind_do_not_hold_it(docker, box):
    assert docker("exec", box, "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo started", timeout=20).out == "started"


def test_it_ends_with_the_container(docker, box):
    client = docker.start("exec", box, "sh", "-c", "echo in; exec sleep 1000")
    assert client.stdout.readline() == b"in\n"
    docker("kill", box)
    assert client.wait(20) == 137


def test_many_at_once(docker, box):
    clients = [docker.start("exec", box, "sh", "-c", f"echo {n}; exit {n}") for n in range(12)]
    for number, client in enumerate(clients):
        out, _ = client.communicate(timeout=60)
        assert (out, client.returncode) == (f"{number}\n".encode(), number)


def test_inspect_tells_its_life(api, docker, box):
    made = api("POST", f"/containers/{box}/exec", {"Cmd": ["sh", "-c", "echo hi; exit 7"], "AttachStdout": True, "Env": ["A=1"]})
    assert made.status == 201
    identity = made.json()["Id"]
    before = api("GET", f"/exec/{identity}/json").json()
    assert before["Running"] is False and before["ExitCode"] is None and before["ContainerID"] == box
    assert before["ProcessConfig"]["entrypoint"] == "sh" and before["ProcessConfig"]["arguments"] == ["-c", "echo hi; exit 7"]
    status, connection, rest = api.hijack(f"/exec/{identity}/start", b'{"Detach":false,"Tty":false}')
    assert status == "HTTP/1.1 101 UPGRADED"
    with connection:
        assert stream(rest + read_all(connection), 1) == b"hi\n"
    until(lambda: api("GET", f"/exec/{identity}/json").json()["ExitCode"] == 7, "the exec's code is known")
    assert identity in (json.loads(docker("inspect", box).out)[0]["ExecIDs"] or [identity])


def test_an_exec_starts_once(api, box):
    identity = api("POST", f"/containers/{box}/exec", {"Cmd": ["true"]}).json()["Id"]
    assert api("POST", f"/exec/{identity}/start", {"Detach": True}).status in (200, 204)
    again = api("POST", f"/exec/{identity}/start", {"Detach": True})
    assert again.status in (404, 409, 500) and identity in again.message


def test_the_api_refuses_what_makes_no_sense(api, box):
    assert api("POST", "/containers/nosuch/exec", {"Cmd": ["true"]}).status == 404
    empty = api("POST", f"/containers/{box}/exec", {"Cmd": []})
    assert empty.status == 400 and "No exec command specified" in empty.message
    assert api("POST", "/exec/nosuch/start", {"Detach": True}).status == 404
    assert api("GET", "/exec/nosuch/json").status == 404


def test_a_refused_start_does_not_upgrade(api):
    status, connection, rest = api.hijack("/exec/nosuch/start", b"{}")
    with connection:
        rest += b"" if b"No such exec" in rest else connection.recv(4096)
        assert status == "HTTP/1.1 404 Not Found" and b"No such exec" in rest
