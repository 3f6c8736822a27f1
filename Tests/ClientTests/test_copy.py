# SPDX-License-Identifier: Apache-2.0
"""docker cp in both directions, and the archive part of the API."""
import base64
import io
import json
import os
import tarfile

import pytest
from support.images import folder, link, regular, tar_of


@pytest.fixture(params=["running", "stopped"])
def box(request, docker, name):
    """A container to copy into and out of: copying works whether or not it runs."""
    if request.param == "running":
        docker("run", "-d", "--name", name, "busybox", "sleep", "1000")
    else:
        docker("create", "--name", name, "busybox", "true")
    return name


def read(docker, box, path):
    with tarfile.open(fileobj=io.BytesIO(docker("cp", f"{box}:{path}", "-").stdout)) as archive:
        return archive.extractfile(archive.next()).read()


def names(docker, box, path):
    with tarfile.open(fileobj=io.BytesIO(docker("cp", f"{box}:{path}", "-").stdout)) as archive:
        return sorted(entry.name.rstrip("/") for entry in archive)


def test_a_file_goes_in_and_out(docker, box, tmp_path):
    (tmp_path / "in").write_bytes(os.urandom(100_000))
    docker("cp", tmp_path / "in", f"{box}:/etc/copied")
    docker("cp", f"{box}:/etc/copied", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "in").read_bytes()


def test_into_a_folder_keeps_the_name(docker, box, tmp_path):
    (tmp_path / "name").write_text("x")
    docker("cp", tmp_path / "name", f"{box}:/tmp/")
    docker("cp", tmp_path / "name", f"{box}:/home")
    assert read(docker, box, "/tmp/name") == read(docker, box, "/home/name") == b"x"


def test_a_running_container_sees_it_at_once(docker, run, tmp_path):
    identity = run()
    (tmp_path / "name").write_text("seen")
    docker("cp", tmp_path / "name", f"{identity}:/name")
    assert docker("exec", identity, "cat", "/name").out == "seen"


def test_a_stopped_container_has_it_when_it_starts(docker, tmp_path):
    identity = docker("create", "busybox", "cat", "/name").out
    (tmp_path / "name").write_text("seen")
    docker("cp", tmp_path / "name", f"{identity}:/name")
    assert docker("start", "-a", identity).out == "seen"


def test_a_folder_goes_as_a_whole_or_as_its_contents(docker, box, tmp_path):
    (tmp_path / "tree/deep").mkdir(parents=True)
    (tmp_path / "tree/deep/file").write_text("x")
    docker("cp", tmp_path / "tree", f"{box}:/whole")
    docker("cp", tmp_path / "tree", f"{box}:/whole")
    docker("cp", f"{tmp_path}/tree/.", f"{box}:/home")
    assert names(docker, box, "/whole") == ["whole", "whole/deep", "whole/deep/file", "whole/tree", "whole/tree/deep", "whole/tree/deep/file"]
    assert read(docker, box, "/home/deep/file") == b"x"


def test_a_folder_comes_out_whole_or_as_its_contents(docker, box, tmp_path):
    docker("cp", f"{box}:/etc", tmp_path / "whole")
    assert (tmp_path / "whole/passwd").exists()
    docker("cp", f"{box}:/etc", tmp_path / "whole")
    assert (tmp_path / "whole/etc/passwd").exists()
    (tmp_path / "contents").mkdir()
    docker("cp", f"{box}:/etc/.", tmp_path / "contents")
    assert (tmp_path / "contents/passwd").exists()


def test_a_link_comes_as_a_link_or_as_what_it_means(docker, box, tmp_path):
    docker("cp", "-", f"{box}:/", stdin=tar_of(lambda archive: link(archive, "alias", "/etc/passwd")))
    docker("cp", f"{box}:/alias", tmp_path / "link")
    assert os.readlink(tmp_path / "link") == "/etc/passwd"
    docker("cp", "-L", f"{box}:/alias", tmp_path / "file")
    assert (tmp_path / "file").read_text().startswith("root:")


def test_a_link_to_a_folder_is_followed_on_the_way_in(docker, box, tmp_path):
    docker("cp", "-", f"{box}:/", stdin=tar_of(lambda archive: link(archive, "way", "etc")))
    (tmp_path / "new").write_text("x")
    docker("cp", tmp_path / "new", f"{box}:/way/new")
    assert read(docker, box, "/etc/new") == b"x"


def test_links_never_lead_out_of_the_container(docker, box, tmp_path):
    for target in ("/../../../../../../.." + str(tmp_path), "../" * 12 + str(tmp_path)[1:]):
        docker("cp", "-", f"{box}:/", stdin=tar_of(lambda archive: link(archive, "escape", target)))
        (tmp_path / "evil").write_text("x")
        docker("cp", tmp_path / "evil", f"{box}:/escape/planted", code=None)
        assert not (tmp_path / "planted").exists()


def test_an_archive_from_stdin_is_unpacked(docker, box):
    def build(archive):
        folder(archive, "a", 0o750)
        regular(archive, "a/owned", b"data", 0o640, 1000, 1001)
        regular(archive, "a/file", b"data")
        link(archive, "a/soft", "file")
        link(archive, "a/hard", "a/file", tarfile.LNKTYPE)

    docker("cp", "-", f"{box}:/home", stdin=tar_of(build))
    with tarfile.open(fileobj=io.BytesIO(docker("cp", f"{box}:/home/a", "-").stdout)) as archive:
        entries = {entry.name.rstrip("/"): entry for entry in archive}
    assert entries["a"].mode & 0o7777 == 0o750 and entries["a/soft"].linkname == "file"
    owned = entries["a/owned"]
    assert (owned.mode & 0o7777, owned.uid, owned.gid) == (0o640, 1000, 1001)
    assert entries["a/file"].islnk() or entries["a/hard"].islnk()


def test_a_hostile_archive_stays_inside(docker, box, tmp_path):
    """Whatever it says, nothing outside the container changes."""
    mark = tmp_path / "mark"

    def build(archive):
        regular(archive, "../" * 12 + str(mark)[1:], b"evil")
        regular(archive, str(mark), b"evil")
        link(archive, "sub", str(tmp_path))
        regular(archive, "sub/mark", b"evil")

    docker("cp", "-", f"{box}:/home", stdin=tar_of(build), code=None)
    assert not mark.exists()


@pytest.mark.parametrize("flags", [[], ["-a"]], ids=["plain", "archive"])
def test_numeric_owners_are_kept(docker, box, tmp_path, flags):
    (tmp_path / "file").write_text("x")
    os.chown(tmp_path / "file", 1234, 1235)
    docker("cp", *flags, tmp_path / "file", f"{box}:/file")
    with tarfile.open(fileobj=io.BytesIO(docker("cp", f"{box}:/file", "-").stdout)) as archive:
        entry = archive.next()
    assert (entry.uid, entry.gid) == (1234, 1235)


def test_what_is_not_there_is_named(docker, box, tmp_path):
    assert "nosuch" in docker("cp", f"{box}:/nosuch", tmp_path, code=1).err
    assert "No such container: nosuch-box" in docker("cp", "nosuch-box:/etc", tmp_path, code=1).err
    (tmp_path / "file").write_text("x")
    assert docker("cp", tmp_path / "file", f"{box}:/no/such/folder/", code=1).err


def test_a_folder_does_not_go_over_a_file(docker, box, tmp_path):
    (tmp_path / "tree").mkdir()
    assert "cannot copy directory" in docker("cp", tmp_path / "tree", f"{box}:/etc/passwd", code=1).err


def test_a_read_only_container_is_not_written_to(docker, run, tmp_path):
    identity = run("--read-only")
    (tmp_path / "file").write_text("x")
    assert "read-only" in docker("cp", tmp_path / "file", f"{identity}:/file", code=1).err


def test_mounts_are_part_of_the_tree(docker, run, tmp_path):
    (tmp_path / "host").mkdir()
    identity = run("-v", f"{tmp_path}/host:/bound")
    (tmp_path / "file").write_text("through")
    docker("cp", tmp_path / "file", f"{identity}:/bound/file")
    assert (tmp_path / "host/file").read_text() == "through"


def test_stat_is_in_a_header(api, docker, box):
    answer = api("HEAD", f"/containers/{box}/archive?path=/etc/passwd")
    stat = json.loads(base64.b64decode(answer.headers["x-docker-container-path-stat"]))
    assert stat["name"] == "passwd" and stat["size"] > 0 and stat["mode"] == 0o644 and stat["linkTarget"] == ""
    stat = json.loads(base64.b64decode(api("HEAD", f"/containers/{box}/archive?path=/etc").headers["x-docker-container-path-stat"]))
    assert stat["mode"] & 1 << 31
    assert api("HEAD", f"/containers/{box}/archive?path=/nosuch").status == 404
    assert api("GET", f"/containers/{box}/archive").status == 400


def test_no_overwrite_of_a_folder_by_a_file_when_asked(api, box):
    body = tar_of(lambda archive: regular(archive, "etc", b"file"))
    answer = api("PUT", f"/containers/{box}/archive?path=/&noOverwriteDirNonDir=1", body, {"Content-Type": "application/x-tar"})
    assert answer.status in (400, 500) and "cannot overwrite" in answer.message
