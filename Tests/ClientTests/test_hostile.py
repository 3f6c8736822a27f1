# SPDX-License-Identifier: Apache-2.0
"""Archives made to do harm, through docker load and docker import: refused with an error that names the entry, and nothing stays."""
import gzip
import io
import json
import os
import re
import subprocess
import tarfile
import zlib

import pytest
from support import leaks, processes
from support.archives import config_of, digest, docker_archive, oci_files, pack
from support.engine import KIND
from support.images import busybox_tar, folder, link, regular, tar_of

pytestmark = pytest.mark.skipif(KIND == "docker", reason="hull: Docker unpacks some of these in a chroot instead of refusing them")


@pytest.fixture(autouse=True)
def nothing_stays(engine, tmp_path):
    """After a refusal no file of the engine and none outside is new."""
    before = leaks.files(engine.root)
    yield
    assert leaks.difference({"files": before}, {"files": leaks.files(engine.root)}) == []
    assert not (tmp_path / "mark").exists()


def refused(docker, archive, *names, command=("load",)):
    """The archive is refused and the message names each of `names`."""
    error = docker(*command, stdin=archive, code=1, timeout=120).err
    for name in names:
        assert name in error, f"the message does not name {name}: {error}"
    return error


def device(archive, name, kind, major, minor):
    entry = tarfile.TarInfo(name)
    entry.type, entry.devmajor, entry.devminor = kind, major, minor
    archive.addfile(entry)


def escapes(mark):
    """Layers by what they try, each with the name that the message must hold."""

    def through_link(archive):
        link(archive, "way", os.path.dirname(mark))
        regular(archive, "way/mark", b"evil")

    def through_dotdot_link(archive):
        folder(archive, "d")
        link(archive, "d/way", "../" * 20 + os.path.dirname(mark)[1:])
        regular(archive, "d/way/mark", b"evil")

    def hard_link_outside(archive):
        link(archive, "grab", "../../../../../../../etc/passwd", tarfile.LNKTYPE)

    def hard_link_absolute(archive):
        link(archive, "grab2", "/etc/hostname-of-the-host", tarfile.LNKTYPE)

    def hard_link_through_link(archive):
        link(archive, "way3", "/etc")
        link(archive, "grab3", "way3/passwd", tarfile.LNKTYPE)

    return {
        "dot dot": (lambda archive: regular(archive, "../" * 12 + mark[1:], b"evil"), mark[1:]),
        "dot dot inside": (lambda archive: regular(archive, "a/../../" + "../" * 12 + mark[1:], b"evil"), mark[1:]),
        "hard link outside": (hard_link_outside, "grab"),
        "hard link absolute": (hard_link_absolute, "grab2"),
        "hard link through a link": (hard_link_through_link, "grab3"),
    }, {"absolute": lambda archive: regular(archive, mark, b"evil"), "through a link": through_link, "through a dot-dot link": through_dotdot_link}


@pytest.mark.parametrize("what", ["dot dot", "dot dot inside", "hard link outside", "hard link absolute", "hard link through a link"])
def test_a_layer_that_leaves_its_place_is_refused(docker, tmp_path, what):
    build, name = escapes(str(tmp_path / "mark"))[0][what]
    refused(docker, docker_archive([busybox_tar(), tar_of(build)], tags=("evil:1",)), name)
    assert docker("images", "-q", "evil").out == ""


@pytest.mark.parametrize("what", ["absolute", "through a link", "through a dot-dot link"])
def test_a_layer_that_points_elsewhere_is_refused_or_kept_inside(docker, tmp_path, what):
    """Such names have a harmless reading (inside the root); what counts is that nothing outside changes."""
    build = escapes(str(tmp_path / "mark"))[1][what]
    docker("load", stdin=docker_archive([busybox_tar(), tar_of(build)], tags=("evil:1",)), code=None)
    assert not (tmp_path / "mark").exists()
    docker("rmi", "-f", "evil:1", code=None)


def test_import_refuses_what_load_refuses(docker, tmp_path):
    build, name = escapes(str(tmp_path / "mark"))[0]["dot dot"]
    refused(docker, tar_of(build), name, command=("import", "-", "evil:1"))


def test_the_outer_archive_cannot_write_outside_either(docker, tmp_path):
    mark = str(tmp_path / "mark")
    settings = config_of([busybox_tar()])
    manifest = [{"Config": "c.json", "RepoTags": ["evil:1"], "Layers": ["../" * 12 + mark[1:]]}]
    archive = pack([("c.json", settings), ("../" * 12 + mark[1:], busybox_tar()), ("manifest.json", json.dumps(manifest).encode())])
    docker("load", stdin=archive, code=None)
    docker("rmi", "-f", "evil:1", code=None)


def test_a_link_as_manifest_or_layer_reads_nothing_of_the_host(docker):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        regular(archive, "c.json", config_of([busybox_tar()]))
        link(archive, "layer.tar", "/etc/shadow")
        regular(archive, "manifest.json", json.dumps([{"Config": "c.json", "RepoTags": ["evil:1"], "Layers": ["layer.tar"]}]).encode())
    refused(docker, buffer.getvalue(), "layer.tar")


def test_a_digest_that_does_not_fit_is_refused_and_named(docker):
    files = oci_files([busybox_tar()], "evil:1", compress="gzip")
    wrong = [(name, data[:-9] + b"tampered!" if len(data) > 100_000 else data) for name, data in files]
    name = next(name for name, data in files if len(data) > 100_000)
    refused(docker, pack(wrong), name.split("/")[-1][:12])


def test_a_wrong_diff_id_is_refused(docker):
    settings = json.loads(config_of([busybox_tar()]))
    settings["rootfs"]["diff_ids"] = [digest(b"something else")]
    manifest = [{"Config": "c.json", "RepoTags": ["evil:1"], "Layers": ["layer.tar"]}]
    archive = pack([("c.json", json.dumps(settings).encode()), ("layer.tar", busybox_tar()), ("manifest.json", json.dumps(manifest).encode())])
    refused(docker, archive, digest(b"something else")[7:19])


@pytest.mark.parametrize("missing", ["config", "layer", "count"])
def test_parts_that_are_missing_are_named(docker, missing):
    layers = [busybox_tar()]
    manifest = [{"Config": "c.json", "RepoTags": ["evil:1"], "Layers": ["layer.tar"] * (2 if missing == "count" else 1)}]
    files = [("c.json", config_of(layers))] * (missing != "config") + [("layer.tar", layers[0])] * (missing != "layer")
    error = refused(docker, pack([*files, ("manifest.json", json.dumps(manifest).encode())]))
    assert {"config": "c.json", "layer": "layer.tar", "count": "layers"}[missing] in error


@pytest.mark.parametrize("where", [100, 700, 5_000, -100_000, "in the manifest"])
def test_a_truncated_archive_is_refused(docker, where):
    archive = docker_archive([busybox_tar()], tags=("evil:1",))
    refused(docker, archive[: archive.index(b"manifest.json") + 600 if isinstance(where, str) else where])


@pytest.mark.parametrize("where", [0.1, 0.5, 0.99])
def test_a_truncated_or_damaged_gzip_is_refused(docker, where):
    packed = gzip.compress(docker_archive([busybox_tar()], tags=("evil:1",)))
    cut = int(len(packed) * where)
    refused(docker, packed[:cut])
    refused(docker, packed[:cut] + bytes([packed[cut] ^ 0xFF]) + packed[cut + 1 :])


def test_a_gzip_bomb_is_refused_without_filling_memory_or_disk(engine, docker):
    """Four gigabytes of zeros in four megabytes: more than an image configuration or a manifest may be."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = bytes(1 << 20)
    bomb = squeeze.compress(_header("manifest.json", 4 << 30)) + b"".join(squeeze.compress(megabyte) for _ in range(4 << 10)) + squeeze.flush()
    processes.reset_peak(engine.pid)
    assert re.search('"?manifest.json"?: .*decompression bomb', refused(docker, bomb))
    assert processes.peak_resident(engine.pid) < 100 << 10


def _header(name, size):
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT)


def test_a_layer_larger_than_its_disk_is_refused_cleanly(fresh_engine, tmp_path):
    """The engine's disk fills up in the middle of an unpack: an error, and the space comes back."""
    engine = fresh_engine(busybox=False)
    engine.stop()
    engine.root.mkdir(exist_ok=True)
    subprocess.run([*engine.host.enter, "mount", "-t", "tmpfs", "-o", "size=64m", "hull-test", engine.root], check=True)
    try:
        engine.start()
        big = tar_of(lambda archive: regular(archive, "big", os.urandom(1 << 20) * 100))
        assert re.search("no space left|do not fit", engine.docker("load", stdin=docker_archive([big], tags=("big:1",)), code=1).err.lower())
        assert int(subprocess.run([*engine.host.enter, "du", "-sk", engine.root], capture_output=True, check=True).stdout.split()[0]) < 8 << 10
        engine.docker("import", "-", "small:1", stdin=busybox_tar())
    finally:
        engine.stop()
        subprocess.run([*engine.host.enter, "umount", "-l", engine.root], check=True)


def test_a_million_entries_are_unpacked_or_refused_in_bounded_memory(engine, docker, tmp_path):
    layer = _many(200_000)
    processes.reset_peak(engine.pid)
    result = docker("load", stdin=docker_archive([layer], tags=("many:1",)), code=None, timeout=170)
    assert processes.peak_resident(engine.pid) < 100 << 10
    assert result.code == 0 or result.err
    docker("rmi", "-f", "many:1", code=None, timeout=170)


def _many(count):
    """Empty files, headers written by hand because tarfile would take a minute."""
    model = bytearray(_header("d/000000000", 0))
    out = bytearray()
    for number in range(count):
        model[2:11] = b"%09d" % number
        model[148:156] = b"        "
        model[148:156] = b"%06o\0 " % sum(model[:512])
        out += model[:512]
    return bytes(out + bytes(1024))


@pytest.mark.parametrize("depth", [200, 5000])
def test_very_deep_paths_are_an_error_or_fine_but_no_crash(docker, depth):
    layer = tar_of(lambda archive: regular(archive, "d/" * depth + "file", b"x"))
    docker("load", stdin=docker_archive([layer], tags=("deep:1",)), code=None)
    docker("rmi", "-f", "deep:1", code=None)


def test_links_in_a_cycle_do_no_harm(docker):
    def build(archive):
        link(archive, "a", "b")
        link(archive, "b", "a")
        link(archive, "self", "self")
        regular(archive, "a/file", b"x")

    docker("load", stdin=docker_archive([busybox_tar(), tar_of(build)], tags=("cycle:1",)), code=None)
    docker("rmi", "-f", "cycle:1", code=None)


def test_hard_links_in_a_cycle_are_refused_and_named(docker):
    def build(archive):
        link(archive, "first", "second", tarfile.LNKTYPE)
        link(archive, "second", "first", tarfile.LNKTYPE)

    refused(docker, docker_archive([tar_of(build)], tags=("cycle:1",)), "first")


def test_an_index_that_points_at_itself_is_refused(docker):
    """A digest cannot be its own content, but a chain of indexes can be very long."""
    inner = b'{"schemaVersion":2,"manifests":[]}'
    files = []
    for _ in range(2000):
        files.append((f"blobs/sha256/{digest(inner)[7:]}", inner))
        inner = json.dumps(
            {"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest(inner), "size": len(inner)}]}
        ).encode()
    refused(docker, pack([("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", inner), *files]))


def test_whiteouts_cannot_reach_out(docker, tmp_path):
    def build(archive):
        regular(archive, "../" * 12 + str(tmp_path)[1:] + "/.wh.victim", b"")

    (tmp_path / "victim").write_text("alive")
    refused(docker, docker_archive([busybox_tar(), tar_of(build)], tags=("evil:1",)), ".wh.victim")
    assert (tmp_path / "victim").read_text() == "alive"


@pytest.mark.parametrize("name", [".wh.", ".wh...", ".wh..", "d/.wh..."])
def test_odd_whiteouts_do_no_harm(docker, name):
    def build(archive):
        folder(archive, "d")
        regular(archive, name, b"")

    docker("load", stdin=docker_archive([busybox_tar(), tar_of(build)], tags=("evil:1",)), code=None)
    docker("rmi", "-f", "evil:1", code=None)


def test_devices_arrive_in_the_image_but_stay_closed(docker):
    """A layer may hold device nodes; the container's own list decides which can be opened."""
    layer = tar_of(lambda archive: device(archive, "disk", tarfile.BLKTYPE, 254, 0))
    docker("load", stdin=docker_archive([busybox_tar(), layer], tags=("device:1",)))
    out = docker("run", "--rm", "device:1", "sh", "-c", "stat -c '%F %t %T' /disk; head -c1 /disk 2>&1 >/dev/null | grep -c 'not permitted'").lines
    assert out == ["block special file fe 0", "1"]
    docker("rmi", "device:1")


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{}", b"[null]", b'[{"Config": 5}]', b"[" * 10_000, b'[{"Config":"c.json","Layers":"x"}]', b'[{"Config":"/etc/passwd","RepoTags":["UPPER:x"],"Layers":[]}]'],
    ids=["empty", "object", "null", "number", "deep", "string", "bad name"],
)
def test_a_manifest_that_makes_no_sense_is_refused(docker, manifest):
    refused(docker, pack([("c.json", config_of([])), ("manifest.json", manifest)]))
