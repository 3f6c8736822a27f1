# SPDX-License-Identifier: Apache-2.0
"""Flags of `docker run` that shape the file system, seen from inside the container."""
import os

import pytest
from support.archives import docker_archive
from support.images import busybox_tar, folder, link, tar_of


def test_a_bind_mount_is_the_hosts_folder(inside, tmp_path):
    (tmp_path / "given").write_text("from host\n")
    assert inside("cat /there/given; echo back > /there/made", "-v", f"{tmp_path}:/there") == "from host"
    assert (tmp_path / "made").read_text() == "back\n"


def test_a_read_only_bind_mount_refuses_writes(inside, tmp_path):
    out = inside("echo x > /there/file || echo refused", "-v", f"{tmp_path}:/there:ro")
    assert out == "refused" and not list(tmp_path.iterdir())


def test_a_single_file_can_be_bound(inside, tmp_path):
    (tmp_path / "file").write_text("one")
    assert inside("cat /etc/only; echo two > /etc/only", "-v", f"{tmp_path}/file:/etc/only") == "one"
    assert (tmp_path / "file").read_text() == "two\n"


def test_a_missing_bind_source_is_made_as_a_folder(inside, tmp_path):
    inside("touch /there/x", "-v", f"{tmp_path}/not/yet:/there")
    assert (tmp_path / "not/yet/x").exists()


def test_mount_type_bind_wants_its_source_to_exist(docker, tmp_path):
    error = docker("run", "--rm", "--mount", f"type=bind,source={tmp_path}/missing,target=/there", "busybox", "true", code=125).err
    assert "bind source path does not exist" in error


def test_mount_type_bind_takes_options(inside, tmp_path):
    out = inside("touch /there/x || echo refused", "--mount", f"type=bind,source={tmp_path},target=/there,readonly")
    assert out == "refused"


def test_bind_mounts_nest_in_any_order(inside, tmp_path):
    for name in ("outer", "inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    out = inside("cat /a/outer /a/b/inner", "-v", f"{tmp_path}/inner:/a/b", "-v", f"{tmp_path}/outer:/a")
    assert out == "outerinner"


def test_a_bind_mount_over_an_image_file_hides_it(inside, tmp_path):
    (tmp_path / "group").write_text("mine\n")
    assert inside("cat /etc/group", "-v", f"{tmp_path}/group:/etc/group") == "mine"


@pytest.mark.parametrize("bad", ["relative:/x:zz", "/a:relative", "/a:/"])
def test_a_bad_bind_is_refused(docker, bad):
    assert docker("create", "-v", bad, "busybox", code=1).err


def test_symlinks_of_the_image_cannot_lead_a_mount_outside(docker, tmp_path):
    """A mount's target below a link in the image is resolved inside the container's root."""

    def build(archive):
        folder(archive, "way")
        link(archive, "way/out", "../../../../../../tmp")

    (tmp_path / "x").write_text("here")
    docker("load", stdin=docker_archive([busybox_tar(), tar_of(build)], tags=("linked:1",)))
    assert docker("run", "--rm", "-v", f"{tmp_path}:/way/out/deep", "linked:1", "cat", "/tmp/deep/x").out == "here"
    assert not os.path.exists("/tmp/deep")
    docker("rmi", "linked:1")


def test_host_mounts_below_a_bind_source_come_along(inside):
    assert "proc" in inside("cut -d' ' -f2 /host/proc/mounts | head -1; ls /host", "-v", "/:/host:ro")


def test_mount_propagation_is_private_by_default_and_can_be_chosen(inside, tmp_path):
    script = "grep ' /there ' /proc/self/mountinfo"
    assert "master:" not in inside(script, "-v", f"{tmp_path}:/there") and "shared:" not in inside(script, "-v", f"{tmp_path}:/there")


def test_tmpfs_is_empty_writable_and_as_asked(inside):
    out = inside("touch /scratch/x && ls /scratch; stat -c %a /scratch; df -k /scratch | tail -1; grep ' /scratch ' /proc/mounts", "--tmpfs", "/scratch:size=4m,mode=0700")
    lines = out.splitlines()
    assert lines[:2] == ["x", "700"] and "4096" in lines[2]
    assert "tmpfs" in lines[3] and "nosuid" in lines[3] and "nodev" in lines[3] and "noexec" in lines[3]


def test_mount_type_tmpfs_takes_a_size(inside):
    assert "2048" in inside("df -k /t | tail -1", "--mount", "type=tmpfs,target=/t,tmpfs-size=2m")


def test_read_only_closes_the_root_but_not_tmpfs_and_binds(inside, tmp_path):
    script = "for f in /x /etc/x /tmp/x; do touch $f 2>/dev/null && echo open $f; done; touch /there/x /scratch/x /dev/shm/x && echo others"
    out = inside(script, "--read-only", "-v", f"{tmp_path}:/there", "--tmpfs", "/scratch")
    assert out == "others"


def test_read_only_still_has_its_own_hosts_file_and_devices(inside):
    assert inside("cat /etc/hostname >/dev/null && echo x > /dev/null && echo fine", "--read-only") == "fine"


def test_anonymous_volumes_of_the_image_keep_what_the_image_has_there(docker, name):
    docker("import", "--change", "VOLUME /etc", "-", f"{name}:1", stdin=busybox_tar())
    out = docker("run", "--rm", f"{name}:1", "sh", "-c", "grep -c root /etc/passwd; grep ' /etc ' /proc/mounts | wc -l").lines
    assert out == ["1", "1"]
    docker("rmi", f"{name}:1")


def test_volumes_from_shares_the_mounts(docker, inside, name, tmp_path):
    docker("create", "--name", name, "-v", f"{tmp_path}:/shared", "busybox")
    inside("touch /shared/seen", "--volumes-from", name)
    assert (tmp_path / "seen").exists()


def test_shm_has_the_asked_size(inside):
    assert "8192" in inside("df -k /dev/shm | tail -1", "--shm-size", "8m")
    assert "65536" in inside("df -k /dev/shm | tail -1")


def test_the_standard_devices_are_there_and_no_others(inside):
    names = inside("ls /dev").split()
    assert {"console", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"} >= set(names) - {"core"}
    assert inside("head -c 4 /dev/zero | wc -c; readlink /dev/stdin /dev/ptmx; echo x > /dev/full 2>/dev/null || echo full").split()[0] == "4"


@pytest.fixture
def device():
    """A character device of this machine that any root process may open."""
    for path in ("/dev/fuse", "/dev/net/tun", "/dev/loop-control", "/dev/hpet", "/dev/rtc0", "/dev/snapshot"):
        if os.path.exists(path):
            return path, os.stat(path).st_rdev
    pytest.skip("this machine has no device to lend")


def test_a_device_can_be_given_by_another_name(inside, device):
    path, number = device
    out = inside("stat -c '%t %T' /dev/lent; : < /dev/lent && echo opened", "--device", f"{path}:/dev/lent:r")
    assert out.splitlines() == [f"{os.major(number):x} {os.minor(number):x}", "opened"]


def test_a_device_that_was_not_given_is_refused(inside, device):
    number = device[1]
    assert inside(f"mknod /tmp/dev c {os.major(number)} {os.minor(number)}; (: < /tmp/dev) 2>/dev/null || echo refused") == "refused"


def test_a_device_of_the_host_that_is_not_there_is_an_error(docker):
    assert "/dev/nosuch" in docker("run", "--rm", "--device", "/dev/nosuch", "busybox", "true", code=None).err


def test_changes_stay_with_the_container(docker, name):
    docker("run", "--name", name, "busybox", "sh", "-c", "echo kept > /kept; rm /etc/group; mkdir /home/new")
    docker("start", name)
    assert sorted(docker("diff", name).lines) == ["A /home/new", "A /kept", "C /etc", "C /home", "D /etc/group"]
    assert "hello" not in docker("run", "--rm", "busybox", "ls", "/").lines


def test_storage_is_an_overlay_and_the_host_sees_it_only_where_it_must(inside):
    assert inside("grep ' / / ' /proc/self/mountinfo").split(" - ")[1].split()[0] == "overlay"
