# SPDX-License-Identifier: Apache-2.0
"""In what form images go to a registry: what was made here is compressed, what came from one stays as it is."""
import gzip
import json

import pytest
from support.archives import digest, docker_archive
from support.contexts import context
from support.engine import KIND
from support.images import regular, tar_of

pytestmark = pytest.mark.usefixtures("tidy_images")
only_hull = pytest.mark.skipif(KIND == "docker", reason="hull: it is Hull's own")

TEXT = b"the same line again and again\n" * 100_000


def build(api, reference, dockerfile="FROM busybox\nCOPY text /text\nRUN seq 100000 > /numbers\n", text=TEXT):
    answer = api("POST", f"/build?t={reference}", body=context(dockerfile, lambda archive: regular(archive, "text", text)))
    assert answer.status == 200 and b'"error"' not in answer.body, answer.body
    return json.loads(api("GET", f"/images/{reference}/json").body)


@pytest.fixture
def reference(registry, name):
    return f"{registry.address}/{name}:v1"


def repo_digests(docker, reference):
    return json.loads(docker("inspect", reference, "--format", "{{json .RepoDigests}}").out)


def test_a_built_image_goes_out_compressed_and_comes_back_the_same(api, docker, registry, reference, name):
    built = build(api, reference)
    docker("push", reference)
    manifest, sha = registry.manifest(name, "v1")
    assert all(layer["mediaType"].endswith("gzip") for layer in manifest["layers"])
    assert manifest["layers"][1]["size"] < len(TEXT) / 10
    for layer, diff_id in zip(manifest["layers"], built["RootFS"]["Layers"]):
        _, _, data = registry.request("GET", f"/v2/{name}/blobs/{layer['digest']}")
        assert digest(gzip.decompress(data)) == diff_id
    assert repo_digests(docker, reference) == [f"{registry.address}/{name}@{sha}"]
    docker("rmi", "-f", built["Id"])
    docker("pull", reference)
    assert json.loads(docker("inspect", reference).out)[0]["Id"] == built["Id"]
    assert docker("run", "--rm", reference, "tail", "-n1", "/numbers").out == "100000"


def test_the_second_push_sends_nothing(api, docker, registry, reference, name):
    build(api, reference)
    docker("push", reference)
    first = registry.manifest(name, "v1")
    out = docker("push", reference).out
    assert "Compressing" not in out and "Pushed" not in out and "Layer already exists" in out
    assert registry.manifest(name, "v1") == first


@only_hull
def test_the_same_build_again_has_the_same_digest(api, docker, registry, reference, name):
    built = build(api, reference)
    docker("push", reference)
    first = registry.manifest(name, "v1")
    assert build(api, reference)["Id"] == built["Id"]
    docker("push", reference)
    assert registry.manifest(name, "v1") == first
    assert repo_digests(docker, reference) == [f"{registry.address}/{name}@{first[1]}"]


@only_hull
def test_whoever_pushes_the_digest_is_the_same(api, engine, docker, registry, reference, name, tmp_path):
    build(api, reference)
    docker("push", reference)
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY text /text\nRUN seq 100000 > /numbers\n")
    (tmp_path / "text").write_bytes(TEXT)
    (tmp_path / "text").chmod(0o644)
    engine.hull("build", "-q", "-t", reference.replace(":v1", ":v2"), "--push", str(tmp_path))
    assert registry.manifest(name, "v1") == registry.manifest(name, "v2")


@only_hull
def test_what_lay_there_uncompressed_goes_when_nothing_needs_it(engine, docker, registry, reference):
    docker("load", stdin=docker_archive([tar_of(lambda archive: regular(archive, "text", TEXT))], tags=(reference,)))
    identity = docker("inspect", "-f", "{{.Id}}", reference).out
    plain = engine.root / "content/blobs/sha256" / json.loads(docker("inspect", identity, "--format", "{{json .RootFS.Layers}}").out)[0][7:]
    docker("tag", reference, reference.replace(":v1", ":other"))
    assert plain.exists()
    docker("push", reference)
    assert not plain.exists()
    assert json.loads(docker("inspect", reference.replace(":v1", ":other")).out)[0]["Id"] == identity
    result = engine.hull("system", "check", "--json", code=None)
    assert json.loads(result.stdout)["Problems"] == [] and result.code == 0


@only_hull
@pytest.mark.parametrize(("compression", "ending"), [("zstd", "+zstd"), ("uncompressed", ".tar"), ("gzip", "+gzip")])
def test_the_form_may_be_said(api, engine, docker, registry, reference, name, compression, ending):
    built = build(api, reference)
    engine.hull("push", "--compression", compression, reference)
    manifest, _ = registry.manifest(name, "v1")
    # The base may have been to a registry before: then it stays as it is.
    assert all(layer["mediaType"].endswith(ending) for layer in manifest["layers"][1:])
    docker("rmi", "-f", built["Id"])
    docker("pull", reference)
    assert docker("run", "--rm", reference, "tail", "-n1", "/numbers").out == "100000"
    assert "is not known" in engine.hull("push", "--compression", "xz", reference, code=1).err


def test_a_committed_image_goes_out_compressed(docker, run, registry, reference, name):
    container = run(command=("sh", "-c", "seq 100000 > /numbers"))
    docker("wait", container)
    docker("commit", container, reference)
    docker("push", reference)
    manifest, _ = registry.manifest(name, "v1")
    assert manifest["layers"][-1]["mediaType"].endswith("gzip") and manifest["layers"][-1]["size"] < 400_000


@pytest.mark.modern("an image is pushed as it was pulled")
def test_a_plain_image_of_a_registry_stays_plain(docker, registry, reference, name):
    registry.put_image(name, "v1", [tar_of(lambda archive: regular(archive, "text", TEXT))], compress=None)
    docker("pull", reference)
    before = registry.manifest(name, "v1")
    copy = f"{registry.address}/copies/{name}:v1"
    docker("tag", reference, copy)
    docker("push", copy)
    assert registry.manifest(f"copies/{name}", "v1") == before


def test_skopeo_reads_it(api, docker, registry, reference):
    built = build(api, reference)
    docker("push", reference)
    config = json.loads(registry.skopeo("inspect", "--config", "--tls-verify=false", f"docker://{reference}"))
    assert config["rootfs"]["diff_ids"] == built["RootFS"]["Layers"]
