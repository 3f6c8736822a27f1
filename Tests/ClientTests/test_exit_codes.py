# SPDX-License-Identifier: Apache-2.0
"""What `docker run` ends with: the workload's own code, or 125, 126, 127 and 128+n."""
import pytest
from support.images import regular, tar_of


@pytest.mark.parametrize("code", [0, 1, 2, 42, 125, 126, 127, 128, 137, 254, 255])
def test_the_workloads_code_comes_through(docker, code):
    docker("run", "--rm", "busybox", "sh", "-c", f"exit {code}", code=code)


@pytest.mark.parametrize("signal, code", [("KILL", 137), ("TERM", 143), ("SEGV", 139), ("USR1", 138)])
def test_a_signal_is_128_and_its_number(docker, signal, code, name):
    docker("run", "--name", name, "busybox", "sh", "-c", f"sh -c 'kill -{signal} $$'; exit $?", code=code)
    assert docker("inspect", "-f", "{{.State.ExitCode}}", name).out == str(code)


@pytest.mark.parametrize("signal, code", [("KILL", 137), ("TERM", 143), ("HUP", 129)])
def test_process_one_killed_from_outside_is_128_and_the_signal(docker, run, signal, code):
    identity = run(command=("sh", "-c", f"trap - {signal}; exec sleep 1000") if signal == "KILL" else ("sh", "-c", f"trap 'exit {code}' {signal}; while :; do sleep 0.01; done"))
    docker("exec", identity, "true")
    waiter = docker.start("wait", identity)
    docker("kill", "-s", signal, identity)
    assert waiter.communicate(timeout=20)[0].strip() == str(code).encode()


def test_an_unknown_flag_is_125(docker):
    assert "unknown flag" in docker("run", "--nonsense", "busybox", code=125).err


def test_a_command_that_is_not_in_path_is_127(docker):
    result = docker("run", "--rm", "busybox", "nosuchcommand", code=127)
    assert 'exec: "nosuchcommand": executable file not found in $PATH' in result.err


def test_a_path_that_is_not_there_is_127(docker):
    result = docker("run", "--rm", "busybox", "/no/such", code=127)
    assert "no such file or directory" in result.err and "/no/such" in result.err


def test_a_file_that_cannot_be_executed_is_126(docker):
    assert "permission denied" in docker("run", "--rm", "busybox", "/etc/passwd", code=126).err


def test_a_directory_cannot_be_executed(docker):
    result = docker("run", "--rm", "busybox", "/etc", code=126)
    assert "is a directory" in result.err or "permission denied" in result.err


def test_a_failed_start_leaves_a_created_container_with_its_code(docker, name):
    docker("run", "--name", name, "busybox", "nosuchcommand", code=127)
    state, code, message = docker("inspect", "-f", "{{.State.Status}}|{{.State.ExitCode}}|{{.State.Error}}", name).out.split("|")
    assert (state, code) == ("created", "127") and "nosuchcommand" in message


def test_a_failed_start_with_rm_leaves_nothing(docker, name):
    docker("run", "--rm", "--name", name, "busybox", "nosuchcommand", code=127)
    assert docker("ps", "-aq", "--filter", f"name={name}").out == ""


def test_no_command_at_all_is_refused(docker, name):
    docker("import", "-", f"{name}:1", stdin=tar_of(lambda archive: regular(archive, "x", b"")))
    assert "no command specified" in docker("run", "--rm", f"{name}:1", code=125).err.lower()
    docker("rmi", f"{name}:1")


def test_a_missing_interpreter_is_told(docker):
    script = "printf '#!/no/interpreter\\n' > /script; chmod +x /script; exec /script"
    docker("run", "--rm", "busybox", "sh", "-c", script, code=127)


def test_start_attached_gives_the_code(docker):
    identity = docker("create", "busybox", "sh", "-c", "echo again; exit 9").out
    for _ in range(2):
        assert docker("start", "-a", identity, code=9).out == "again"


def test_wait_gives_the_code_of_each(docker, run):
    codes = [run(command=("sh", "-c", f"exit {code}")) for code in (3, 4)]
    assert docker("wait", *codes).lines == ["3", "4"]


def test_a_workload_that_leaves_children_behind_ends(docker):
    """Grandchildren that hold the pipes do not hold the container."""
    assert docker("run", "--rm", "busybox", "sh", "-c", "sleep 1000 & echo gone; exit 5", code=5, timeout=20).out == "gone"


def test_many_runs_in_a_row_each_give_their_own_output(docker):
    for number in range(5):
        result = docker("run", "--rm", "busybox", "sh", "-c", f"echo {number}; exit {number}", code=number)
        assert result.out == str(number)
