# SPDX-License-Identifier: Apache-2.0
"""Images for several platforms: side by side in the store, chosen with --platform, and moved as a whole with what refers to them."""
import gzip
import json
import tarfile
from urllib.parse import quote

import pytest
from support.archives import OCI, digest
from support.images import busybox_tar, regular, tar_of
from support.registries import descriptor

pytestmark = [pytest.mark.usefixtures("tidy_images"), pytest.mark.modern("images of several platforms are kept in one")]
AMD, ARM = ("linux", "amd64"), ("linux", "arm64", "v8")
EMPTY = b"{}"


@pytest.fixture(scope="module")
def base():
    return busybox_tar()


@pytest.fixture
def both(registry, base, name):
    """The reference of an index of an image for amd64 that runs and one for arm64."""
    parts = []
    for platform in (AMD, ARM):
        layer = tar_of(lambda archive, platform=platform: regular(archive, "etc/platform", f"{name} {platform[1]}\n".encode()))
        parts.append(registry.put_image(name, None, [base, layer], platform=platform))
    registry.put_index(name, "both", parts)
    return f"{registry.address}/{name}:both"


def put_attestation(registry, repository, subject):
    """A manifest beside an image in its index, as buildx writes it: descriptor."""
    statement = b'{"_type":"https://in-toto.io/Statement/v0.1"}'
    rootfs = {"type": "layers", "diff_ids": [digest(statement)]}
    config = json.dumps({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs}).encode()
    for data in (config, statement):
        registry.put_blob(repository, data)
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": descriptor(f"{OCI}.config.v1+json", config),
        "layers": [descriptor("application/vnd.in-toto+json", statement)],
    }
    made = registry.put_manifest(repository, digest(json.dumps(manifest).encode()), manifest)
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject["digest"]}
    return made | {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": annotations}


def architecture(docker, reference, *flags):
    return docker("image", "inspect", *flags, reference, "--format", "{{.Architecture}}").out


def test_the_host_gets_what_fits_it(docker, both):
    docker("pull", both)
    assert architecture(docker, both) == "amd64"
    assert docker("run", "--rm", both, "cat", "/etc/platform").out.endswith("amd64")


def test_the_digest_is_the_indexs(docker, registry, both):
    _, sha = registry.manifest(*both.split("/")[1].split(":"))
    assert f"Digest: {sha}" in docker("pull", both).out
    assert docker("inspect", both, "--format", "{{index .RepoDigests 0}}").out == f"{both.rsplit(':', 1)[0]}@{sha}"


def test_another_platform_is_pulled_when_it_is_named(docker, both):
    docker("pull", "--platform", "linux/arm64", both)
    assert architecture(docker, both, "--platform", "linux/arm64") == "arm64"


def test_two_platforms_live_under_one_name(docker, both):
    docker("pull", "--platform", "linux/arm64", both)
    docker("pull", "--platform", "linux/amd64", both)
    assert architecture(docker, both, "--platform", "linux/arm64") == "arm64"
    assert architecture(docker, both, "--platform", "linux/amd64") == "amd64"
    assert docker("images", "-q", both.rsplit(":", 1)[0]).lines[1:] == []
    assert docker("run", "--rm", "--platform", "linux/amd64", both, "cat", "/etc/platform").out.endswith("amd64")


def test_a_platform_that_is_not_there_is_named(docker, both):
    message = docker("pull", "--platform", "linux/s390x", both, code=1).err
    assert "no matching manifest for linux/s390x" in message
    docker("pull", both)
    assert "linux/arm64" in docker("image", "inspect", "--platform", "linux/arm64", both, code=1).err
    assert "s390x" in docker("pull", "--platform", "nonsense/s390x", both, code=1).err


def test_an_image_of_one_platform_is_not_taken_for_another(docker, registry, base, name):
    registry.put_image(name, "arm", [base], platform=ARM)
    message = docker("pull", "--platform", "linux/amd64", f"{registry.address}/{name}:arm", code=None)
    assert message.code == 0 or "linux/amd64" in message.err


def test_history_is_of_the_platform(docker, both):
    for platform in ("linux/arm64", "linux/amd64"):
        docker("pull", "--platform", platform, both)
        assert len(docker("history", "--platform", platform, "-q", both).lines) == 2


def test_the_tree_shows_platforms_that_are_here(docker, both):
    docker("pull", both)
    shown = docker("images", "--tree", both.rsplit(":", 1)[0]).out
    assert "linux/amd64" in shown and "linux/arm64" in shown


def test_the_list_tells_manifests_when_asked(api, docker, both):
    docker("pull", both)
    filters = quote(json.dumps({"reference": {both: True}}))
    (image,) = api("GET", f"/v1.48/images/json?manifests=1&filters={filters}").json()
    found = {one["ImageData"]["Platform"]["architecture"]: one["Available"] for one in image["Manifests"] if one["Kind"] == "image"}
    assert found == {"amd64": True, "arm64": False}


def saved(docker, path, *arguments):
    docker("save", "-o", path, *arguments)
    with tarfile.open(path) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive if entry.isfile()}


def test_save_writes_one_platform_when_it_is_named(docker, both, tmp_path, name):
    for platform in ("linux/arm64", "linux/amd64"):
        docker("pull", "--platform", platform, both)
    files = saved(docker, tmp_path / "arm.tar", "--platform", "linux/arm64", both)
    assert any(f"{name} arm64".encode() in data for data in unpacked(files))
    assert not any(f"{name} amd64".encode() in data for data in unpacked(files))


def unpacked(files):
    for data in files.values():
        yield gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def test_save_and_load_keep_every_platform_that_is_here(docker, fresh_engine, both, tmp_path):
    for platform in ("linux/arm64", "linux/amd64"):
        docker("pull", "--platform", platform, both)
    docker("save", "-o", tmp_path / "both.tar", both)
    other = fresh_engine(busybox=False)
    other.docker("load", "-i", tmp_path / "both.tar")
    for platform in ("arm64", "amd64"):
        assert architecture(other.docker, both, "--platform", f"linux/{platform}") == platform
    assert other.docker("inspect", "-f", "{{.Id}}", both).out == docker("inspect", "-f", "{{.Id}}", both).out


def test_load_takes_one_platform_when_it_is_named(docker, fresh_engine, both, tmp_path):
    for platform in ("linux/arm64", "linux/amd64"):
        docker("pull", "--platform", platform, both)
    docker("save", "-o", tmp_path / "both.tar", both)
    other = fresh_engine(busybox=False)
    other.docker("load", "--platform", "linux/arm64", "-i", tmp_path / "both.tar")
    assert architecture(other.docker, both, "--platform", "linux/arm64") == "arm64"
    other.docker("image", "inspect", "--platform", "linux/amd64", both, code=1)


def test_push_of_every_platform_keeps_the_index(docker, registry, both, name):
    for platform in ("linux/arm64", "linux/amd64"):
        docker("pull", "--platform", platform, both)
    docker("tag", both, f"{registry.address}/copies/{name}:both")
    docker("push", f"{registry.address}/copies/{name}:both")
    assert registry.manifest(f"copies/{name}", "both") == registry.manifest(name, "both")


def test_push_of_one_platform_pushes_its_manifest(docker, registry, both, name):
    for platform in ("linux/arm64", "linux/amd64"):
        docker("pull", "--platform", platform, both)
    docker("tag", both, f"{registry.address}/copies/{name}:arm")
    docker("push", "--platform", "linux/arm64", f"{registry.address}/copies/{name}:arm")
    index, _ = registry.manifest(name, "both")
    _, pushed = registry.manifest(f"copies/{name}", "arm")
    assert pushed == index["manifests"][1]["digest"]


def test_an_index_of_which_a_part_is_here_is_pushed_as_that_part(docker, registry, both, name):
    docker("pull", both)
    docker("tag", both, f"{registry.address}/copies/{name}:part")
    docker("push", f"{registry.address}/copies/{name}:part")
    pushed, _ = registry.manifest(f"copies/{name}", "part")
    index, _ = registry.manifest(name, "both")
    if "manifests" in pushed:
        assert pushed == index
    else:
        assert pushed == registry.manifest(name, index["manifests"][0]["digest"])[0]


def test_attestations_stay_with_their_image(docker, registry, base, name):
    image = registry.put_image(name, None, [base])
    registry.put_index(name, "attested", [image, put_attestation(registry, name, image)])
    reference = f"{registry.address}/{name}:attested"
    docker("pull", reference)
    docker("tag", reference, f"{registry.address}/copies/{name}:attested")
    docker("push", f"{registry.address}/copies/{name}:attested")
    assert registry.manifest(f"copies/{name}", "attested") == registry.manifest(name, "attested")


def test_an_artifact_is_pulled_and_pushed_as_it_is(docker, registry, name):
    """A manifest whose layers are no file systems: a chart, a policy, a signature."""
    content = b"not a file system"
    for data in (EMPTY, content):
        registry.put_blob(name, data)
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "artifactType": "application/vnd.example.thing",
        "config": descriptor("application/vnd.oci.empty.v1+json", EMPTY),
        "layers": [descriptor("application/vnd.example.thing.v1", content)],
    }
    registry.put_manifest(name, "thing", manifest)
    pulled = docker("pull", f"{registry.address}/{name}:thing", code=None)
    if pulled.code:
        assert "application/vnd.example.thing" in pulled.err or "unsupported media type" in pulled.err
        return
    docker("tag", f"{registry.address}/{name}:thing", f"{registry.address}/copies/{name}:thing")
    docker("push", f"{registry.address}/copies/{name}:thing")
    assert registry.manifest(f"copies/{name}", "thing") == registry.manifest(name, "thing")


def test_removing_the_name_removes_every_platform(engine, docker, both):
    before = engine.api("GET", "/system/df").json()["LayersSize"]
    for platform in ("linux/arm64", "linux/amd64"):
        docker("pull", "--platform", platform, both)
    docker("rmi", both)
    assert engine.api("GET", "/system/df").json()["LayersSize"] == before
