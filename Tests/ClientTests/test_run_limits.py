# SPDX-License-Identifier: Apache-2.0
"""Flags of `docker run` that give and take: capabilities, seccomp, cgroup limits; seen from inside the container."""
import json
from pathlib import Path

import pytest
from support import processes
from support.engine import KIND

DEFAULT_CAPABILITIES = 0xA80425FB
NET_ADMIN, CHOWN, SYS_TIME = 12, 0, 25

# runc gives up where the host itself lacks a capability; Hull gives what there is.
NEEDS_ALL_CAPABILITIES = pytest.mark.skipif(
    KIND == "docker" and not int(processes.status("self", "CapBnd"), 16) & 1 << 24, reason="this machine lacks a capability, which runc cannot bear"
)

# Reads a control file of the container's own cgroup by its v1 or its v2 name.
CONTROL = """control() {
  for f in /sys/fs/cgroup/$1/$2 /sys/fs/cgroup/$3; do [ -f $f ] && cat $f && return; done; echo missing
}; """


def capabilities(inside, *flags):
    lines = dict(line.split(":\t") for line in inside("grep Cap /proc/self/status", *flags).splitlines())
    return int(lines["CapEff"], 16)


def test_the_default_capabilities_are_dockers(inside):
    assert capabilities(inside) == DEFAULT_CAPABILITIES


def test_cap_add_and_drop_change_exactly_those(inside):
    assert capabilities(inside, "--cap-add", "NET_ADMIN", "--cap-drop", "CHOWN") == (DEFAULT_CAPABILITIES | 1 << NET_ADMIN) & ~(1 << CHOWN)


def test_cap_drop_all_leaves_nothing_but_what_is_added(inside):
    assert capabilities(inside, "--cap-drop", "ALL") == 0
    assert capabilities(inside, "--cap-drop", "ALL", "--cap-add", "CAP_CHOWN") == 1


@NEEDS_ALL_CAPABILITIES
def test_cap_add_all_gives_what_the_engine_has(inside):
    assert capabilities(inside, "--cap-add", "ALL") >> SYS_TIME & 1


def test_an_unknown_capability_is_refused(docker):
    assert 'NONSENSE' in docker("run", "--rm", "--cap-add", "NONSENSE", "busybox", "true", code=125).err


def test_a_user_other_than_root_has_no_effective_capabilities(inside):
    lines = dict(line.split(":\t") for line in inside("grep Cap /proc/self/status", "-u", "1000").splitlines())
    assert int(lines["CapEff"], 16) == 0 and int(lines["CapBnd"], 16) == DEFAULT_CAPABILITIES


@NEEDS_ALL_CAPABILITIES
def test_privileged_lifts_the_walls(inside):
    script = """
    test -e /dev/kmsg && echo devices
    mkdir /mnt && mount -t tmpfs none /mnt && echo mounted
    grep -q ' /sys sysfs rw' /proc/mounts && echo sys-open
    grep -q ' /proc/kcore ' /proc/mounts || echo unmasked
    grep Seccomp: /proc/self/status"""
    assert inside(script, "--privileged").split() == ["devices", "mounted", "sys-open", "unmasked", "Seccomp:", "0"]
    assert capabilities(inside, "--privileged") >> SYS_TIME & 1


def test_seccomp_filters_by_default_and_can_be_lifted(inside):
    assert inside("grep Seccomp: /proc/self/status").split() == ["Seccomp:", "2"]
    assert inside("grep Seccomp: /proc/self/status", "--security-opt", "seccomp=unconfined").split() == ["Seccomp:", "0"]


def test_the_default_policy_refuses_unshare(inside):
    assert inside("unshare -m true 2>/dev/null || echo refused") == "refused"


def test_a_seccomp_profile_of_ones_own_is_used(docker, inside, tmp_path):
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
    (tmp_path / "profile.json").write_text(json.dumps(profile))
    out = inside("mkdir /x 2>/dev/null || echo refused; touch /y && echo fine", "--security-opt", f"seccomp={tmp_path}/profile.json")
    assert out.split() == ["refused", "fine"]


def test_a_broken_seccomp_profile_is_refused(docker, tmp_path):
    (tmp_path / "profile.json").write_text('{"defaultAction": "NONSENSE"}')
    assert docker("run", "--rm", "--security-opt", f"seccomp={tmp_path}/profile.json", "busybox", "true", code=None).code in (125, 126)


def test_no_new_privileges_is_off_until_asked_for(inside):
    assert inside("grep NoNewPrivs /proc/self/status").split()[1] == "0"
    assert inside("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges").split()[1] == "1"


def test_proc_and_sys_are_masked_and_read_only(inside):
    script = """
    head -c1 /proc/kcore | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | grep -vc ':$\\|^$'
    echo 1 > /proc/sys/kernel/panic 2>/dev/null || echo sysctl-closed
    echo b > /proc/sysrq-trigger 2>/dev/null || echo sysrq-closed
    mkdir /sys/x 2>/dev/null || echo sys-closed"""
    assert inside(script).split() == ["0", "0", "sysctl-closed", "sysrq-closed", "sys-closed"]


def test_sysctl_is_set_for_the_containers_namespaces(inside):
    assert inside("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax", "--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.msgmax=4096").split() == ["1", "4096"]


def test_a_sysctl_of_the_whole_host_is_refused(docker):
    assert docker("run", "--rm", "--sysctl", "kernel.panic=5", "busybox", "true", code=None).code in (125, 126)


def test_memory_is_limited(docker, inside):
    assert inside(CONTROL + "control memory memory.limit_in_bytes memory.max", "--memory", "32m") == str(32 << 20)


def test_going_over_the_memory_limit_is_137_and_known(docker, name):
    docker("run", "--name", name, "--memory", "16m", "--memory-swap", "16m", "busybox", "sh", "-c", "x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo ${#x}", code=137)
    assert docker("inspect", "-f", "{{.State.ExitCode}} {{.State.OOMKilled}}", name).out == "137 true"


def test_a_memory_limit_below_the_least_is_refused(docker):
    assert "inimum memory limit" in docker("run", "--rm", "--memory", "1m", "busybox", "true", code=125).err


def test_cpus_are_limited(inside):
    out = inside(CONTROL + "control cpu cpu.cfs_quota_us cpu.max; control cpu cpu.cfs_period_us cpu.max", "--cpus", "0.5").split()
    assert out in (["50000", "100000"], ["50000", "100000", "50000", "100000"])


def test_more_cpus_than_there_are_is_refused(docker):
    assert "range of cpus" in docker("run", "--rm", "--cpus", "4096", "busybox", "true", code=125).err.lower()


def test_cpu_shares_and_cpuset_reach_the_cgroup(inside):
    script = CONTROL + "control cpu cpu.shares cpu.weight; control cpuset cpuset.cpus cpuset.cpus; grep Cpus_allowed_list /proc/self/status"
    shares, cpus, _, allowed = inside(script, "--cpu-shares", "512", "--cpuset-cpus", "0").split()
    assert shares in ("512", "20") and cpus == "0" and allowed == "0"


def test_the_number_of_processes_is_limited(docker, inside):
    assert inside(CONTROL + "control pids pids.max pids.max", "--pids-limit", "17") == "17"
    script = "for i in $(seq 30); do sleep 100 >/dev/null 2>&1 & done"
    assert "can't fork" in docker("run", "--rm", "--pids-limit", "10", "busybox", "sh", "-c", script, code=None).err


def test_the_host_sees_the_container_in_the_engines_cgroup(engine, run):
    identity = run()
    pid = int(engine.docker("inspect", "-f", "{{.State.Pid}}", identity).out)
    paths = [path for path in processes.cgroups(pid) if identity in path]
    assert paths and all(path.startswith(engine.cgroup_parent) for path in paths)


def test_oom_score_is_adjusted(inside):
    assert inside("cat /proc/self/oom_score_adj", "--oom-score-adj", "500") == "500"


def test_update_changes_a_running_containers_limits(docker, run):
    identity = run("--memory", "64m", "--memory-swap", "64m")
    docker("update", "--memory", "32m", "--memory-swap", "32m", "--pids-limit", "50", identity)
    shown = docker("exec", identity, "sh", "-c", CONTROL + "control memory memory.limit_in_bytes memory.max; control pids pids.max pids.max").out.split()
    assert shown == [str(32 << 20), "50"]
    assert docker("inspect", "-f", "{{.HostConfig.Memory}}", identity).out == str(32 << 20)


def test_stats_shows_what_is_used(docker, run):
    identity = run("--memory", "64m", command=("sh", "-c", "while :; do :; done"))
    shown = json.loads(docker("stats", "--no-stream", "--format", "json", identity).out)
    assert shown["MemUsage"].endswith("/ 64MiB") and float(shown["CPUPerc"].rstrip("%")) > 5 and int(shown["PIDs"]) >= 1


def test_a_raise_that_the_kernel_refuses_is_an_error_when_the_user_asked_for_it(docker):
    result = docker("run", "--rm", "--ulimit", "nofile=99999999:99999999", "busybox", "true", code=None)
    assert result.code in (125, 126)
