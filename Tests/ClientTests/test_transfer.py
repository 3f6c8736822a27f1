# SPDX-License-Identifier: Apache-2.0
"""Images that come and go: import, load and save, between engines and to other tools."""
import gzip
import hashlib
import io
import json
import subprocess
import tarfile

import pytest
from support.archives import docker_archive, oci_archive, zstd
from support.images import busybox_tar, folder, link, regular, tar_of

OCI_INPUT = pytest.mark.modern("OCI layouts can be loaded")


@pytest.fixture(scope="module")
def layers():
    """A busybox and a layer on top of it that changes, hides and adds."""

    def second(archive):
        regular(archive, "etc/added", b"added\n")
        regular(archive, "etc/.wh.group", b"")
        folder(archive, "home")
        regular(archive, "home/.wh..wh..opq", b"")
        regular(archive, "home/only", b"only\n")
        link(archive, "etc/hard", "etc/added", tarfile.LNKTYPE)

    def first(archive):
        folder(archive, "home/hidden")
        regular(archive, "home/hidden/file", b"x")

    return [busybox_tar(), tar_of(first), tar_of(second)]


@pytest.fixture
def loaded(docker):
    """Removes the image that a test loads."""
    yield "made:latest"
    docker("rmi", "-f", "made:latest", code=None)


def check_contents(docker, image):
    """The three layers came together as they must."""
    look = "exec 2>&1; cat /etc/added /etc/hard; ls /home; ls /etc/group; stat -c %h /etc/added"
    shown = docker("run", "--rm", image, "sh", "-c", look)
    assert shown.lines == ["added", "added", "only", "ls: /etc/group: No such file or directory", "2"]


def test_a_docker_archive_loads(docker, loaded, layers):
    assert docker("load", stdin=docker_archive(layers)).out == "Loaded image: made:latest"
    check_contents(docker, loaded)


@pytest.mark.parametrize("pack", [gzip.compress, pytest.param(zstd, marks=pytest.mark.modern("the archive itself may be zstd"))], ids=["gzip", "zstd"])
def test_a_compressed_docker_archive_loads(docker, loaded, layers, pack):
    assert docker("load", stdin=pack(docker_archive(layers))).out == "Loaded image: made:latest"
    check_contents(docker, loaded)


def test_a_docker_archive_with_compressed_layers_loads(docker, loaded, layers):
    archive = docker_archive(layers, stored=[gzip.compress(layer) for layer in layers])
    docker("load", stdin=archive)
    check_contents(docker, loaded)


@OCI_INPUT
@pytest.mark.parametrize("compress", [None, "gzip", "zstd"])
def test_an_oci_layout_loads(docker, loaded, layers, compress):
    assert docker("load", stdin=oci_archive(layers, compress=compress)).out == "Loaded image: made:latest"
    check_contents(docker, loaded)


def test_loading_reads_a_file_with_input(docker, loaded, layers, tmp_path):
    (tmp_path / "image.tar").write_bytes(docker_archive(layers))
    docker("load", "-q", "--input", tmp_path / "image.tar")
    check_contents(docker, loaded)


def test_an_image_without_a_name_is_loaded_by_its_id(docker, layers):
    out = docker("load", stdin=docker_archive(layers[:1], tags=())).out
    assert out.startswith("Loaded image ID: sha256:")
    identity = out.split()[-1]
    assert docker("images", "-q", "--no-trunc", "--filter", "dangling=true").out.count(identity) == 1
    docker("rmi", identity)


def test_two_images_in_one_archive_share_their_layers(docker, layers, tmp_path):
    docker("load", stdin=docker_archive(layers, tags=("shared:one",)))
    docker("load", stdin=docker_archive(layers[:2], tags=("shared:two",)))
    docker("save", "-o", tmp_path / "both.tar", "shared:one", "shared:two")
    docker("rmi", "shared:one", "shared:two")
    loaded = docker("load", "-i", tmp_path / "both.tar").lines
    assert sorted(loaded) == ["Loaded image: shared:one", "Loaded image: shared:two"]
    docker("rmi", "shared:one", "shared:two")


@pytest.mark.hull("the size of its root is compared")
def test_shared_layers_are_stored_once(engine, docker, layers):
    """A second image on a large common layer costs its own layer and no more."""
    big = tar_of(lambda archive: regular(archive, "big", bytes(range(256)) * 40_000))
    docker("load", stdin=docker_archive([big, layers[1]], tags=("share:a",)))
    before = _disk_use(engine.root)
    docker("load", stdin=docker_archive([big, layers[2]], tags=("share:b",)))
    assert _disk_use(engine.root) - before < 1_000_000
    docker("rmi", "share:a", "share:b")


def _disk_use(folder_path):
    return int(subprocess.run(["du", "-sb", folder_path], capture_output=True, check=True, text=True).stdout.split()[0])


def test_removing_an_image_gives_its_space_back(engine, docker):
    before = _disk_use(engine.root)
    docker("load", stdin=docker_archive([tar_of(lambda archive: regular(archive, "big", b"\1\2\3\4" * 2_000_000))], tags=("space:a",)))
    assert _disk_use(engine.root) - before > 7_000_000
    docker("rmi", "space:a")
    assert _disk_use(engine.root) - before < 1_000_000


def test_save_to_a_second_engine_keeps_every_digest(docker, fresh_engine, tmp_path, layers):
    docker("load", stdin=docker_archive(layers, tags=("moved:1",)))
    docker("tag", "moved:1", "moved:2")
    docker("save", "-o", tmp_path / "first.tar", "moved:1", "moved:2")
    other = fresh_engine(busybox=False)
    assert sorted(other.docker("load", "-i", tmp_path / "first.tar").lines) == ["Loaded image: moved:1", "Loaded image: moved:2"]
    fields = "{{.Id}} {{.RootFS.Layers}} {{.RepoTags}} {{.Created}} {{.Config.Env}}"
    assert other.docker("inspect", "moved:1", "--format", fields).out == docker("inspect", "moved:1", "--format", fields).out
    other.docker("save", "-o", tmp_path / "second.tar", "moved:1", "moved:2")
    assert _digests(tmp_path / "first.tar") == _digests(tmp_path / "second.tar")
    check_contents(other.docker, "moved:2")
    docker("rmi", "moved:1", "moved:2")


def _digests(path):
    """SHA-256 by name of every file in the archive."""
    with tarfile.open(path) as archive:
        return {entry.name: hashlib.sha256(archive.extractfile(entry).read()).hexdigest() for entry in archive if entry.isfile()}


@pytest.mark.modern("docker save writes an OCI layout")
def test_saved_blobs_have_the_digests_they_are_named_by(docker, tmp_path):
    docker("save", "-o", tmp_path / "image.tar", "busybox")
    digests = _digests(tmp_path / "image.tar")
    blobs = {name: value for name, value in digests.items() if name.startswith("blobs/sha256/")}
    assert blobs and all(name == f"blobs/sha256/{value}" for name, value in blobs.items())
    assert {"oci-layout", "index.json", "manifest.json"} <= set(digests)


@pytest.mark.modern("compressed blobs are kept as they came")
@pytest.mark.parametrize("compress", ["gzip", "zstd"])
def test_a_loaded_oci_image_is_saved_byte_for_byte(docker, loaded, layers, tmp_path, compress):
    archive = oci_archive(layers, compress=compress)
    docker("load", stdin=archive)
    docker("save", "-o", tmp_path / "again.tar", loaded)
    (tmp_path / "given.tar").write_bytes(archive)
    given, again = _digests(tmp_path / "given.tar"), _digests(tmp_path / "again.tar")
    for name in given:
        if name.startswith("blobs/"):
            assert again[name] == given[name]


def test_skopeo_reads_what_save_writes(docker, tmp_path, layers):
    docker("load", stdin=docker_archive(layers, tags=("forskopeo:1",)))
    docker("save", "-o", tmp_path / "image.tar", "forskopeo:1")
    shown = json.loads(_tool("skopeo", "inspect", "--config", f"docker-archive:{tmp_path}/image.tar"))
    assert shown["rootfs"]["diff_ids"] == json.loads(docker("inspect", "forskopeo:1", "--format", "{{json .RootFS.Layers}}").out)
    docker("rmi", "forskopeo:1")


def _tool(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(map(str, arguments))}: {done.stderr}"
    return done.stdout


@pytest.mark.modern("docker save writes an OCI layout")
def test_skopeo_copies_the_oci_layout_with_the_same_digests(docker, loaded, layers, tmp_path):
    docker("load", stdin=oci_archive(layers, compress="gzip"))
    docker("save", "-o", tmp_path / "image.tar", loaded)
    _tool("skopeo", "copy", "--quiet", f"oci-archive:{tmp_path}/image.tar:latest", f"oci:{tmp_path}/copy:latest")
    copied = {file.name for file in (tmp_path / "copy/blobs/sha256").iterdir()}
    saved = {name.split("/")[2] for name in _digests(tmp_path / "image.tar") if name.startswith("blobs/sha256/") and name != "blobs/sha256/"}
    assert copied == saved


@pytest.mark.modern("docker save writes an OCI layout")
def test_umoci_unpacks_the_saved_layout(docker, loaded, layers, tmp_path):
    docker("load", stdin=oci_archive(layers, compress="gzip"))
    archive = docker("save", loaded).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(tmp_path / "layout")
    listed = json.loads(_tool("umoci", "stat", "--image", f"{tmp_path}/layout:latest", "--json"))
    assert len(listed["history"]) == len(layers)
    _tool("umoci", "unpack", "--image", f"{tmp_path}/layout:latest", f"{tmp_path}/bundle")
    assert (tmp_path / "bundle/rootfs/etc/hard").read_text() == "added\n"
    assert not (tmp_path / "bundle/rootfs/etc/group").exists()
    assert [file.name for file in (tmp_path / "bundle/rootfs/home").iterdir()] == ["only"]


def test_import_takes_changes_and_a_message(docker, name):
    changes = [
        "CMD [\"sh\", \"-c\", \"echo from $WHO\"]",
        "ENV WHO=import",
        "WORKDIR /var",
        "USER app",
        "EXPOSE 80/tcp",
        "LABEL a=b",
        "VOLUME /data",
    ]
    options = [part for change in changes for part in ("--change", change)]
    docker("import", *options, "--message", "note", "-", f"{name}:1", stdin=busybox_tar())
    config = json.loads(docker("inspect", f"{name}:1", "--format", "{{json .Config}}").out)
    assert config["WorkingDir"] == "/var" and config["User"] == "app" and config["Labels"] == {"a": "b"}
    assert config["ExposedPorts"] == {"80/tcp": {}} and config["Volumes"] == {"/data": {}}
    assert docker("run", "--rm", f"{name}:1").out == "from import"
    docker("rmi", f"{name}:1")


@pytest.mark.parametrize("pack", [gzip.compress, pytest.param(zstd, marks=pytest.mark.modern("the archive itself may be zstd"))], ids=["gzip", "zstd"])
def test_import_takes_compressed_archives(docker, name, pack):
    small = tar_of(lambda archive: regular(archive, "file", b"text"))
    docker("import", "-", f"{name}:1", stdin=pack(small))
    assert docker("inspect", f"{name}:1", "--format", "{{len .RootFS.Layers}}").out == "1"
    docker("rmi", f"{name}:1")


def test_import_of_the_same_root_has_the_same_diff_id(docker, name):
    small = tar_of(lambda archive: regular(archive, "file", b"text"))
    for number in (1, 2):
        docker("import", "-", f"{name}:{number}", stdin=small)
    layers_of = [docker("inspect", f"{name}:{number}", "--format", "{{.RootFS.Layers}}").out for number in (1, 2)]
    assert layers_of[0] == layers_of[1] == f"[sha256:{hashlib.sha256(small).hexdigest()}]"
    docker("rmi", f"{name}:1", f"{name}:2")


def test_a_debian_root_file_system_runs(docker, debian):
    """The issue's first line: mmdebstrap's archive goes in by docker import and says who it is."""
    assert 'VERSION_CODENAME=bookworm' in docker("run", "--rm", debian, "cat", "/etc/os-release").lines


def test_export_of_a_container_imports_again(docker, name):
    container = docker("create", "busybox", "sh").out
    docker("cp", "-", f"{container}:/etc", stdin=tar_of(lambda archive: regular(archive, "mark", b"here\n")))
    exported = docker("export", container).stdout
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        assert archive.extractfile("etc/mark").read() == b"here\n"
    docker("import", "-", f"{name}:exported", stdin=exported)
    assert docker("run", "--rm", f"{name}:exported", "/bin/cat", "/etc/mark").out == "here"
    docker("rmi", f"{name}:exported")


def test_saving_what_is_not_there_names_it(docker):
    assert "No such image: nosuch" in docker("save", "nosuch", code=1).err


def test_loading_no_archive_is_refused(docker):
    assert docker("load", stdin=b"this is no archive" * 1000, code=1).err
