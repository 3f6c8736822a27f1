# SPDX-License-Identifier: Apache-2.0
"""Flags of `docker run` that shape the process, seen from inside the container."""
import os

import pytest
from support.images import busybox_tar
from support.waiting import until


def test_env_sets_passes_and_empties_variables(docker):
    flags = ("-e", "A=one two", "-e", "PASSED", "-e", "EMPTY=", "-e", "NOTSET")
    out = docker("run", "--rm", *flags, "busybox", "env", env={"PASSED": "through"}).lines
    assert {"A=one two", "PASSED=through", "EMPTY="} <= set(out)
    assert not any(line.startswith("NOTSET") for line in out)


def test_env_file_is_read(docker, tmp_path):
    (tmp_path / "env").write_text("# comment\nX=1\nY=a b=c\n")
    out = docker("run", "--rm", "--env-file", tmp_path / "env", "busybox", "env").lines
    assert {"X=1", "Y=a b=c"} <= set(out)


def test_the_default_environment_is_path_hostname_and_home(docker):
    out = dict(line.split("=", 1) for line in docker("run", "--rm", "--hostname", "box", "busybox", "env").lines)
    assert out == {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": "box", "HOME": "/root"}


def test_a_user_has_that_users_home(docker):
    assert "HOME=/home/app" in docker("run", "--rm", "-u", "app", "busybox", "env").lines
    assert "HOME=/" in docker("run", "--rm", "-u", "4242", "busybox", "env").lines


def test_workdir_is_made_when_it_is_missing(inside):
    assert inside("pwd; ls -ld .", "-w", "/made/for/me").startswith("/made/for/me\ndrwxr-xr-x")


def test_a_relative_workdir_is_refused_or_below_the_root(docker):
    result = docker("run", "--rm", "-w", "relative", "busybox", "pwd", code=None)
    assert result.code == 125 or result.out == "/relative"


def test_a_workdir_that_is_a_file_fails(docker):
    assert docker("run", "--rm", "-w", "/etc/passwd", "busybox", "true", code=None).code in (125, 126, 127)


@pytest.mark.parametrize(
    "user, expected",
    [
        ("app", "uid=1000(app) gid=1001(appgroup) groups=1001(appgroup),2000(extra)"),
        ("1000", "uid=1000(app) gid=1001(appgroup) groups=1001(appgroup),2000(extra)"),
        ("app:extra", "uid=1000(app) gid=2000(extra)"),
        ("1234:5678", "uid=1234 gid=5678"),
        ("4321", "uid=4321 gid=0(root)"),
        ("nobody:0", "uid=65534(nobody) gid=0(root)"),
    ],
)
def test_user_is_looked_up_in_the_image(docker, user, expected):
    assert docker("run", "--rm", "-u", user, "busybox", "id").out.startswith(expected)


def test_an_unknown_user_or_group_is_an_error_that_names_it(docker):
    assert "unable to find user ghost" in docker("run", "--rm", "-u", "ghost", "busybox", "true", code=None).err
    assert "unable to find group ghosts" in docker("run", "--rm", "-u", "app:ghosts", "busybox", "true", code=None).err


def test_group_add_adds_groups_by_name_and_number(inside):
    groups = inside("id -G", "--group-add", "extra", "--group-add", "777").split()
    assert {"2000", "777"} <= set(groups)


def test_entrypoint_replaces_the_images(docker):
    assert docker("run", "--rm", "--entrypoint", "echo", "busybox", "a", "b").out == "a b"


def test_an_empty_entrypoint_resets_it(docker, name):
    docker("import", "--change", 'ENTRYPOINT ["echo", "entry"]', "--change", 'CMD ["default"]', "-", f"{name}:1", stdin=busybox_tar())
    assert docker("run", "--rm", f"{name}:1").out == "entry default"
    assert docker("run", "--rm", f"{name}:1", "given").out == "entry given"
    assert docker("run", "--rm", "--entrypoint", "", f"{name}:1", "echo", "bare").out == "bare"
    docker("rmi", f"{name}:1")


def test_a_name_is_taken_once(docker, name):
    docker("run", "-d", "--name", name, "busybox", "true")
    error = docker("run", "--name", name, "busybox", "true", code=125).err
    assert f'The container name "/{name}" is already in use by container' in error


@pytest.mark.parametrize("bad", ["a b", "-x", "ü", "a/b", ".", "_x", "x"])
def test_a_bad_name_is_refused(docker, bad):
    error = docker("create", f"--name={bad}", "busybox", code=1).err
    assert f"Invalid container name ({bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed" in error


def test_a_container_without_a_name_gets_one_of_two_words(docker):
    identity = docker("create", "busybox").out
    name = docker("inspect", "-f", "{{.Name}}", identity).out
    assert name.startswith("/") and "_" in name


def test_hostname_is_set_everywhere(inside):
    assert inside("hostname; cat /etc/hostname; grep -c box.example /etc/hosts || true", "--hostname", "box").splitlines()[:2] == ["box", "box"]


def test_the_default_hostname_is_the_short_id(docker):
    identity = docker("create", "busybox", "hostname").out
    assert docker("start", "-a", identity).out == identity[:12]


def test_domainname_is_set(inside):
    assert inside("cat /proc/sys/kernel/domainname", "--domainname", "example.test") == "example.test"


def test_hosts_and_resolv_conf_are_the_containers_own(inside):
    out = inside("cat /etc/hosts; echo 1.2.3.4 x >> /etc/hosts && echo written; test -f /etc/resolv.conf && echo resolv", "--add-host", "there:10.1.2.3")
    assert "127.0.0.1\tlocalhost" in out
    assert "10.1.2.3\tthere" in out
    assert out.endswith("written\nresolv")


def test_dns_options_make_resolv_conf(inside):
    out = inside("cat /etc/resolv.conf", "--dns", "192.0.2.1", "--dns-search", "example.test", "--dns-option", "ndots:3").splitlines()
    assert {"nameserver 192.0.2.1", "search example.test", "options ndots:3"} <= set(out)


def test_ulimits_reach_the_process(inside):
    assert inside("ulimit -Sn; ulimit -Hn; ulimit -c", "--ulimit", "nofile=256:512", "--ulimit", "core=0") == "256\n512\n0"


def test_init_runs_as_process_one_and_reaps(docker):
    result = docker("run", "--rm", "--init", "busybox", "sh", "-c", "cat /proc/1/comm; echo $$", code=None)
    if result.code and "docker-init" in result.err:
        pytest.skip("no init program on this machine")
    assert result.lines[0] != "sh" and result.lines[1] != "1"


def test_the_process_is_number_one_and_alone(inside):
    assert inside("echo $$; ls -d /proc/[0-9]* | head -1; ls -d /proc/[0-9]* | wc -l").splitlines()[:2] == ["1", "/proc/1"]


def test_labels_are_kept(docker, tmp_path):
    (tmp_path / "labels").write_text("c=3\n")
    identity = docker("create", "--label", "a=1", "-l", "b", "--label-file", tmp_path / "labels", "busybox").out
    assert docker("inspect", "-f", "{{.Config.Labels.a}}{{.Config.Labels.b}}{{.Config.Labels.c}}", identity).out == "13"


def test_cidfile_holds_the_id(docker, tmp_path):
    identity = docker("create", "--cidfile", tmp_path / "id", "busybox").out
    assert (tmp_path / "id").read_text() == identity


def test_stdin_reaches_the_process_and_ends(docker):
    data = bytes(range(256)) * 4096
    assert docker("run", "-i", "--rm", "busybox", "cat", stdin=data).stdout == data


def test_without_interactive_stdin_is_empty(docker):
    assert docker("run", "--rm", "busybox", "cat", stdin=b"unread").stdout == b""


def test_stdout_and_stderr_stay_apart(docker):
    result = docker("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2")
    assert (result.out, result.err) == ("out", "err")


def test_rm_removes_the_container_and_its_anonymous_volumes(docker, name):
    docker("run", "--rm", "--name", name, "-v", "/data", "busybox", "true")
    assert docker("ps", "-aq", "--filter", f"name={name}").out == ""


def test_detached_rm_removes_the_container_at_its_end(docker, run, name):
    run("--rm", "--name", name, command=("true",))
    until(lambda: docker("ps", "-aq", "--filter", f"name={name}").out == "", "the container is removed")


def test_an_unfamiliar_platform_is_refused_or_warned_about(docker):
    result = docker("run", "--rm", "--pull", "never", "--platform", "linux/s390x", "busybox", "true", code=None)
    assert result.code != 0 or "platform" in result.err


def test_a_bridge_container_has_its_own_loopback(inside):
    assert "inet 127.0.0.1/8" in inside("ip addr show lo")


def test_network_none_has_only_loopback(inside):
    assert inside("ls /sys/class/net; ping -c1 -W1 127.0.0.1 | grep -c '1 packets received'", "--network", "none").split()[-1] == "1"
    assert "eth0" not in inside("ip link", "--network", "none")


def test_network_host_is_the_engines_network(engine, inside):
    assert inside("readlink /proc/self/ns/net", "--network", "host") == os.readlink(f"/proc/{engine.pid}/ns/net")


def test_pid_ipc_and_uts_of_the_host(engine, inside):
    script = "for n in pid ipc uts; do readlink /proc/self/ns/$n; done"
    assert inside(script, "--pid", "host", "--ipc", "host", "--uts", "host").split() == [os.readlink(f"/proc/self/ns/{n}") for n in ("pid", "ipc", "uts")]


def test_each_container_has_namespaces_of_its_own(inside):
    names = ("mnt", "pid", "net", "ipc", "uts")
    own = inside("for n in " + " ".join(names) + "; do readlink /proc/self/ns/$n; done").split()
    assert len(own) == len(names)
    assert not set(own) & {os.readlink(f"/proc/self/ns/{n}") for n in names}


def test_the_network_and_pid_namespace_of_another_container_can_be_joined(run, inside):
    first = run()
    shared = inside("ps | grep -c 'sleep 1000'; readlink /proc/1/ns/net; readlink /proc/self/ns/net", "--pid", f"container:{first}", "--network", f"container:{first}")
    count, first_net, own_net = shared.split()
    assert int(count) >= 1 and first_net == own_net


def test_the_configured_stop_signal_and_timeout_are_kept(docker):
    identity = docker("create", "--stop-signal", "SIGUSR1", "--stop-timeout", "7", "busybox").out
    assert docker("inspect", "-f", "{{.Config.StopSignal}} {{.Config.StopTimeout}}", identity).out == "SIGUSR1 7"
