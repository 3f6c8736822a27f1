# SPDX-License-Identifier: Apache-2.0
"""What can be mounted by `--mount`: options of the driver local, parts of volumes, images, and how much is refused of what is wrong."""
import json
import os
import shutil

import pytest
from support.engine import KIND
from support.images import busybox_tar, folder, link, regular


@pytest.fixture
def tree(docker, name):
    """An image with a directory, a file and links that lead out."""

    def more(archive):
        folder(archive, "part")
        folder(archive, "part/sub")
        regular(archive, "part/sub/file", b"of the image\n")
        link(archive, "part/out", "/etc")
        link(archive, "part/in", "sub")

    docker("import", "-", f"{name}-tree:1", stdin=busybox_tar(more))
    yield f"{name}-tree:1"
    docker("rmi", "-f", f"{name}-tree:1")


# The driver's options. dockerd's mounts are in a namespace of its own, out of the test's sight.
hull_only = pytest.mark.hull("looks at the host's mounts, which dockerd makes in a namespace of its own here")


def test_a_tmpfs_volume_is_limited_and_forgets(docker, inside, name):
    docker("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=2m,mode=0700", name)
    out = inside("df -k /data | tail -1; stat -c %a /data; touch /data/x", "-v", f"{name}:/data")
    assert "2048" in out and out.splitlines()[1] == "700"
    assert inside("ls /data", "-v", f"{name}:/data") == ""


def test_a_bind_volume_is_the_hosts_folder(docker, inside, name, tmp_path):
    (tmp_path / "given").write_text("from host\n")
    docker("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", f"device={tmp_path}", name)
    assert inside("cat /data/given; touch /data/made", "-v", f"{name}:/data") == "from host"
    docker("volume", "rm", name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given", "made"]


@hull_only
def test_a_read_only_bind_volume_refuses_writes(docker, inside, name, tmp_path):
    docker("volume", "create", "-o", "type=none", "-o", "o=bind,ro", "-o", f"device={tmp_path}", name)
    assert inside("touch /data/made 2>/dev/null || echo refused", "-v", f"{name}:/data") == "refused"


@hull_only
def test_it_is_mounted_with_the_first_and_unmounted_with_the_last(engine, docker, run, api, name):
    docker("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", name)
    place = api("GET", f"/volumes/{name}").json()["Mountpoint"]
    assert place not in engine.host.mounts()
    first, second = run("-v", f"{name}:/data"), run("-v", f"{name}:/data")
    docker("exec", first, "touch", "/data/shared")
    assert docker("exec", second, "ls", "/data").out == "shared" and place in engine.host.mounts()
    docker("rm", "-f", first)
    assert place in engine.host.mounts()
    docker("rm", "-f", second)
    assert place not in engine.host.mounts()


@hull_only
def test_its_mount_is_found_again_after_a_kill(fresh_engine, name):
    engine = fresh_engine()
    for which in ("stays", "goes"):
        engine.docker("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", which)
        engine.docker("run", "-d", "--name", which, "-v", f"{which}:/data", "busybox", "sleep", "1000")
        engine.docker("exec", which, "touch", "/data/file")
    places = {which: engine.api("GET", f"/volumes/{which}").json()["Mountpoint"] for which in ("stays", "goes")}
    pid = json.loads(engine.docker("inspect", "goes").out)[0]["State"]["Pid"]
    engine.kill()
    os.kill(pid, 9)
    engine.start()
    mounts = engine.host.mounts()
    assert places["stays"] in mounts and places["goes"] not in mounts
    assert engine.docker("run", "--rm", "-v", "stays:/data", "busybox", "ls", "/data").out == "file"
    assert engine.api("DELETE", "/volumes/stays").status == 409
    engine.docker("rm", "-f", "stays")
    assert places["stays"] not in engine.host.mounts()


def test_what_cannot_be_mounted_fails_the_start_and_leaves_nothing(docker, name):
    docker("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/nosuch", name)
    error = docker("run", "--rm", "-v", f"{name}:/data", "busybox", "true", code=None).err
    assert "failed to mount local volume: mount /nosuch:" in error and "no such file or directory" in error
    assert docker("ps", "-aq").lines == []
    docker("volume", "rm", name)


def test_driver_options_can_come_with_the_mount(docker, inside, api, name):
    flag = f"type=volume,src={name},dst=/data,volume-driver=local,volume-label=a=b,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=1m"
    assert "1024" in inside("df -k /data | tail -1", "--mount", flag)
    volume = api("GET", f"/volumes/{name}").json()
    assert volume["Labels"] == {"a": "b"} and volume["Options"] == {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}


# Parts


@pytest.mark.modern("subpaths came with API 1.45")
def test_a_part_of_a_volume_can_be_mounted(docker, inside, tree, name):
    inside("true", "-v", f"{name}:/part", image=tree)
    assert inside("cat /here/file", "--mount", f"type=volume,src={name},dst=/here,volume-subpath=sub") == "of the image"
    assert inside("cat /only", "--mount", f"type=volume,src={name},dst=/only,volume-subpath=sub/file") == "of the image"
    assert inside("cat /here/file", "--mount", f"type=volume,src={name},dst=/here,volume-subpath=in") == "of the image"


@pytest.mark.modern("subpaths came with API 1.45")
@pytest.mark.parametrize(
    "subpath, words",
    [
        ("/etc", "subpath must be a relative path within the volume"),
        ("../x", "subpath must be a relative path within the volume"),
        ("sub/../../x", "subpath must be a relative path within the volume"),
        ("missing", "no such file or directory"),
        ("out", "a symbolic link in it leads out of volume"),
        ("out/passwd", "a symbolic link in it leads out of volume"),
    ],
)
def test_a_part_outside_of_the_volume_is_refused(docker, inside, tree, name, subpath, words):
    inside("true", "-v", f"{name}:/part", image=tree)
    error = docker("run", "--rm", "--mount", f"type=volume,src={name},dst=/here,volume-subpath={subpath}", "busybox", "true", code=None).err
    assert words in error and docker("ps", "-aq").lines == []


@pytest.mark.modern("image mounts came with API 1.48")
def test_an_image_is_mounted_read_only(docker, inside, tree):
    script = "cat /image/part/sub/file; touch /image/x 2>/dev/null || echo refused; /image/bin/busybox echo runs"
    assert inside(script, "--mount", f"type=image,src={tree},dst=/image").splitlines() == ["of the image", "refused", "runs"]


@pytest.mark.modern("image mounts came with API 1.48")
def test_a_part_of_an_image_is_mounted(docker, inside, tree):
    assert inside("ls /image", "--mount", f"type=image,src={tree},dst=/image,image-subpath=part/sub") == "file"
    error = docker("run", "--rm", "--mount", f"type=image,src={tree},dst=/image,image-subpath=part/out", "busybox", "true", code=None)
    assert error.code and "part/out" in error.err


@pytest.mark.modern("image mounts came with API 1.48")
def test_an_image_that_is_mounted_keeps_its_layers(docker, tree, name):
    docker("create", "--name", name, "--mount", f"type=image,src={tree},dst=/image", "busybox", "cat", "/image/part/sub/file")
    assert docker("rmi", tree, code=None).code
    docker("rmi", "-f", tree)
    assert docker("start", "-a", name).out == "of the image"
    mount = json.loads(docker("inspect", name).out)[0]["Mounts"][0]
    assert (mount["Type"], mount["Destination"], mount["RW"]) == ("image", "/image", False)


@pytest.mark.modern("image mounts came with API 1.48")
def test_a_missing_image_cannot_be_mounted(docker, api):
    body = {"Image": "busybox", "HostConfig": {"Mounts": [{"Type": "image", "Source": "nosuch:image", "Target": "/x"}]}}
    answer = api("POST", "/containers/create", body)
    assert answer.status == 404 and "No such image: nosuch:image" in answer.message


# What is wrong


@pytest.mark.parametrize(
    "mount, words",
    [
        ({"Type": "volume", "Source": "vol", "Target": "/"}, 'invalid mount config for type "volume": invalid specification: destination can\'t be \'/\''),
        ({"Type": "volume", "Source": "vol", "Target": "/.."}, 'invalid mount config for type "volume": invalid specification: destination can\'t be \'/\''),
        ({"Type": "volume", "Source": "vol", "Target": "x"}, "invalid mount config for type \"volume\": invalid mount path: 'x' mount path must be absolute"),
        ({"Type": "volume", "Source": "vol"}, 'invalid mount config for type "volume": field Target must not be empty'),
        ({"Type": "volume", "Target": "/x", "ReadOnly": True}, 'invalid mount config for type "volume": must not set ReadOnly mode when using anonymous volumes'),
        ({"Type": "bind", "Source": "/nosuch", "Target": "/x"}, 'invalid mount config for type "bind": bind source path does not exist: /nosuch'),
        ({"Type": "bind", "Target": "/x"}, 'invalid mount config for type "bind": field Source must not be empty'),
        ({"Type": "bind", "Source": "x", "Target": "/x"}, "invalid mount config for type \"bind\": invalid mount path: 'x' mount path must be absolute"),
        ({"Type": "bind", "Source": "/", "Target": "/x", "BindOptions": {"Propagation": "some"}}, 'invalid mount config for type "bind": invalid propagation mode: some'),
        ({"Type": "bind", "Source": "/", "Target": "/x", "VolumeOptions": {}}, 'invalid mount config for type "bind": field VolumeOptions must not be specified'),
        ({"Type": "tmpfs", "Source": "x", "Target": "/x"}, 'invalid mount config for type "tmpfs": field Source must not be specified'),
        ({"Type": "nothing", "Source": "x", "Target": "/x"}, 'invalid mount config for type "nothing": mount type unknown'),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_a_wrong_mount_is_400_in_dockers_words(api, docker, mount, words):
    answer = api("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"Mounts": [mount]}})
    assert (answer.status, answer.message) == (400, words)
    assert docker("ps", "-aq").lines == [] and docker("volume", "ls", "-q").lines == []


def test_two_mounts_on_one_place_are_refused(api):
    mounts = [{"Type": "volume", "Source": source, "Target": target} for source, target in (("one", "/x"), ("two", "/x/"))]
    answer = api("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"Mounts": mounts}})
    assert answer.status in (400, 500) and "Duplicate mount point: /x" in answer.message
    assert KIND == "docker" or api("GET", "/volumes").json()["Volumes"] == []


@pytest.mark.parametrize(
    "bind, words",
    [
        ("a/b:/x", 'create a/b: "a/b" includes invalid characters for a local volume name'),
        ("vol:/x:shared", "invalid volume specification: 'vol:/x:shared': invalid mount config for type \"volume\": field BindOptions must not be specified"),
        ("/tmp:/x:nocopy", "invalid volume specification: '/tmp:/x:nocopy': invalid mount config for type \"bind\": field VolumeOptions must not be specified"),
        ("vol:/x:ro,rw", "invalid mode: ro,rw"),
        ("vol:/:ro", "destination can't be '/'"),
    ],
)
def test_a_wrong_bind_is_refused_in_dockers_words(api, bind, words):
    answer = api("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"Binds": [bind]}})
    assert answer.status in (400, 500) and words in answer.message
    assert api("GET", "/volumes").json()["Volumes"] == []


@pytest.mark.parametrize("place", ["/proc", "/proc/self", "/proc/new", "/to-proc", "/to-proc/1"])
def test_a_volume_cannot_cover_proc_not_even_by_a_link(docker, name, place):
    docker("import", "-", f"{name}:1", stdin=busybox_tar(lambda archive: link(archive, "to-proc", "/proc")))
    error = docker("run", "--rm", "-v", f"{name}:{place}", f"{name}:1", "true", code=None)
    assert error.code and "proc" in error.err and docker("ps", "-aq").lines == []
    docker("rmi", f"{name}:1")


def test_a_consistency_and_a_label_are_accepted(inside, tmp_path):
    assert inside("echo fine", "-v", f"{tmp_path}:/x:z,cached", "-v", f"{tmp_path}:/y:Z,delegated", "--mount", f"type=bind,src={tmp_path},dst=/w,consistency=cached") == "fine"


def test_tmpfs_options_come_through(api, docker):
    mount = {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o700, "Options": [["exec"]]}}
    made = api("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sh", "-c", "grep ' /t ' /proc/mounts; stat -c %a /t"], "HostConfig": {"Mounts": [mount]}})
    if made.status == 400:
        pytest.skip("TmpfsOptions.Options came later")
    out = docker("start", "-a", made.json()["Id"]).lines
    assert "size=1024k" in out[0] and out[1] == "700"


# Propagation and read-only trees


@pytest.fixture
def shared(engine, tmp_path):
    """A folder that is a shared mount of the engine's host; the machine itself does not see it."""
    engine.host.mount("-t", "tmpfs", "tmpfs", tmp_path)
    engine.host.mount("--make-shared", tmp_path)
    engine.host.path(tmp_path / "below").mkdir()
    yield tmp_path
    engine.host.mount("-R", "-l", tmp_path, command="umount")


@pytest.mark.parametrize("mode, host_to_container, container_to_host", [("rslave", True, False), ("rshared", True, True), ("rprivate", False, False)])
def test_mounts_spread_as_asked(engine, docker, run, shared, mode, host_to_container, container_to_host):
    if KIND == "docker":
        pytest.skip("the reference engine is in a mount namespace of its own")
    container = run("--privileged", "-v", f"{shared}:/there:{mode}")
    engine.host.mount("-t", "tmpfs", "tmpfs", shared / "below")
    engine.host.path(shared / "below" / "seen").touch()
    assert (docker("exec", container, "ls", "/there/below").out == "seen") is host_to_container
    docker("exec", container, "sh", "-c", "mkdir /there/mine; mount -t tmpfs tmpfs /there/mine && touch /there/mine/made")
    assert engine.host.path(shared / "mine" / "made").exists() is container_to_host


@hull_only
@pytest.mark.parametrize("mode, words", [("shared", "but it is not a shared mount"), ("slave", "but it is not a shared or slave mount")])
def test_a_source_that_does_not_spread_is_refused(engine, docker, shared, mode, words):
    engine.host.mount("--make-private", shared)
    error = docker("run", "--rm", "-v", f"{shared}/below:/there:{mode}", "busybox", "true", code=125).err
    assert f"path {shared}/below is mounted on {shared} {words}" in error


@pytest.mark.modern("read-only is recursive since API 1.44")
def test_read_only_holds_for_mounts_below(engine, inside, shared):
    engine.host.mount("-t", "tmpfs", "tmpfs", shared / "below")
    script = "touch /there/below/x 2>/dev/null && echo open || echo closed"
    mount = f"type=bind,src={shared},dst=/there,readonly"
    assert inside(script, "--mount", mount) == "closed"
    assert inside(script, "--mount", mount + ",bind-recursive=writable") == "open"
    assert inside(script, "--mount", mount + ",bind-recursive=readonly,bind-propagation=rprivate") == "closed"
    assert inside("ls /there/below", "--mount", f"type=bind,src={shared},dst=/there,bind-recursive=disabled") == ""


# Other owners


@pytest.mark.hull("owners of binds are Hull's own")
def test_owners_can_be_mapped(inside, tmp_path):
    (tmp_path / "file").write_text("x")
    os.chown(tmp_path / "file", 1000, 1000)
    script = "stat -c '%u %g' /there/file; touch /there/made"
    os.chown(tmp_path, 1000, 1000)
    assert inside(script, "-v", f"{tmp_path}:/there:idmap=1000-0-1") == "0 0"
    made = (tmp_path / "made").stat()
    assert (made.st_uid, made.st_gid) == (1000, 1000)
    assert inside("stat -c '%u %g' /there/file", "-v", f"{tmp_path}:/there:ro,idmap=u1000-5-1+g1000-6-2") == "5 6"


@pytest.mark.hull("owners of binds are Hull's own")
@pytest.mark.parametrize("bad", ["", "1-2", "1-2-0", "a-b-c", "u1-2-3", "1-2-3+", "4294967295-0-2"])
def test_a_wrong_mapping_is_refused(api, bad):
    mount = {"Type": "bind", "Source": "/tmp", "Target": "/x", "BindOptions": {"IDMap": bad or " "}}
    answer = api("POST", "/containers/create", {"Image": "busybox", "HostConfig": {"Mounts": [mount]}})
    assert answer.status == 400 and "invalid idmap" in answer.message


@pytest.mark.hull("what an OCI runtime cannot mount itself is prepared for it by the shim")
def test_parts_images_and_owners_work_under_runc_too(fresh_engine, tmp_path):
    program = shutil.which("runc") or pytest.skip("runc is not installed")
    engine = fresh_engine("--add-runtime", f"runc={program}")
    docker = engine.docker
    docker("run", "--rm", "-v", "vol:/data", "busybox", "sh", "-c", "mkdir /data/sub; echo part > /data/sub/file")
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file"):
        os.chown(path, 1000, 1000)
    flags = ["--mount", "type=volume,src=vol,dst=/part,volume-subpath=sub", "--mount", "type=image,src=busybox,dst=/image,image-subpath=bin"]
    script = "cat /part/file; test -e /image/busybox && echo image; touch /image/x 2>/dev/null || echo refused; stat -c %u /owned/file"
    out = docker("run", "--rm", "--runtime", "runc", *flags, "-v", f"{tmp_path}:/owned:idmap=1000-0-1", "busybox", "sh", "-c", script)
    assert out.lines == ["part", "image", "refused", "0"]
