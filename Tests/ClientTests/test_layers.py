# SPDX-License-Identifier: Apache-2.0
"""What a layer can hold arrives in the container as it was packed: kinds, owners, times, attributes, holes, long names, whiteouts."""
import io
import os
import subprocess
import tarfile

import pytest
from support.archives import docker_archive
from support.images import busybox_tar, folder, link, regular, tar_of


@pytest.fixture
def look(docker, run):
    """look(*layers) loads busybox with these on top and gives the host's view into a running container of it."""
    loaded = []

    def start(*layers):
        docker("load", stdin=docker_archive([busybox_tar(), *layers], tags=("layers:1",)))
        loaded.append("layers:1")
        identity = run(image="layers:1")
        return f"/proc/{docker('inspect', '-f', '{{.State.Pid}}', identity).out}/root/"

    yield start
    for name in loaded:
        for identity in docker("ps", "-aq", "--filter", f"ancestor={name}").lines:
            docker("rm", "-f", identity)
        docker("rmi", name)


def entry_of(archive, name, kind=tarfile.REGTYPE, data=b"", **fields):
    entry = tarfile.TarInfo(name)
    entry.type, entry.size, entry.mode = kind, len(data), fields.pop("mode", 0o644)
    for field, value in fields.items():
        setattr(entry, field, value)
    archive.addfile(entry, io.BytesIO(data))


def test_kinds_modes_owners_and_times(look):
    def build(archive):
        entry_of(archive, "k/setuid", data=b"x", mode=0o4755, uid=1000, gid=1001, mtime=1_000_000_000)
        entry_of(archive, "k/sticky", tarfile.DIRTYPE, mode=0o1777, mtime=1_100_000_000)
        entry_of(archive, "k/sticky/inside", mtime=1_200_000_000)
        entry_of(archive, "k/fifo", tarfile.FIFOTYPE, mode=0o600)
        entry_of(archive, "k/char", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)
        entry_of(archive, "k/block", tarfile.BLKTYPE, devmajor=7, devminor=9)
        entry_of(archive, "k/soft", tarfile.SYMTYPE, linkname="setuid", uid=1000, mtime=1_300_000_000)
        entry_of(archive, "k/large-ids", data=b"x", uid=3_000_000, gid=4_000_000_000)

    root = look(tar_of(build)) + "k/"
    status = os.stat(root + "setuid")
    assert (status.st_mode, status.st_uid, status.st_gid, status.st_mtime) == (0o104755, 1000, 1001, 1_000_000_000)
    status = os.stat(root + "sticky")
    assert (status.st_mode, status.st_mtime) == (0o041777, 1_100_000_000), "a folder's time is set after its contents came"
    assert os.stat(root + "fifo").st_mode == 0o010600
    assert (os.stat(root + "char").st_mode >> 12, os.stat(root + "char").st_rdev) == (2, os.makedev(1, 3))
    assert (os.stat(root + "block").st_mode >> 12, os.stat(root + "block").st_rdev) == (6, os.makedev(7, 9))
    status = os.lstat(root + "soft")
    assert (os.readlink(root + "soft"), status.st_uid, status.st_mtime) == ("setuid", 1000, 1_300_000_000)
    assert (os.stat(root + "large-ids").st_uid, os.stat(root + "large-ids").st_gid) == (3_000_000, 4_000_000_000)


def test_hard_links_share_their_file_within_a_layer(look):
    def build(archive):
        regular(archive, "h/one", b"shared")
        link(archive, "h/two", "h/one", tarfile.LNKTYPE)
        link(archive, "h/deep/three", "h/one", tarfile.LNKTYPE)
        link(archive, "h/soft", "one")
        link(archive, "h/hard-to-soft", "h/soft", tarfile.LNKTYPE)

    root = look(tar_of(build)) + "h/"
    assert os.stat(root + "one").st_ino == os.stat(root + "two").st_ino == os.stat(root + "deep/three").st_ino
    assert os.stat(root + "one").st_nlink == 3 and open(root + "deep/three").read() == "shared"
    assert os.readlink(root + "hard-to-soft") == "one"


def test_extended_attributes_and_file_capabilities(look):
    capability = b"\x01\x00\x00\x02\x00\x04\x00\x00" + bytes(12)

    def build(archive):
        headers = {"SCHILY.xattr.user.note": "text", "SCHILY.xattr.security.capability": capability.decode("utf-8", "surrogateescape")}
        entry_of(archive, "x", data=b"x", pax_headers=headers)
        entry_of(archive, "dir", tarfile.DIRTYPE, mode=0o755, pax_headers={"SCHILY.xattr.user.on-folder": "yes"})

    root = look(tar_of(build))
    assert os.getxattr(root + "x", "user.note") == b"text"
    assert os.getxattr(root + "x", "security.capability") == capability
    assert os.getxattr(root + "dir", "user.on-folder") == b"yes"


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
def test_long_and_odd_names(look, form):
    names = ["n" * 99, "n" * 100, "n" * 255, "d" * 150 + "/" + "f" * 150, "/".join(["folder"] * 60) + "/end", "spaces and\ttab", "new\nline", "ünï–中文", "-dash", "back\\slash"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for number, name in enumerate(names):
            regular(archive, "names/" + name, b"%d" % number)
        link(archive, "names/link", "t" * 300)
    root = look(buffer.getvalue()) + "names/"
    for number, name in enumerate(names):
        assert open(root + name).read() == str(number)
    assert os.readlink(root + "link") == "t" * 300


def test_names_with_dot_slash_and_missing_parents(look):
    def build(archive):
        folder(archive, "./")
        regular(archive, "./dotted/file", b"1")
        regular(archive, "no/parents/here", b"2")
        regular(archive, "a//b/./c", b"3")

    root = look(tar_of(build))
    assert [open(root + name).read() for name in ("dotted/file", "no/parents/here", "a/b/c")] == ["1", "2", "3"]
    assert os.stat(root + "no/parents").st_mode == 0o040755


@pytest.mark.parametrize("form", [pytest.param("gnu", marks=pytest.mark.hull("Docker knows only the newer form")), "posix"])
def test_sparse_files_keep_their_holes_contents_and_size(look, tmp_path, form):
    size = 50_000_000
    with open(tmp_path / "sparse", "wb") as file:
        for offset in (0, 10_000_000, 49_999_000):
            file.seek(offset)
            file.write(b"data at %d" % offset)
        file.truncate(size)
    archive = subprocess.run(["tar", "-c", "-S", f"--format={form}", "-C", tmp_path, "sparse"], capture_output=True, check=True).stdout
    assert len(archive) < 1_000_000
    path = look(archive) + "sparse"
    assert os.path.getsize(path) == size and open(path, "rb").read() == (tmp_path / "sparse").read_bytes()


def test_whiteouts_hide_files_folders_and_whole_contents(look):
    def lower(archive):
        for name in ("w/file", "w/tree/deep/file", "w/opaque/old", "w/opaque/older", "w/again/file", "w/kept/file"):
            regular(archive, name, b"lower")

    def upper(archive):
        regular(archive, "w/.wh.file", b"")
        regular(archive, "w/.wh.tree", b"")
        regular(archive, "w/opaque/.wh..wh..opq", b"")
        regular(archive, "w/opaque/new", b"upper")
        regular(archive, "w/.wh.again", b"")
        regular(archive, "w/.wh.never-was", b"")

    def third(archive):
        regular(archive, "w/again/other", b"third")

    root = look(tar_of(lower), tar_of(upper), tar_of(third)) + "w/"
    assert sorted(os.listdir(root)) == ["again", "kept", "opaque"]
    assert os.listdir(root + "opaque") == ["new"] and os.listdir(root + "again") == ["other"]
    assert open(root + "kept/file").read() == "lower"


def test_a_later_layer_changes_kinds(look):
    def lower(archive):
        regular(archive, "c/file", b"x")
        regular(archive, "c/folder/inside", b"x")
        link(archive, "c/link", "folder")
        folder(archive, "c/stays", 0o700)
        regular(archive, "c/stays/inside", b"x")

    def upper(archive):
        regular(archive, "c/file/now-a-folder", b"y")
        link(archive, "c/folder", "file")
        regular(archive, "c/link", b"now a file")
        folder(archive, "c/stays", 0o755)

    root = look(tar_of(lower), tar_of(upper)) + "c/"
    assert open(root + "file/now-a-folder").read() == "y"
    assert os.readlink(root + "folder") == "file" and open(root + "link").read() == "now a file" and not os.path.islink(root + "link")
    assert os.listdir(root + "stays") == ["inside"] and os.stat(root + "stays").st_mode == 0o040755


@pytest.mark.hull("Docker refuses such archives")
def test_the_last_of_two_entries_with_one_name_wins(look):
    def build(archive):
        regular(archive, "twice", b"first")
        regular(archive, "twice", b"second")

    assert open(look(tar_of(build)) + "twice").read() == "second"


def test_entries_through_a_link_of_a_lower_layer_stay_inside(look):
    """usr-merge: /lib is a link to usr/lib, and a later layer has files below lib/."""

    def lower(archive):
        regular(archive, "usr/lib/a", b"a")
        link(archive, "lib", "usr/lib")

    def upper(archive):
        regular(archive, "lib/b", b"b")

    root = look(tar_of(lower), tar_of(upper))
    assert open(root + "lib/b").read() == "b"


def test_sixty_layers_stack(look):
    layers = [tar_of(lambda archive, n=n: regular(archive, f"stack/{n}", b"%d" % n)) for n in range(60)]
    assert sorted(map(int, os.listdir(look(*layers) + "stack"))) == list(range(60))


def test_an_empty_layer_is_a_layer(look):
    assert os.path.isdir(look(tar_of(lambda archive: None)) + "bin")
