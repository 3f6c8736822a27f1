# SPDX-License-Identifier: Apache-2.0
"""hull-runtime under other managers, and other runtimes under hulld."""
import json
import os
import shutil
import subprocess

import pytest
from support import processes
from support.engine import BINARIES, KIND
from support.images import busybox_tar
from support.terminal import Terminal
from support.waiting import until

RUNTIME = os.environ.get("HULL_TEST_RUNTIME", str(BINARIES / "hull-runtime"))


def run_tool(*arguments, code=0, stdin=b"", timeout=60):
    done = subprocess.run([str(part) for part in arguments], input=stdin, capture_output=True, timeout=timeout)
    if code is not None:
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout.decode()}\n{done.stderr.decode()}"
    return done


@pytest.fixture(scope="module")
def podman(tmp_path_factory):
    """podman(*arguments) with storage of its own and hull-runtime as its runtime."""
    if not shutil.which("podman"):
        pytest.skip("podman is not installed")
    folder = tmp_path_factory.mktemp("podman")
    base = ["podman", "--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", RUNTIME]
    base += ["--events-backend", "none"]

    def call(*arguments, **options):
        return run_tool(*base, *arguments, **options)

    call("import", "--change", 'CMD ["sh"]', "-", "busybox", stdin=busybox_tar())
    yield call
    call("rm", "-af", "-t", "0", code=None)
    subprocess.run(["umount", "-l", folder / "root"], capture_output=True)


def test_podman_runs_a_container(podman):
    """The issue's sixth line."""
    assert podman("run", "--rm", "--network", "none", "busybox", "echo", "from podman").stdout == b"from podman\n"


def test_podman_gets_the_exit_code(podman):
    podman("run", "--rm", "--network", "none", "busybox", "sh", "-c", "exit 9", code=9)


def test_podman_gets_127_for_a_missing_command(podman):
    assert podman("run", "--rm", "--network", "none", "busybox", "nosuch", code=127)


def test_podman_stdin_exec_logs_stop_and_rm(podman):
    assert podman("run", "-i", "--rm", "--network", "none", "busybox", "cat", stdin=b"in").stdout == b"in"
    podman("run", "-d", "--name", "box", "--network", "none", "busybox", "sh", "-c", "echo started; exec sleep 1000")
    until(lambda: podman("logs", "box").stdout == b"started\n", "the line is logged")
    assert podman("exec", "box", "echo", "inside").stdout == b"inside\n"
    podman("exec", "box", "sh", "-c", "exit 6", code=6)
    podman("stop", "-t", "1", "box")
    assert podman("inspect", "box", "--format", "{{.State.Status}} {{.State.ExitCode}}").stdout.split()[0] == b"exited"
    podman("rm", "box")


def test_podman_limits_and_users(podman):
    out = podman("run", "--rm", "--network", "none", "-u", "1000", "--pids-limit", "20", "--memory", "64m", "busybox", "id", "-u").stdout
    assert out == b"1000\n"


@pytest.fixture
def bundle(tmp_path):
    """An OCI bundle with busybox as its root and `args` as its process."""

    def make(*arguments, **process):
        root = tmp_path / "bundle/rootfs"
        root.mkdir(parents=True, exist_ok=True)
        run_tool("tar", "-x", "-C", root, stdin=busybox_tar())
        if not (tmp_path / "bundle/config.json").exists():
            run_tool(RUNTIME, "spec", "--bundle", tmp_path / "bundle")
        config = json.loads((tmp_path / "bundle/config.json").read_text())
        config["process"] |= {"args": list(arguments), "terminal": False} | process
        config["root"]["readonly"] = False
        (tmp_path / "bundle/config.json").write_text(json.dumps(config))
        return tmp_path / "bundle"

    return make


@pytest.fixture
def runtime(tmp_path):
    """runtime(*arguments) runs the OCI runtime with a state folder of its own; containers left over are removed."""

    def call(*arguments, **options):
        return run_tool(RUNTIME, "--root", tmp_path / "state", *arguments, **options)

    yield call
    for identity in call("list", "-q", code=None).stdout.decode().split():
        call("delete", "--force", identity, code=None)


def test_run_of_a_bundle(runtime, bundle):
    assert runtime("run", "--bundle", bundle("echo", "hi"), "one").stdout == b"hi\n"
    assert runtime("run", "--bundle", bundle("sh", "-c", "exit 12"), "two", code=12)
    assert runtime("list", "-q").stdout == b""


@pytest.fixture
def launch(runtime, tmp_path):
    """launch(verb, bundle, name) creates or detaches a container whose output goes to a file, which it returns."""

    def call(verb, path, name):
        output = tmp_path / "output"
        flags = ["-d"] if verb == "run" else []
        command = [RUNTIME, "--root", tmp_path / "state", verb, *flags, "--bundle", path, "--pid-file", tmp_path / "pid", name]
        with open(output, "wb") as file:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=60)
        assert done.returncode == 0, output.read_text()
        return output

    return call


def test_create_start_state_kill_delete(runtime, bundle, launch, tmp_path):
    output = launch("create", bundle("sh", "-c", "echo started; exec sleep 1000"), "box")
    state = json.loads(runtime("state", "box").stdout)
    assert state["status"] == "created" and state["pid"] == int((tmp_path / "pid").read_text()) and state["bundle"] == str(tmp_path / "bundle")
    runtime("start", "box")
    until(lambda: output.read_text() == "started\n", "the process has started")
    assert json.loads(runtime("state", "box").stdout)["status"] == "running"
    assert runtime("exec", "box", "echo", "inside").stdout == b"inside\n"
    assert b"sleep 1000" in runtime("ps", "box").stdout
    runtime("delete", "box", code=1)
    runtime("kill", "box", "KILL")
    until(lambda: json.loads(runtime("state", "box").stdout)["status"] == "stopped", "it is stopped")
    runtime("delete", "box")
    assert b"does not exist" in runtime("state", "box", code=1).stderr
    assert not processes.alive(state["pid"])


def test_pause_and_resume(runtime, bundle, launch):
    launch("run", bundle("sleep", "1000"), "box")
    runtime("pause", "box")
    assert json.loads(runtime("state", "box").stdout)["status"] == "paused"
    runtime("resume", "box")
    assert json.loads(runtime("state", "box").stdout)["status"] == "running"
    runtime("delete", "--force", "box")
    assert runtime("list", "-q").stdout == b""


def test_a_broken_bundle_is_refused_with_its_reason(runtime, bundle):
    path = bundle("nosuchprogram")
    assert b"executable file not found" in runtime("run", "--bundle", path, "one", code=None).stderr
    (path / "config.json").write_text("{")
    assert runtime("run", "--bundle", path, "two", code=1).stderr
    assert runtime("run", "--bundle", path / "nothing", "three", code=1).stderr
    assert runtime("list", "-q").stdout == b""


def test_features_and_version(runtime):
    assert b"spec" in runtime("--version").stdout
    assert runtime("features", code=None).returncode in (0, 1)


needs_runc = pytest.mark.skipif(not shutil.which("runc"), reason="runc is not installed")


@pytest.fixture
def engine_with_runc(fresh_engine):
    return fresh_engine() if KIND == "docker" else fresh_engine("--add-runtime", f"runc={shutil.which('runc')}")


@needs_runc
def test_the_engine_runs_containers_with_runc(engine_with_runc):
    docker = engine_with_runc.docker
    assert docker("run", "--rm", "--runtime", "runc", "busybox", "echo", "by runc").out == "by runc"
    docker("run", "--rm", "--runtime", "runc", "busybox", "sh", "-c", "exit 7", code=7)
    assert docker("run", "-i", "--rm", "--runtime", "runc", "busybox", "cat", stdin=b"data").stdout == b"data"
    identity = docker("run", "-d", "--runtime", "runc", "busybox", "sh", "-c", "echo said; exec sleep 1000").out
    assert docker("exec", identity, "echo", "inside").out == "inside"
    docker("exec", identity, "sh", "-c", "exit 4", code=4)
    until(lambda: docker("logs", identity).out == "said", "the line is logged")
    assert docker("inspect", "-f", "{{.HostConfig.Runtime}}", identity).out == "runc"
    docker("stop", "-t", "0", identity)
    assert docker("inspect", "-f", "{{.State.ExitCode}}", identity).out == "137"


@needs_runc
def test_runc_with_a_terminal(engine_with_runc):
    docker = engine_with_runc.docker
    with Terminal([docker.program, "run", "-it", "--rm", "--runtime", "runc", "busybox"], docker.environment) as shell:
        shell.expect("# ")
        shell.line("echo $((40 + 2)); exit 5")
        shell.expect("42")
        assert shell.wait() == 5


def test_an_unknown_runtime_is_refused(docker):
    assert "nosuch" in docker("run", "--rm", "--runtime", "nosuch", "busybox", "true", code=125).err


@pytest.mark.skipif(KIND != "docker" or not os.path.exists(BINARIES / "hull-runtime"), reason="dockerd as the manager of hull-runtime is tried with HULL_TEST_ENGINE=docker")
def test_dockerd_runs_containers_with_hull_runtime(fresh_engine):
    docker = fresh_engine("--add-runtime", f"hull={BINARIES}/hull-runtime").docker
    assert docker("run", "--rm", "--runtime", "hull", "busybox", "echo", "by hull").out == "by hull"
    identity = docker("run", "-d", "--runtime", "hull", "busybox", "sleep", "1000").out
    assert docker("exec", identity, "echo", "inside").out == "inside"
    docker("rm", "-f", identity)
