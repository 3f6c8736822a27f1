# SPDX-License-Identifier: Apache-2.0
"""What Hull does with whole volumes: clone, rename, snapshot, export, import, du, and limits of their size."""
import gzip
import io
import json
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from support import processes
from support.engine import KIND
from support.http import UnixConnection
from support.images import BUSYBOX
from support.waiting import until

pytestmark = pytest.mark.skipif(KIND == "docker", reason="verbs of volumes are Hull's own")


@pytest.fixture
def data(api):
    """data(volume) is where the host finds a volume's content."""
    return lambda volume: Path(api("GET", f"/volumes/{volume}").json()["Mountpoint"])


@pytest.fixture
def filled(hull, data, name):
    """A volume with one of everything that a file system can hold."""
    hull("volume", "create", "--label", "colour=red", name)
    populate(data(name))
    return name


def populate(root):
    (root / "dir" / "deep").mkdir(parents=True)
    (root / "dir" / "file").write_bytes(b"content\n")
    os.link(root / "dir" / "file", root / "linked")
    os.symlink("/etc/passwd", root / "absolute")
    os.symlink("nowhere", root / "dir" / "dangling")
    os.mkfifo(root / "pipe", 0o620)
    os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.mknod(root / "disk", stat.S_IFBLK | 0o660, os.makedev(7, 300))
    with open(root / "sparse", "wb") as sparse:
        sparse.write(b"head")
        sparse.seek(64 << 20)
        sparse.write(b"tail")
    (root / os.fsdecode(b"not \xff utf-8\n")).touch()
    os.setxattr(root / "dir" / "file", "user.colour", b"red\0green")
    os.setxattr(root / "dir", "trusted.mark", b"1")
    (root / "set").write_text("x")
    os.chown(root / "set", 1234, 5678)
    os.chmod(root / "set", 0o6755)
    os.lchown(root / "absolute", 7, 8)
    os.chmod(root / "dir", 0o1770)
    os.chown(root, 999, 998)
    os.chmod(root, 0o2750)
    for path in (root / "absolute", root / "set", root / "pipe", root / "dir" / "deep", root / "dir", root):
        os.utime(path, ns=(1_000_000_001_000_000_000, 1_234_567_890_000_000_000), follow_symlinks=False)


def tree(root):
    """Everything about a tree that a copy must keep. Hard links are shown by the first of their names."""
    found, first = {}, {}
    for path in sorted([root, *root.rglob("*")], key=os.fsencode):
        status = os.lstat(path)
        name = os.fsencode(path.relative_to(root))
        entry = [stat.filemode(status.st_mode), status.st_uid, status.st_gid, int(status.st_mtime), status.st_nlink]
        entry.append({key: os.getxattr(path, key, follow_symlinks=False) for key in os.listxattr(path, follow_symlinks=False)})
        entry.append(first.setdefault(status.st_ino, name))
        if stat.S_ISLNK(status.st_mode):
            entry.append(os.readlink(path))
        elif stat.S_ISREG(status.st_mode):
            entry.append((status.st_size, path.read_bytes()))
        elif not stat.S_ISDIR(status.st_mode):
            entry.append(status.st_rdev)
        found[name] = entry
    return found


def directories(engine):
    return sorted(path.name for path in (engine.root / "volumes").iterdir())


def volumes(docker):
    return sorted(docker("volume", "ls", "-q").lines)


def in_background(api, *request):
    """Asks, and lives with an engine that is killed before it answers."""

    def ask():
        try:
            api(*request)
        except OSError:
            pass

    client = threading.Thread(target=ask)
    client.start()
    return client


# Clone


def test_a_clone_is_like_its_original_in_everything(hull, api, data, filled):
    before = tree(data(filled))
    assert hull("volume", "clone", filled, f"{filled}-2").out == f"{filled}-2"
    assert tree(data(f"{filled}-2")) == before == tree(data(filled))
    assert os.lstat(data(f"{filled}-2") / "dir" / "file").st_ino != os.lstat(data(filled) / "dir" / "file").st_ino
    assert os.lstat(data(f"{filled}-2") / "sparse").st_blocks * 512 < 1 << 20
    made = api("GET", f"/volumes/{filled}-2").json()
    assert made["Labels"] == {"colour": "red"} and made["Options"] is None


def test_a_clone_keeps_sub_second_times_and_sockets(hull, data, name):
    hull("volume", "create", name)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(data(name) / "socket"))
    os.utime(data(name) / "socket", ns=(5, 7))
    hull("volume", "clone", name, f"{name}-2")
    status = os.lstat(data(f"{name}-2") / "socket")
    assert stat.S_ISSOCK(status.st_mode) and (status.st_atime_ns, status.st_mtime_ns) == (5, 7)


def test_original_and_clone_go_their_own_ways(hull, inside, docker, name):
    inside("echo one > /data/file", "-v", f"{name}:/data")
    hull("volume", "clone", name, f"{name}-2")
    inside("echo two > /data/file", "-v", f"{name}:/data")
    assert inside("cat /data/file", "-v", f"{name}-2:/data") == "one"
    docker("volume", "rm", name)
    assert inside("cat /data/file", "-v", f"{name}-2:/data") == "one"


def test_a_volume_in_use_is_cloned(hull, docker, run, inside, name):
    container = run("-v", f"{name}:/data", command=("sh", "-c", "while :; do for i in 1 2 3 4 5 6 7 8 9; do echo $i > /data/new; mv /data/new /data/$i; rm -f /data/$((10 - i)); done; done"))
    docker("exec", container, "sh", "-c", "echo kept > /data/kept")
    for number in range(5):
        hull("volume", "clone", name, f"{name}-{number}")
        assert inside("cat /data/kept", "-v", f"{name}-{number}:/data") == "kept"


def test_a_clone_of_what_is_mounted_has_the_content_itself(hull, docker, api, run, data, tmp_path, name):
    (tmp_path / "file").write_text("of the host")
    docker("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", f"device={tmp_path}", name)
    hull("volume", "clone", name, f"{name}-2")
    assert (data(f"{name}-2") / "file").read_text() == "of the host" and api("GET", f"/volumes/{name}-2").json()["Options"] is None
    docker("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", f"{name}-tmpfs")
    run("-v", f"{name}-tmpfs:/data", command=("sh", "-c", "touch /data/file; exec sleep 1000"))
    until(lambda: hull("volume", "du", "--format", "{{.Inodes}}", f"{name}-tmpfs").out == "2", "the file is there")
    hull("volume", "clone", f"{name}-tmpfs", f"{name}-3")
    assert os.listdir(data(f"{name}-3")) == ["file"]


@pytest.mark.parametrize(
    "new, status, words",
    [
        ("", 400, "clone : volume name is too short"),
        ("x", 400, "clone x: volume name is too short"),
        ("../x", 400, 'clone ../x: "../x" includes invalid characters'),
        ("ORIGINAL", 409, "there is a volume"),
    ],
)
def test_a_wrong_name_of_a_clone_is_refused(api, engine, filled, new, status, words):
    before = directories(engine)
    answer = api("POST", f"/hull/volumes/{filled}/clone", {"Name": filled if new == "ORIGINAL" else new})
    assert answer.status == status and words in answer.message and directories(engine) == before


@pytest.mark.parametrize("method, verb, body", [("POST", "clone", {"Name": "new"}), ("POST", "rename", {"Name": "new"}), ("POST", "restore", {"Snapshot": "x"}), ("GET", "archive", None), ("GET", "usage", None)])
def test_what_is_not_there_is_404_in_dockers_words(api, method, verb, body):
    answer = api(method, f"/hull/volumes/nosuch/{verb}", body)
    assert (answer.status, answer.message) == (404, "get nosuch: no such volume")


@pytest.mark.parametrize("verb", ["clone", "rename", "restore"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"Name": 5}'])
def test_a_malformed_body_is_400(api, filled, verb, body):
    assert api("POST", f"/hull/volumes/{filled}/{verb}", body).status in (400, 404)


def test_a_clone_that_cannot_be_finished_leaves_nothing(hull, engine, docker, data, name):
    hull("volume", "create", name)
    folder = os.open(data(name), os.O_RDONLY)
    for _ in range(30):  # deeper than a path can be long
        os.mkdir("d" * 200, dir_fd=folder)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    assert hull("volume", "clone", name, f"{name}-2", code=1).err
    assert directories(engine) == [name] and volumes(docker) == [name]


def test_a_clone_that_a_kill_interrupts_leaves_nothing(fresh_engine):
    engine = fresh_engine()
    engine.docker("volume", "create", "big")
    content = engine.root / "volumes" / "big" / "_data"
    for number in range(20000):
        (content / str(number)).touch()
    client = in_background(engine.api, "POST", "/hull/volumes/big/clone", {"Name": "copy"})
    until(lambda: len(directories(engine)) > 1, "the copying has begun")
    engine.kill()
    client.join()
    assert len(directories(engine)) == 2 and "copy" not in directories(engine)
    engine.start()
    assert directories(engine) == ["big"] and volumes(engine.docker) == ["big"]
    engine.hull("volume", "clone", "big", "copy")
    assert len(os.listdir(engine.root / "volumes" / "copy" / "_data")) == 20000
    engine.kill()
    engine.start()
    assert directories(engine) == volumes(engine.docker) == ["big", "copy"]


# Rename


def test_a_renamed_volume_keeps_everything_but_its_name(hull, api, docker, engine, data, filled):
    before, volume = tree(data(filled)), api("GET", f"/volumes/{filled}").json()
    hull("volume", "rename", filled, f"{filled}-new")
    assert tree(data(f"{filled}-new")) == before and directories(engine) == [f"{filled}-new"] == volumes(docker)
    after = api("GET", f"/volumes/{filled}-new").json()
    assert (after["Labels"], after["CreatedAt"]) == (volume["Labels"], volume["CreatedAt"])


def test_a_volume_that_a_container_has_keeps_its_name(api, docker, filled):
    container = docker("create", "-v", f"{filled}:/data", "busybox").out
    answer = api("POST", f"/hull/volumes/{filled}/rename", {"Name": "other"})
    assert (answer.status, answer.message) == (409, f"rename {filled}: volume is in use - [{container}]")
    assert volumes(docker) == [filled]


def test_a_wrong_or_taken_new_name_is_refused(api, docker, filled):
    docker("volume", "create", f"{filled}-taken")
    answers = [api("POST", f"/hull/volumes/{filled}/rename", {"Name": new}) for new in ("a/b", "", filled, f"{filled}-taken")]
    assert [answer.status for answer in answers] == [400, 400, 409, 409] and answers[0].message.startswith("rename a/b: ")
    assert volumes(docker) == [filled, f"{filled}-taken"]


def test_a_volume_without_a_name_gets_one(hull, api, docker, name):
    anonymous = api("POST", "/volumes/create", {}).json()["Name"]
    hull("volume", "rename", anonymous, name)
    assert api("GET", f"/volumes/{name}").json()["Labels"] == {}
    assert api("POST", "/volumes/prune").json()["VolumesDeleted"] in ([], None) and volumes(docker) == [name]


@pytest.mark.parametrize("moved", [False, True], ids=["before", "after"])
def test_a_rename_that_a_kill_interrupts_is_finished_or_forgotten(fresh_engine, moved):
    engine = fresh_engine(busybox=False)
    engine.hull("volume", "create", "old")
    engine.hull("volume", "snapshot", "create", "old", "snap")
    engine.kill()
    with sqlite3.connect(engine.root / "hull.db") as database:
        database.execute("UPDATE volume SET renaming = 'new' WHERE name = 'old'")
    database.close()
    if moved:
        (engine.root / "volumes" / "old").rename(engine.root / "volumes" / "new")
    engine.start()
    name = "new" if moved else "old"
    assert volumes(engine.docker) == directories(engine) == [name, "snap"]
    assert engine.hull("volume", "snapshot", "ls", "-q", name).lines == ["snap"]
    engine.hull("volume", "rename", name, "third")
    engine.kill()
    engine.start()
    assert volumes(engine.docker) == directories(engine) == ["snap", "third"]


# Snapshots


def test_a_snapshot_stays_as_the_volume_was(hull, inside, data, filled):
    before = tree(data(filled))
    snapshot = hull("volume", "snapshot", "create", filled).out
    assert snapshot.startswith(f"{filled}-snapshot-2") and tree(data(snapshot)) == before
    inside("echo changed > /data/dir/file", "-v", f"{filled}:/data")
    out = inside("cat /snap/dir/file; touch /snap/x 2>/dev/null || echo refused", "-v", f"{snapshot}:/snap")
    assert out.splitlines() == ["content", "refused"]


def test_snapshots_are_listed_by_volume(hull, filled):
    hull("volume", "create", f"{filled}-other")
    hull("volume", "snapshot", "create", filled, f"{filled}-a")
    hull("volume", "snapshot", "create", filled, f"{filled}-b")
    hull("volume", "snapshot", "create", f"{filled}-other", f"{filled}-c")
    assert hull("volume", "snapshot", "ls", "-q", filled).lines == [f"{filled}-a", f"{filled}-b"]
    assert hull("volume", "snapshot", "ls", "--format", "{{.Name}} {{.Volume}}").lines[-1] == f"{filled}-c {filled}-other"
    hull("volume", "rename", filled, f"{filled}-new")
    assert hull("volume", "snapshot", "ls", "-q", f"{filled}-new").lines == [f"{filled}-a", f"{filled}-b"]
    hull("volume", "snapshot", "rm", f"{filled}-a")
    assert hull("volume", "snapshot", "ls", "-q", f"{filled}-new").lines == [f"{filled}-b"]


def test_a_volume_is_restored(hull, docker, inside, engine, data, filled):
    before = tree(data(filled))
    container = docker("create", "-v", f"{filled}:/data", "busybox", "cat", "/data/dir/file").out
    hull("volume", "snapshot", "create", filled, f"{filled}-s")
    inside("rm -rf /data/*; touch /data/other", "-v", f"{filled}:/data")
    assert hull("volume", "snapshot", "restore", f"{filled}-s").out == filled
    assert tree(data(filled)) == before == tree(data(f"{filled}-s")) and len(directories(engine)) == 2
    assert docker("start", "-a", container).out == "content"


def test_a_volume_that_runs_is_not_restored_under_its_container(hull, api, docker, run, data, engine, filled):
    hull("volume", "snapshot", "create", filled, f"{filled}-s")
    container = run("-v", f"{filled}:/data")
    docker("exec", container, "touch", "/data/new")
    answer = api("POST", f"/hull/volumes/{filled}/restore", {"Snapshot": f"{filled}-s"})
    assert answer.status == 409 and container in answer.message
    assert (data(filled) / "new").exists() and len(directories(engine)) == 2
    assert api("POST", f"/hull/volumes/{filled}/restore", {"Snapshot": filled}).status == 400
    assert api("POST", f"/hull/volumes/{filled}/restore", {"Snapshot": "nosuch"}).status == 404


def test_a_clone_of_a_snapshot_can_be_written_to(hull, inside, filled):
    hull("volume", "snapshot", "create", filled, f"{filled}-s")
    hull("volume", "clone", f"{filled}-s", f"{filled}-2")
    assert inside("touch /data/x && cat /data/dir/file", "-v", f"{filled}-2:/data") == "content"
    assert hull("volume", "snapshot", "ls", "-q", filled).lines == [f"{filled}-s"]


# Export and import


def packed(*members):
    """A tar of (name, content or TarInfo changes)."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, dict):
                for key, value in content.items():
                    setattr(info, key, value)
                content = b""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return archive.getvalue()


def test_what_is_exported_comes_back_the_same(hull, data, filled, tmp_path):
    hull("volume", "export", "-o", tmp_path / "out.tar", filled)
    assert hull("volume", "import", "-i", tmp_path / "out.tar", "--label", "a=b", f"{filled}-2").out == f"{filled}-2"
    assert tree(data(f"{filled}-2")) == tree(data(filled))
    assert hull("volume", "import", f"{filled}-3", stdin=hull("volume", "export", filled).stdout).out == f"{filled}-3"
    assert tree(data(f"{filled}-3")) == tree(data(filled))


def test_other_programs_read_the_archive(hull, filled, tmp_path):
    subprocess.run(["tar", "-x", "-C", tmp_path], input=hull("volume", "export", filled).stdout, check=True)
    assert (tmp_path / "dir" / "file").read_bytes() == b"content\n" and os.lstat(tmp_path).st_uid == 999


@pytest.mark.parametrize("squeeze", [gzip.compress, lambda data: subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout], ids=["gzip", "zstd"])
def test_compressed_archives_are_taken(hull, inside, name, squeeze, request):
    if "zstd" in request.node.name and not shutil.which("zstd"):
        pytest.skip("zstd is not installed")
    hull("volume", "import", name, stdin=squeeze(packed(("dir/file", b"content"))))
    assert inside("cat /data/dir/file", "-v", f"{name}:/data") == "content"


HOSTILE = {
    "dots": [("../escaped", b"x")],
    "through a link": [("link", {"type": tarfile.SYMTYPE, "linkname": "/tmp"}), ("link/escaped", b"x")],
    "link out": [("hard", {"type": tarfile.LNKTYPE, "linkname": "../../hull.db"})],
    "link to nothing": [("hard", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})],
    "root replaced": [(".", {"type": tarfile.SYMTYPE, "linkname": "/tmp"})],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_and_leaves_nothing(api, engine, docker, name, members):
    answer = api("PUT", f"/hull/volumes/{name}/archive", packed(("fine", b"x"), *members))
    assert answer.status == 400 and "refused" in answer.message
    assert volumes(docker) == [] and directories(engine) == [] and not os.path.exists("/tmp/escaped")


@pytest.mark.parametrize("body", [packed(("file", b"x" * 5000))[:3000], b"nonsense" * 200, gzip.compress(packed(("file", os.urandom(5000))))[:-3000]], ids=["short", "nonsense", "short gzip"])
def test_a_broken_archive_leaves_nothing(api, engine, docker, name, body):
    assert api("PUT", f"/hull/volumes/{name}/archive", body).status == 400
    assert volumes(docker) == [] and directories(engine) == []


def test_content_is_replaced_whole_or_not_at_all(hull, api, engine, docker, data, filled):
    before = tree(data(filled))
    answer = api("PUT", f"/hull/volumes/{filled}/archive", packed(("new", b"x")))
    assert answer.status == 409 and "--replace" in answer.message
    assert api("PUT", f"/hull/volumes/{filled}/archive?replace=1", packed(("new", b"x"), ("../up", b"x"))).status == 400
    assert tree(data(filled)) == before and directories(engine) == [filled]
    hull("volume", "import", "--replace", filled, stdin=packed(("new", b"x")))
    assert os.listdir(data(filled)) == ["new"] and directories(engine) == [filled]
    assert api("GET", f"/volumes/{filled}").json()["Labels"] == {"colour": "red"}


def test_content_of_a_volume_in_use_is_not_replaced(api, run, data, filled):
    before = tree(data(filled))
    run("-v", f"{filled}:/data")
    assert api("PUT", f"/hull/volumes/{filled}/archive?replace=1", packed(("new", b"x"))).status == 409
    assert tree(data(filled)) == before


def test_an_upload_that_stalls_holds_nobody_up_and_leaves_nothing(engine, docker, data, filled):
    before, body = tree(data(filled)), packed(("new", b"x" * 100_000))
    connection = UnixConnection(engine.socket)
    connection.putrequest("PUT", f"/hull/volumes/{filled}/archive?replace=1")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:50_000])
    until(lambda: len(directories(engine)) == 2, "the unpacking has begun")
    container = docker("create", "-v", f"{filled}:/data", "busybox", "cat", "/data/dir/file").out
    assert docker("start", "-a", container).out == "content"
    connection.close()
    until(lambda: directories(engine) == [filled], "what was unpacked is gone")
    assert tree(data(filled)) == before


def test_a_wrong_name_or_size_is_refused(api, docker):
    assert api("PUT", "/hull/volumes/x/archive", packed(("new", b"x"))).status == 400
    assert api("PUT", "/hull/volumes/fine/archive?size=nonsense", packed(("new", b"x"))).status == 400
    assert api("PUT", "/hull/volumes/fine/archive?labels=[]", packed(("new", b"x"))).status == 400
    assert volumes(docker) == []


def test_memory_does_not_grow_with_the_archive(hull, engine, data, name):
    hull("volume", "create", name)
    with open(data(name) / "big", "wb") as big:
        big.truncate(200 << 20)
    processes.reset_peak(engine.pid)
    before = processes.resident(engine.pid)
    with hull.start("volume", "export", name) as exporting:
        hull("volume", "import", f"{name}-2", stdin=exporting.stdout)
    assert os.lstat(data(f"{name}-2") / "big").st_size == 200 << 20
    assert processes.peak_resident(engine.pid) - before < 60 << 10


# Usage


def test_usage_counts_blocks_once(hull, docker, api, name):
    hull("volume", "create", name)
    place = Path(api("GET", f"/volumes/{name}").json()["Mountpoint"])
    (place / "file").write_bytes(b"x" * 100_000)
    os.link(place / "file", place / "linked")
    with open(place / "sparse", "wb") as sparse:
        sparse.truncate(1 << 30)
    docker("create", "--name", f"{name}-user", "-v", f"{name}:/data", "busybox")
    space = api("GET", f"/hull/volumes/{name}/usage").json()
    blocks = sum(os.lstat(path).st_blocks * 512 for path in (place, place / "file", place / "sparse"))
    assert space == {"Name": name, "Size": blocks, "Inodes": 3, "Limit": 0, "LimitedBy": "", "UsedBy": [f"{name}-user"]}
    lines = hull("volume", "du").lines
    assert lines[0].split("  ")[0] == "VOLUME NAME" and lines[0].split()[2:] == ["SIZE", "INODES", "LIMIT", "USED", "BY"]
    assert lines[1].split()[0] == name and lines[1].split()[-3:] == ["3", "-", f"{name}-user"]
    assert json.loads(hull("volume", "du", "--format", "json", name).out)["Bytes"] == str(blocks)
    assert hull("volume", "du", "nosuch", code=1).err == "Error response from daemon: get nosuch: no such volume"


# Limits of size


needs_loop = pytest.mark.skipif(not os.path.exists("/dev/loop-control"), reason="there are no loop devices, on which limited volumes fall back")


@pytest.fixture
def limited(hull, name):
    """A volume that may hold 10 MB."""
    hull("volume", "create", "--size", "10m", name)
    return name


def loops(engine):
    """Loop devices whose file is the engine's."""
    return [path for path in Path("/sys/block").glob("loop*/loop/backing_file") if str(engine.root) in read(path)]


def read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


@needs_loop
def test_a_limited_volume_is_full_when_it_is_full(api, inside, limited):
    assert api("GET", f"/volumes/{limited}").json()["Options"] == {"size": "10m"}
    script = "exec 2>&1; df -k /data | tail -1; head -c 4000000 /dev/zero > /data/fits && echo fits; dd if=/dev/zero of=/data/more bs=1M count=20 || echo full"
    out = inside(script, "-v", f"{limited}:/data").splitlines()
    assert int(out[0].split()[1]) <= 10240 and "fits" in out and "full" in out and any("No space left" in line for line in out)
    space = api("GET", f"/hull/volumes/{limited}/usage").json()
    assert space["Limit"] == 10 << 20 and space["LimitedBy"] in ("project quota", "block file") and space["Size"] <= 10 << 20


@needs_loop
def test_its_content_stays_and_its_removal_leaves_nothing(docker, engine, inside, limited):
    inside("echo kept > /data/file", "-v", f"{limited}:/data")
    assert inside("ls -A /data; cat /data/file", "-v", f"{limited}:/data").splitlines() == ["file", "kept"]
    docker("volume", "rm", limited)
    assert directories(engine) == [] and not any(f"/volumes/{limited}" in mount for mount in engine.host.mounts())
    until(lambda: not loops(engine), "its loop device is let go of")


@needs_loop
def test_a_clone_of_a_limited_volume_is_limited_too(hull, api, engine, inside, limited):
    inside("head -c 4000000 /dev/urandom > /data/file; sha256sum /data/file > /data/sum", "-v", f"{limited}:/data")
    hull("volume", "clone", limited, f"{limited}-2")
    assert api("GET", f"/hull/volumes/{limited}-2/usage").json()["Limit"] == 10 << 20
    out = inside("sha256sum -c /data/sum; head -c 20000000 /dev/zero > /data/more || echo full", "-v", f"{limited}-2:/data")
    assert "OK" in out and "full" in out
    hull("volume", "snapshot", "create", limited, f"{limited}-s")
    inside("rm /data/file", "-v", f"{limited}:/data")
    hull("volume", "snapshot", "restore", f"{limited}-s")
    assert "OK" in inside("sha256sum -c /data/sum", "-v", f"{limited}:/data")


@needs_loop
def test_what_does_not_fit_is_not_imported(api, docker, engine, name):
    body = packed(("big", os.urandom(12 << 20)))
    answer = api("PUT", f"/hull/volumes/{name}/archive?size=10m", body)
    assert answer.status >= 400 and ("fit" in answer.message or "No space left" in answer.message or "no space left" in answer.message)
    assert volumes(docker) == [] and directories(engine) == []
    until(lambda: not loops(engine), "its loop device is let go of")


@pytest.mark.parametrize("size, words", [("nonsense", "invalid size"), ("-1", "invalid size"), ("100k", "must be at least 1m"), ("", "invalid size")])
def test_a_wrong_size_is_refused(api, engine, name, size, words):
    answer = api("POST", "/volumes/create", {"Name": name, "DriverOpts": {"size": size}})
    assert answer.status == 400 and words in answer.message and directories(engine) == []


@needs_loop
def test_limited_volumes_survive_a_daemon_that_is_killed(fresh_engine):
    engine = fresh_engine()
    docker = engine.docker
    docker("volume", "create", "-o", "size=10m", "limited")
    docker("run", "-d", "--name", "holder", "-v", "limited:/data", BUSYBOX, "sh", "-c", "echo kept > /data/file; exec sleep 1000")
    until(lambda: docker("exec", "holder", "cat", "/data/file", code=None).out == "kept", "the file is written")
    engine.kill()
    engine.start()
    assert "full" in docker("exec", "holder", "sh", "-c", "head -c 20000000 /dev/zero > /data/more || echo full; rm /data/more").out
    assert engine.api("DELETE", "/volumes/limited").status == 409
    assert docker("run", "--rm", "-v", "limited:/data", BUSYBOX, "cat", "/data/file").out == "kept"
    assert len(loops(engine)) <= 1
    docker("rm", "-f", "holder")
    assert docker("run", "--rm", "-v", "limited:/data", BUSYBOX, "cat", "/data/file").out == "kept"
    docker("volume", "rm", "limited")
    assert directories(engine) == []
    until(lambda: not loops(engine), "its loop device is let go of")
