# SPDX-License-Identifier: Apache-2.0
"""Mounts that come to a running container and go again: `hull container mount add` and `rm`."""
import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from support.engine import KIND
from support.images import busybox_tar, folder, regular

pytestmark = pytest.mark.skipif(KIND == "docker", reason="mounts of running containers are Hull's own")


@pytest.fixture
def mounts(docker):
    """mounts(container) is what inspect shows, by destination."""
    return lambda container: {mount["Destination"]: mount for mount in json.loads(docker("inspect", container).out)[0]["Mounts"]}


@pytest.fixture
def add(hull):
    return lambda container, spec, code=0: hull("container", "mount", "add", container, spec, code=code)


@pytest.fixture
def remove(hull):
    return lambda container, *paths, code=0: hull("container", "mount", "rm", container, *paths, code=code)


def mounted(docker, container):
    """Where something is mounted in a running container, as it sees it."""
    return [line.split()[1] for line in docker("exec", container, "cat", "/proc/mounts").lines]


def test_a_bind_comes_and_goes_while_the_container_runs(docker, run, add, remove, mounts, tmp_path):
    (tmp_path / "file").write_text("of the host\n")
    container = run()
    add(container, f"{tmp_path}:/new/place")
    assert docker("exec", container, "cat", "/new/place/file").out == "of the host"
    docker("exec", container, "touch", "/new/place/made")
    assert (tmp_path / "made").exists()
    assert mounts(container)["/new/place"]["Source"] == str(tmp_path) and mounts(container)["/new/place"]["RW"] is True
    remove(container, "/new/place")
    assert docker("exec", container, "ls", "/new/place").out == "" and mounts(container) == {}


def test_it_stays_after_a_restart_and_what_went_does_not_come_back(docker, run, add, remove, mounts, tmp_path):
    container = run("-v", f"{tmp_path}:/first")
    for place in ("/stays", "/goes"):
        add(container, f"type=bind,source={tmp_path},target={place},readonly")
    remove(container, "/goes", "/first")
    docker("restart", "-t", "0", container)
    assert "/stays" in mounted(docker, container) and not {"/goes", "/first"} & set(mounted(docker, container))
    assert docker("exec", container, "touch", "/stays/x", code=None).code
    host = json.loads(docker("inspect", container).out)[0]["HostConfig"]
    assert [mount["Target"] for mount in host["Mounts"]] == ["/stays"] and not host["Binds"] and list(mounts(container)) == ["/stays"]


def test_a_container_that_is_made_anew_keeps_it(hull, docker, run, add, remove, mounts, name, tmp_path):
    container = run()
    add(container, f"{tmp_path}:/bind")
    add(container, f"{name}:/volume")
    add(container, "type=image,src=busybox,dst=/image")
    add(container, f"{tmp_path}:/gone")
    remove(container, "/gone")
    docker("exec", container, "touch", "/volume/file")
    hull("container", "recreate", container, "-e", "A=1")
    assert set(mounts(container)) == {"/bind", "/volume", "/image"} <= set(mounted(docker, container))
    assert docker("exec", container, "sh", "-c", "ls /volume; echo $A").lines == ["file", "1"]
    remove(container, "/bind", "/volume", "/image")
    assert not {"/bind", "/volume", "/image"} & set(mounted(docker, container))


def test_a_file_is_mounted_on_a_file(docker, run, add, remove, tmp_path):
    (tmp_path / "passwd").write_text("nobody here\n")
    container = run()
    before = docker("exec", container, "cat", "/etc/passwd").out
    add(container, f"type=bind,src={tmp_path}/passwd,dst=/etc/passwd")
    assert docker("exec", container, "cat", "/etc/passwd").out == "nobody here"
    remove(container, "/etc/passwd")
    assert docker("exec", container, "cat", "/etc/passwd").out == before


def test_a_volume_is_made_filled_and_counted(docker, api, add, remove, name):
    def more(archive):
        folder(archive, "data")
        regular(archive, "data/file", b"of the image\n")

    docker("import", "-", f"{name}:1", stdin=busybox_tar(more))
    container = docker("run", "-d", f"{name}:1", "sleep", "1000").out
    add(container, f"{name}:/data")
    assert docker("exec", container, "cat", "/data/file").out == "of the image"
    assert api("DELETE", f"/volumes/{name}").status == 409
    add(container, f"{name}:/again")
    remove(container, "/data")
    assert api("DELETE", f"/volumes/{name}").status == 409 and docker("exec", container, "ls", "/again").out == "file"
    remove(container, "/again")
    assert api("DELETE", f"/volumes/{name}").status == 204
    docker("rm", "-f", container)
    docker("rmi", f"{name}:1")


def test_a_volume_without_a_name_goes_with_its_container(docker, run, add, mounts):
    container = run()
    add(container, "/anonymous")
    assert docker("volume", "ls", "-q").lines == [mounts(container)["/anonymous"]["Name"]]
    docker("rm", "-f", "-v", container)
    assert docker("volume", "ls", "-q").lines == []


def test_the_drivers_mounts_come_and_go_with_it(docker, engine, run, add, remove, api, name):
    container = run()
    add(container, f"type=volume,src={name},dst=/data,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=1m")
    place = api("GET", f"/volumes/{name}").json()["Mountpoint"]
    assert "1024" in docker("exec", container, "df", "-k", "/data").lines[-1] and place in engine.host.mounts()
    remove(container, "/data")
    assert place not in engine.host.mounts() and "/data" not in mounted(docker, container)


def test_tmpfs_and_images_are_mounted(docker, run, add, remove):
    container = run("--tmpfs", "/original")
    add(container, "type=tmpfs,dst=/memory,tmpfs-size=1m,tmpfs-mode=0700")
    assert "1024" in docker("exec", container, "df", "-k", "/memory").lines[-1]
    assert docker("exec", container, "stat", "-c", "%a", "/memory").out == "700"
    add(container, "type=image,src=busybox,dst=/image,image-subpath=bin")
    assert docker("exec", container, "ls", "/image/busybox").out == "/image/busybox"
    assert docker("exec", container, "touch", "/image/x", code=None).code
    docker("restart", "-t", "0", container)
    assert {"/memory", "/image", "/original"} <= set(mounted(docker, container))
    remove(container, "/memory", "/image", "/original")
    assert not {"/memory", "/image", "/original"} & set(mounted(docker, container))
    docker("restart", "-t", "0", container)
    assert not {"/memory", "/image", "/original"} & set(mounted(docker, container))


def test_a_paused_container_takes_mounts(docker, run, add, tmp_path):
    container = run()
    docker("pause", container)
    add(container, f"{tmp_path}:/new")
    docker("unpause", container)
    assert "/new" in mounted(docker, container)


@pytest.mark.parametrize(
    "mount, status, words",
    [
        ({"Type": "bind", "Source": "/tmp", "Target": "/taken"}, 409, "Duplicate mount point: /taken"),
        ({"Type": "bind", "Source": "/tmp", "Target": "/taken/../taken/"}, 409, "Duplicate mount point: /taken"),
        ({"Type": "bind", "Source": "/tmp", "Target": "/memory"}, 409, "Duplicate mount point: /memory"),
        ({"Type": "bind", "Source": "/tmp", "Target": "/"}, 400, "destination can't be '/'"),
        ({"Type": "bind", "Source": "/tmp", "Target": "/x/.."}, 400, "destination can't be '/'"),
        ({"Type": "bind", "Source": "/tmp", "Target": "/proc"}, 400, "cannot mount over /proc"),
        ({"Type": "bind", "Source": "/tmp", "Target": "/proc/self"}, 400, "cannot mount over /proc/self"),
        ({"Type": "bind", "Source": "/tmp", "Target": "/link"}, 400, "proc"),
        ({"Type": "bind", "Source": "/tmp", "Target": "x"}, 400, "mount path must be absolute"),
        ({"Type": "bind", "Source": "/nosuch", "Target": "/x"}, 400, "bind source path does not exist: /nosuch"),
        ({"Type": "bind", "Source": "/etc/passwd", "Target": "/bin"}, 400, "/bin"),
        ({"Type": "volume", "Source": "a/b", "Target": "/x"}, 400, "includes invalid characters"),
        ({"Type": "volume", "Source": "fresh", "Target": "/x", "VolumeOptions": {"Subpath": "nosuch"}}, 400, "nosuch"),
        ({"Type": "volume", "Source": "fresh", "Target": "/bin/busybox/x"}, 400, "/bin/busybox/x"),
        ({"Type": "volume", "Target": "/bin/busybox"}, 400, "/bin/busybox"),
        ({"Type": "image", "Source": "nosuch:1", "Target": "/x"}, 404, "No such image: nosuch:1"),
        ({"Type": "nothing", "Target": "/x"}, 400, "mount type unknown"),
    ],
    ids=lambda value: json.dumps(value)[:70] if isinstance(value, dict) else "",
)
def test_what_cannot_be_mounted_is_refused_and_leaves_nothing(api, docker, run, mounts, mount, status, words):
    container = run("-v", "/taken", "--tmpfs", "/memory")
    docker("exec", container, "ln", "-s", "/proc", "/link")
    before = mounted(docker, container), mounts(container), docker("volume", "ls", "-q").lines
    answer = api("POST", f"/hull/containers/{container}/mounts", mount)
    assert answer.status == status and words in answer.message
    assert (mounted(docker, container), mounts(container), docker("volume", "ls", "-q").lines) == before


def test_what_the_driver_cannot_mount_leaves_nothing(docker, run, add, mounts, name):
    container = run()
    spec = f"type=volume,src={name},dst=/data,volume-opt=type=none,volume-opt=device=/nosuch,volume-opt=o=bind"
    assert "no such file or directory" in add(container, spec, code=1).err
    assert docker("volume", "ls", "-q").lines == [] and mounts(container) == {}


def test_only_a_running_container_takes_mounts(docker, api, name, tmp_path):
    docker("create", "--name", name, "-v", "/data", "busybox", "true")
    mount = {"Type": "bind", "Source": str(tmp_path), "Target": "/x"}
    answer = api("POST", f"/hull/containers/{name}/mounts", mount)
    assert answer.status == 409 and "is not running" in answer.message
    assert api("DELETE", f"/hull/containers/{name}/mounts?path=/data").status == 409
    assert api("POST", "/hull/containers/nosuch/mounts", mount).status == 404
    assert api("POST", f"/hull/containers/{name}/mounts", b"").status == 400


def test_what_is_not_there_or_has_something_below_stays(docker, api, run, mounts, tmp_path):
    container = run("-v", "/data", "-v", f"{tmp_path}:/data/below")
    answer = api("DELETE", f"/hull/containers/{container}/mounts?path=/data")
    assert answer.status == 409 and "/data/below is mounted below it" in answer.message
    assert api("DELETE", f"/hull/containers/{container}/mounts?path=/etc/hosts").status == 404
    assert api("DELETE", f"/hull/containers/{container}/mounts?path=/proc").status == 404
    assert api("DELETE", f"/hull/containers/{container}/mounts?path=data").status == 400
    assert set(mounts(container)) == {"/data", "/data/below"} and "/data" in mounted(docker, container)


def test_what_the_workload_has_unmounted_itself_can_be_removed(docker, run, add, remove, mounts, tmp_path):
    container = run("--privileged")
    add(container, f"{tmp_path}:/new")
    docker("exec", container, "umount", "/new")
    remove(container, "/new")
    assert mounts(container) == {}


def test_it_survives_a_daemon_that_is_killed(fresh_engine):
    engine = fresh_engine()
    container = engine.docker("run", "-d", "busybox", "sleep", "1000").out
    for volume, options in (("plain", ""), ("memory", ",volume-opt=type=tmpfs,volume-opt=device=tmpfs")):
        engine.hull("container", "mount", "add", container, f"type=volume,src={volume},dst=/{volume}{options}")
    engine.kill()
    engine.start()
    assert {"/plain", "/memory"} <= set(mounted(engine.docker, container))
    assert [engine.api("DELETE", f"/volumes/{volume}").status for volume in ("plain", "memory")] == [409, 409]
    engine.hull("container", "mount", "rm", container, "/plain", "/memory")
    assert not {"/plain", "/memory"} & set(mounted(engine.docker, container))
    assert [engine.api("DELETE", f"/volumes/{volume}").status for volume in ("plain", "memory")] == [204, 204]


@pytest.mark.parametrize("going", [False, True], ids=["add", "rm"])
def test_a_kill_in_between_leaves_all_or_nothing(fresh_engine, going):
    engine = fresh_engine()
    container = engine.docker("run", "-d", "busybox", "sleep", "1000").out
    target = f"/hull/containers/{container}/mounts"

    def ask(method, where, body=None):
        try:
            engine.api(method, where, body)
        except OSError:
            pass  # killed before it answered

    for attempt in range(8):
        place, volume = f"/place{attempt}", f"volume{attempt}"
        mount = {"Type": "volume", "Source": volume, "Target": place, "VolumeOptions": {"DriverConfig": {"Options": {"type": "tmpfs", "device": "tmpfs"}}}}
        if going:
            assert engine.api("POST", target, mount).status == 204
        client = threading.Thread(target=ask, args=("DELETE", f"{target}?path={place}") if going else ("POST", target, mount))
        client.start()
        client.join(timeout=0.002 * attempt)
        engine.kill()
        client.join()
        engine.start()
        shown = {one["Destination"] for one in json.loads(engine.docker("inspect", container).out)[0]["Mounts"]}
        inside = {where for where in mounted(engine.docker, container) if where.startswith("/place")}
        assert shown == inside
        status = engine.api("DELETE", f"/volumes/{volume}").status
        assert status == 409 if place in shown else status in (204, 404)


def test_what_was_begun_when_the_daemon_died_is_looked_up_in_the_container(fresh_engine, tmp_path):
    engine = fresh_engine()
    container = engine.docker("run", "-d", "busybox", "sleep", "1000").out
    engine.docker("volume", "create", "vol")
    engine.hull("container", "mount", "add", container, f"{tmp_path}:/there")
    engine.hull("container", "mount", "add", container, "type=tmpfs,dst=/memory")
    engine.kill()
    database = sqlite3.connect(engine.root / "hull.db")
    definition = json.loads(database.execute("SELECT definition FROM container").fetchone()[0])
    there, memory = definition["mounts"]
    place = str(engine.root / "volumes" / "vol" / "_data")
    lost = [there | {"destination": "/missing"}, memory | {"destination": "/forgotten"}, there | {"kind": "volume", "name": "vol", "source": place, "destination": "/lost"}]
    definition["mounts"] = [mount | {"changing": True} for mount in (there, memory, *lost)]
    with database:
        database.execute("UPDATE container SET definition = ?", [json.dumps(definition).encode()])
    database.close()
    engine.start()
    assert [mount["Destination"] for mount in json.loads(engine.docker("inspect", container).out)[0]["Mounts"]] == ["/there", "/memory"]
    assert engine.api("DELETE", "/volumes/vol").status == 204
    engine.docker("restart", "-t", "0", container)
    assert {where for where in mounted(engine.docker, container) if where in ("/there", "/memory", "/missing", "/forgotten", "/lost")} == {"/there", "/memory"}


def test_it_works_under_runc_too(fresh_engine, tmp_path):
    program = shutil.which("runc") or pytest.skip("runc is not installed")
    engine = fresh_engine("--add-runtime", f"runc={program}")
    (tmp_path / "file").touch()
    container = engine.docker("run", "-d", "--runtime", "runc", "busybox", "sleep", "1000").out
    engine.hull("container", "mount", "add", container, f"{tmp_path}:/new")
    engine.hull("container", "mount", "add", container, "vol:/volume")
    assert engine.docker("exec", container, "ls", "/new").out == "file"
    engine.docker("restart", "-t", "0", container)
    assert {"/new", "/volume"} <= set(mounted(engine.docker, container))
    engine.hull("container", "mount", "rm", container, "/new")
    assert "/new" not in mounted(engine.docker, container) and Path(tmp_path / "file").exists()
