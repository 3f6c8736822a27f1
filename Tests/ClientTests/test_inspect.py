# SPDX-License-Identifier: Apache-2.0
"""What the engine says about containers: inspect and ps, their formats and filters."""
import json
import re

import pytest
from support.images import import_busybox
from support.waiting import until


def inspect(docker, identity):
    return json.loads(docker("inspect", identity).out)[0]


def test_inspect_gives_back_what_was_asked_for(docker, name, tmp_path):
    flags = ("-e", "A=1", "-w", "/etc", "-u", "1000:1001", "--hostname", "box", "--label", "l=v", "-v", f"{tmp_path}:/b:ro", "--tmpfs", "/t:size=1m")
    flags += ("--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", "--cap-add", "NET_ADMIN", "--cap-drop", "CHOWN", "--read-only", "--network", "none")
    flags += ("--restart", "on-failure:2", "--ulimit", "nofile=100:200", "--security-opt", "no-new-privileges", "--shm-size", "32m")
    docker("create", "--name", name, *flags, "--entrypoint", "/bin/sh", "busybox", "-c", "true")
    found = inspect(docker, name)
    config, host = found["Config"], found["HostConfig"]
    assert found["Name"] == f"/{name}" and found["Path"] == "/bin/sh" and found["Args"] == ["-c", "true"]
    assert "A=1" in config["Env"] and config["WorkingDir"] == "/etc" and config["User"] == "1000:1001"
    assert config["Hostname"] == "box" and config["Labels"] == {"l": "v"} and config["Image"] == "busybox"
    assert config["Entrypoint"] == ["/bin/sh"] and config["Cmd"] == ["-c", "true"]
    assert host["Binds"] == [f"{tmp_path}:/b:ro"] and host["Tmpfs"] == {"/t": "size=1m"}
    assert host["Memory"] == 64 << 20 and host["NanoCpus"] == 500_000_000 and host["PidsLimit"] == 50
    assert [name.removeprefix("CAP_") for name in host["CapAdd"]] == ["NET_ADMIN"]
    assert [name.removeprefix("CAP_") for name in host["CapDrop"]] == ["CHOWN"]
    assert host["ReadonlyRootfs"] is True and host["NetworkMode"] == "none" and host["ShmSize"] == 32 << 20
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 2}
    assert host["Ulimits"] == [{"Name": "nofile", "Hard": 200, "Soft": 100}] and host["SecurityOpt"] == ["no-new-privileges"]
    assert [(m["Type"], m["Source"], m["Destination"], m["RW"]) for m in found["Mounts"]] == [("bind", str(tmp_path), "/b", False)]


def test_the_state_follows_the_life(docker, run):
    identity = docker("create", "busybox", "sh", "-c", "exit 3").out
    state = inspect(docker, identity)["State"]
    assert (state["Status"], state["Pid"], state["Running"], state["StartedAt"]) == ("created", 0, False, "0001-01-01T00:00:00Z")
    docker("start", "-a", identity, code=3)
    state = inspect(docker, identity)["State"]
    assert (state["Status"], state["Pid"], state["Running"], state["ExitCode"]) == ("exited", 0, False, 3)
    assert re.match(r"20\d\d-\d\d-\d\dT", state["StartedAt"]) and state["StartedAt"] < state["FinishedAt"]
    running = inspect(docker, run())["State"]
    assert running["Status"] == "running" and running["Pid"] > 1 and running["FinishedAt"] == "0001-01-01T00:00:00Z"


def test_defaults_are_dockers(docker):
    found = inspect(docker, docker("create", "busybox").out)
    host = found["HostConfig"]
    assert host["NetworkMode"] in ("default", "bridge") and host["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}
    assert host["LogConfig"]["Type"] == "json-file" and host["ShmSize"] == 64 << 20 and host["IpcMode"] == "private"
    assert host["CapAdd"] is None and host["Privileged"] is False and "/proc/kcore" in host["MaskedPaths"]
    assert found["RestartCount"] == 0 and found["Driver"].startswith("overlay") and found["Platform"] == "linux"
    assert found["Image"].startswith("sha256:") and re.fullmatch(r"[0-9a-f]{64}", found["Id"])


def test_inspect_formats_with_templates(docker, run, name):
    run("--name", name, "-e", "A=1")
    assert docker("inspect", "-f", "{{.State.Running}} {{len .Config.Env}} {{json .Config.Cmd}} {{.Name | printf \"%q\"}}", name).out == f'true 2 ["sleep","1000"] "/{name}"'


def test_inspect_of_several_and_of_types(docker, name):
    docker("create", "--name", name, "busybox")
    kinds = json.loads(docker("inspect", name, "busybox").out)
    assert [("State" in one, "RootFS" in one) for one in kinds] == [(True, False), (False, True)]
    assert docker("inspect", "--type", "image", name, code=1)


def test_inspect_with_size_counts_what_was_written(docker, name):
    docker("run", "--name", name, "busybox", "sh", "-c", "head -c 100000 /dev/zero > /file")
    found = json.loads(docker("inspect", "--size", name).out)[0]
    assert 100_000 <= found["SizeRw"] < 200_000 and found["SizeRootFs"] > 1_000_000


def test_ps_shows_running_ones_and_all_on_demand(docker, run, name):
    run("--name", name)
    docker("create", "--name", f"{name}-created", "busybox")
    assert docker("ps", "--format", "{{.Names}}").lines == [name]
    assert set(docker("ps", "-a", "--format", "{{.Names}}").lines) == {name, f"{name}-created"}


def test_the_columns_of_ps(docker, run, name):
    identity = run("--name", name)
    header, row = docker("ps").lines
    assert header.split() == ["CONTAINER", "ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]
    assert row.startswith(identity[:12]) and '"sleep 1000"' in row and "Up " in row and row.endswith(name)


def test_ps_formats(docker, run, name):
    identity = run("--name", name, "--label", "a=b", "--label", "c=d")
    out = docker("ps", "--no-trunc", "--format", '{{.ID}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Label "a"}}|{{.Networks}}').out
    assert out == f'{identity}|busybox:latest|"sleep 1000"|running|b|bridge'
    shown = json.loads(docker("ps", "--format", "json").out)
    assert shown["Names"] == name and shown["ID"] == identity[:12]


def test_the_newest_comes_first_and_last_limits(docker):
    names = [docker("create", "busybox").out for _ in range(4)]
    assert docker("ps", "-aq", "--no-trunc").lines == names[::-1]
    assert docker("ps", "-q", "--no-trunc", "-n", "2").lines == names[:1:-1]
    assert docker("ps", "-lq", "--no-trunc").lines == names[-1:]


@pytest.fixture
def zoo(docker, run, name):
    """Containers in every state, by state."""
    ids = {"running": run("--label", "kind=cat", "--name", f"{name}-cat"), "created": docker("create", "--label", "kind=dog", "busybox").out}
    ids["exited"] = run("--label", "kind", command=("sh", "-c", "exit 7"))
    ids["paused"] = run()
    docker("wait", ids["exited"])
    docker("pause", ids["paused"])
    return ids


@pytest.mark.parametrize(
    "filters, expected",
    [
        (["status=running"], ["running"]),
        (["status=exited"], ["exited"]),
        (["status=paused"], ["paused"]),
        (["status=created", "status=exited"], ["created", "exited"]),
        (["exited=7"], ["exited"]),
        (["label=kind"], ["running", "created", "exited"]),
        (["label=kind=cat"], ["running"]),
        (["label=kind", "status=running"], ["running"]),
        (["name=-cat"], ["running"]),
        (["name=^/?test-\\d+-cat$"], ["running"]),
        (["ancestor=busybox"], ["running", "created", "exited", "paused"]),
        (["ancestor=nosuch"], []),
        (["network=nosuch"], []),
    ],
)
def test_ps_filters(docker, zoo, filters, expected):
    options = [part for one in filters for part in ("--filter", one)]
    assert set(docker("ps", "-aq", "--no-trunc", *options).lines) == {zoo[state] for state in expected}


def test_ps_filters_by_neighbours_and_mounts(docker, zoo, run):
    assert docker("ps", "-aq", "--no-trunc", "--filter", f"since={zoo['exited']}").lines == [zoo["paused"]]
    assert set(docker("ps", "-aq", "--no-trunc", "--filter", f"before={zoo['exited']}").lines) == {zoo["running"], zoo["created"]}
    mounted = run("-v", "/there")
    assert docker("ps", "-q", "--no-trunc", "--filter", "volume=/there").lines == [mounted]


@pytest.mark.parametrize("bad", ["status=nonsense", "nonsense=1", "exited=x"])
def test_a_bad_filter_is_refused(docker, bad):
    assert "invalid" in docker("ps", "--filter", bad, code=1).err.lower() or "strconv" in docker("ps", "--filter", bad, code=1).err


def test_the_status_column_says_how_it_ended(docker, zoo):
    rows = dict(line.split("|") for line in docker("ps", "-a", "--no-trunc", "--format", "{{.ID}}|{{.Status}}").lines)
    assert rows[zoo["created"]] == "Created" and rows[zoo["paused"]].endswith("(Paused)")
    assert re.match(r"Exited \(7\) (Less than a second|\d+ seconds?|About a minute) ago", rows[zoo["exited"]])
    assert re.match(r"Up (Less than a second|\d+ seconds?|About a minute)", rows[zoo["running"]])


def test_ps_size(docker, name):
    docker("run", "--name", name, "busybox", "sh", "-c", "head -c 50000 /dev/zero > /file")
    assert re.match(r"(50|5\d\.\d?)kB \(virtual", docker("ps", "-as", "--format", "{{.Size}}").out) or "kB (virtual" in docker("ps", "-as", "--format", "{{.Size}}").out


def test_the_image_column_of_a_container_whose_tag_moved_is_the_id(docker, name):
    import_busybox(docker, f"{name}:1")
    docker("create", "--name", name, f"{name}:1")
    identity = docker("images", "-q", f"{name}:1").out
    docker("rmi", "-f", f"{name}:1")
    assert docker("ps", "-a", "--filter", f"name={name}", "--format", "{{.Image}}").out in (identity, f"{name}:1")
    docker("rm", name)
    docker("rmi", "-f", identity, code=None)


def test_the_list_is_right_while_containers_come_and_go(docker, api):
    clients = [docker.start("run", "--rm", "busybox", "true") for _ in range(6)]
    while any(client.poll() is None for client in clients):
        answer = api("GET", "/containers/json?all=1")
        assert answer.status == 200
        assert all(one["Id"] and one["Names"] and one["State"] for one in answer.json())
    until(lambda: api("GET", "/containers/json?all=1").json() == [], "all are gone")
