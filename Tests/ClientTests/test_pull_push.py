# SPDX-License-Identifier: Apache-2.0
"""Images from and to a registry: Debian's docker-registry and Hull's own, with docker's clients and skopeo as witnesses."""
import json
import random
import re

import pytest
from support.archives import OCI
from support.cli import CommandLine
from support.images import busybox_tar, regular, tar_of
from support.registries import DOCKER

pytestmark = pytest.mark.usefixtures("tidy_images")

# What is said of a layer, in this order; a step that takes no time may be left out.
STEPS = ("Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete")


@pytest.fixture(scope="module")
def layers():
    """A busybox and a small layer on it."""
    return [busybox_tar(), tar_of(lambda archive: regular(archive, "etc/added", b"added\n"))]


@pytest.fixture
def image(registry, layers, name):
    """The reference of an image of two layers in the registry."""
    registry.put_image(f"tests/{name}", "one", layers)
    return f"{registry.address}/tests/{name}:one"


def parts(reference):
    """(repository in the registry, tag)."""
    repository, tag = reference.split("/", 1)[1].split(":")
    return repository, tag


def test_a_pulled_image_runs(docker, image):
    docker("pull", image)
    assert docker("run", "--rm", image, "cat", "/etc/added").out == "added"


def test_pull_tells_digest_and_status(docker, registry, image):
    out = docker("pull", image).lines
    _, sha = registry.manifest(*parts(image))
    assert out[0] == f"one: Pulling from {parts(image)[0]}"
    assert out[-3:] == [f"Digest: {sha}", f"Status: Downloaded newer image for {image}", image]
    assert docker("pull", image).lines[-3:] == [f"Digest: {sha}", f"Status: Image is up to date for {image}", image]


def test_quiet_pull_prints_the_name(docker, image):
    assert docker("pull", "-q", image).out == image


def test_pull_streams_dockers_messages(api, registry, name):
    image = f"{registry.address}/tests/{name}:one"
    data = random.Random(name).randbytes(1 << 20)
    registry.put_image(*parts(image), [tar_of(lambda archive: regular(archive, f"{name}-{number}", data)) for number in range(8)])
    repository, tag = image.rsplit(":", 1)
    answer = api("POST", f"/images/create?fromImage={repository}&tag={tag}")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    messages = [json.loads(line) for line in answer.body.splitlines()]
    assert messages[0] == {"status": f"Pulling from {parts(image)[0]}", "id": "one"}
    manifest, sha = registry.manifest(*parts(image))
    assert [one["status"] for one in messages[-2:]] == [f"Digest: {sha}", f"Status: Downloaded newer image for {image}"]
    by_layer = {layer["digest"][7:19]: [one for one in messages if one.get("id") == layer["digest"][7:19]] for layer in manifest["layers"]}
    assert len(by_layer) == 8
    for told in by_layer.values():
        words = list(dict.fromkeys(one["status"] for one in told))
        assert words == [word for word in STEPS if word in words]
        assert {"Pulling fs layer", "Download complete", "Extracting", "Pull complete"} <= set(words)
        for one in told:
            detail = one["progressDetail"]
            assert detail == {} or (0 <= detail["current"] <= detail["total"] and one["progress"].startswith("["))


def test_layers_that_are_there_are_not_fetched_again(docker, registry, proxy_on, engine, layers, name):
    registry.put_image(name, "one", layers[:1])
    registry.put_image(name, "two", layers)
    docker("pull", f"{registry.address}/{name}:one")
    proxy = proxy_on(engine.host, target=registry.port)
    lines = docker("pull", f"{proxy.address}/{name}:two").lines
    manifest, _ = registry.manifest(name, "two")
    first, second = (layer["digest"] for layer in manifest["layers"])
    assert f"{first[7:19]}: Already exists" in lines and f"{second[7:19]}: Pull complete" in lines
    assert proxy.bytes_of(first) == 0 and proxy.bytes_of(second) == manifest["layers"][1]["size"]


def test_pull_by_digest(docker, registry, image):
    _, sha = registry.manifest(*parts(image))
    by_digest = f"{image.rsplit(':', 1)[0]}@{sha}"
    assert docker("pull", by_digest).lines[-3:] == [f"Digest: {sha}", f"Status: Downloaded newer image for {by_digest}", by_digest]
    assert docker("run", "--rm", by_digest, "cat", "/etc/added").out == "added"
    repository, tag, listed = docker("images", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}", by_digest.split("@")[0]).out.split()
    assert (repository, tag, listed) == (by_digest.split("@")[0], "<none>", sha)


def test_images_show_digests(docker, registry, image):
    docker("pull", image)
    _, sha = registry.manifest(*parts(image))
    assert docker("images", "--digests", "--format", "{{.Tag}} {{.Digest}}", image.rsplit(":", 1)[0]).out == f"one {sha}"
    assert json.loads(docker("inspect", image, "--format", "{{json .RepoDigests}}").out) == [f"{image.rsplit(':', 1)[0]}@{sha}"]


def test_pull_all_tags(docker, registry, layers, name):
    for tag in ("one", "two", "three"):
        registry.put_image(name, tag, layers[:1], config={"Labels": {"tag": tag}})
    docker("pull", "--all-tags", f"{registry.address}/{name}")
    assert sorted(docker("images", "--format", "{{.Tag}}", f"{registry.address}/{name}").lines) == ["one", "three", "two"]


def test_a_missing_tag_and_repository_are_named(docker, registry, image):
    missing = image.replace(":one", ":nosuch")
    assert docker("pull", missing, code=1).err.startswith(f"Error response from daemon: manifest for {missing} not found: manifest unknown: ")
    nobody = f"{registry.address}/nobody/nothing:latest"
    assert f"manifest for {nobody} not found" in docker("pull", nobody, code=1).err


def test_a_registry_that_is_not_there_is_named(docker):
    message = docker("pull", "127.0.0.1:5999/some/image", code=1).err
    assert "127.0.0.1:5999" in message and "connection refused" in message.lower()


def test_run_pulls_what_is_missing(docker, image):
    ran = docker("run", "--rm", image, "cat", "/etc/added")
    assert ran.out == "added"
    assert f"Unable to find image '{image}' locally" in ran.err and f"Status: Downloaded newer image for {image}" in ran.err


def test_pull_policies_of_run(docker, registry, image, layers):
    assert "No such image" in docker("run", "--rm", "--pull", "never", image, "true", code=125).err
    docker("pull", image)
    registry.put_image(*parts(image), [layers[0], tar_of(lambda archive: regular(archive, "etc/added", b"changed\n"))])
    assert docker("run", "--rm", image, "cat", "/etc/added").out == "added"
    assert docker("run", "--rm", "--pull", "always", image, "cat", "/etc/added").out == "changed"


def test_a_tag_that_moved_leaves_the_old_image_without_a_name(docker, registry, image, layers):
    docker("pull", image)
    old = docker("images", "-q", "--no-trunc", image).out
    registry.put_image(*parts(image), layers[:1])
    assert f"Status: Downloaded newer image for {image}" in docker("pull", image).out
    assert docker("images", "-q", "--no-trunc", image).out != old
    assert old in docker("images", "-q", "--no-trunc", "--filter", "dangling=true").lines


def test_events_tell_of_pull_and_push(engine, docker, image):
    since = docker("info", "--format", "{{.SystemTime}}").out
    docker("pull", image)
    docker("push", image)
    until = docker("info", "--format", "{{.SystemTime}}").out
    told = docker("events", "--since", since, "--until", until, "--filter", "type=image", "--format", "{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}").lines
    assert [line for line in told if not line.startswith("tag")] == [f"pull {image} {image.rsplit(':', 1)[0]}", f"push {image} {image.rsplit(':', 1)[0]}"]


# Push.


def test_push_and_pull_give_the_same_digests(docker, registry, name):
    """The issue's first line: push, delete locally, pull, run."""
    reference = f"{registry.address}/{name}/deep/er:v1"
    docker("tag", "busybox", reference)
    before = json.loads(docker("inspect", reference).out)[0]
    out = docker("push", reference).lines
    assert out[0] == f"The push refers to repository [{registry.address}/{name}/deep/er]"
    sha = re.fullmatch(r"v1: digest: (sha256:[0-9a-f]{64}) size: \d+", out[-1])[1]
    docker("rmi", reference)
    pulled = docker("pull", reference).lines
    assert f"Digest: {sha}" in pulled
    after = json.loads(docker("inspect", reference).out)[0]
    assert after["RootFS"] == before["RootFS"] and after["Id"] == before["Id"] and after["Config"] == before["Config"]
    assert docker("run", "--rm", reference, "echo", "hi").out == "hi"


def test_push_streams_dockers_messages(api, docker, registry, name):
    reference = f"{registry.address}/{name}:v1"
    docker("tag", "busybox", reference)
    answer = api("POST", f"/images/{registry.address}/{name}/push?tag=v1", headers={"X-Registry-Auth": "e30="})
    messages = [json.loads(line) for line in answer.body.splitlines()]
    assert messages[0] == {"status": f"The push refers to repository [{registry.address}/{name}]"}
    layer = json.loads(docker("inspect", reference, "--format", "{{json .RootFS.Layers}}").out)[0]
    words = [one["status"] for one in messages if one.get("id") == layer[7:19]]
    assert words[0] == "Preparing" and words[-1] == "Pushed" and "Pushing" in words
    manifest, sha = registry.manifest(name, "v1")
    assert re.fullmatch(rf"v1: digest: {sha} size: \d+", messages[-2]["status"])
    assert messages[-1]["aux"]["Tag"] == "v1" and messages[-1]["aux"]["Digest"] == sha and messages[-1]["aux"]["Size"] > 0


def test_what_the_registry_has_is_not_pushed_again(docker, registry, proxy_on, engine, name):
    proxy = proxy_on(engine.host, target=registry.port)
    for tag in ("one", "two"):
        docker("tag", "busybox", f"{proxy.address}/{name}:{tag}")
    docker("push", f"{proxy.address}/{name}:one")
    uploads = proxy.count("/blobs/uploads/", "POST")
    out = docker("push", f"{proxy.address}/{name}:two").out
    assert ": Layer already exists" in out
    assert proxy.count("/blobs/uploads/", "POST") == uploads


def test_a_layer_is_mounted_from_another_repository(docker, registry, name):
    for repository in ("a", "b"):
        docker("tag", "busybox", f"{registry.address}/{name}/{repository}:v1")
    docker("push", f"{registry.address}/{name}/a:v1")
    assert f": Mounted from {name}/a" in docker("push", f"{registry.address}/{name}/b:v1").out


@pytest.mark.modern("an image is pushed as it was pulled")
def test_a_pulled_image_is_pushed_byte_for_byte(docker, registry, image, name):
    """Nothing is compressed again: the blobs arrive elsewhere with the digests they came with."""
    manifest, _ = registry.manifest(*parts(image))
    docker("pull", image)
    copy = f"{registry.address}/copies/{name}:v1"
    docker("tag", image, copy)
    docker("push", copy)
    copied, _ = registry.manifest(f"copies/{name}", "v1")
    assert [layer["digest"] for layer in copied["layers"]] == [layer["digest"] for layer in manifest["layers"]]
    assert copied["config"]["digest"] == manifest["config"]["digest"]


@pytest.mark.modern("an image is pushed as it was pulled")
@pytest.mark.parametrize("compress", ["gzip", "zstd", None])
def test_a_pulled_image_keeps_its_manifest_when_pushed(docker, registry, layers, name, compress):
    registry.put_image(name, "v1", layers, compress=compress)
    docker("pull", f"{registry.address}/{name}:v1")
    assert docker("run", "--rm", f"{registry.address}/{name}:v1", "cat", "/etc/added").out == "added"
    docker("tag", f"{registry.address}/{name}:v1", f"{registry.address}/copies/{name}:v1")
    docker("push", f"{registry.address}/copies/{name}:v1")
    assert registry.manifest(f"copies/{name}", "v1") == registry.manifest(name, "v1")


def test_push_all_tags(docker, registry, name):
    for tag in ("one", "two"):
        docker("tag", "busybox", f"{registry.address}/{name}:{tag}")
    docker("push", "--all-tags", f"{registry.address}/{name}")
    assert registry.tags(name) == ["one", "two"]


def test_push_of_what_is_not_there_says_so(docker, registry):
    reference = f"{registry.address}/nobody/nothing"
    assert f"An image does not exist locally with the tag: {reference}" in docker("push", reference, code=1).err


def test_an_image_of_docker_schema_2_is_pulled(docker, registry, image, name):
    registry.skopeo("copy", "--format", "v2s2", "--src-tls-verify=false", "--dest-tls-verify=false", f"docker://{image}", f"docker://{registry.address}/{name}/v2:s2")
    manifest, sha = registry.manifest(f"{name}/v2", "s2")
    assert manifest["mediaType"] == f"{DOCKER}.manifest.v2+json"
    assert f"Digest: {sha}" in docker("pull", f"{registry.address}/{name}/v2:s2").out
    assert docker("run", "--rm", f"{registry.address}/{name}/v2:s2", "cat", "/etc/added").out == "added"


# Other programs.


def test_skopeo_reads_what_was_pushed(docker, registry, name, tmp_path):
    reference = f"{registry.address}/{name}:v1"
    docker("tag", "busybox", reference)
    docker("push", reference)
    shown = json.loads(registry.skopeo("inspect", "--tls-verify=false", f"docker://{reference}"))
    assert shown["Architecture"] == "amd64" and shown["RepoTags"] == ["v1"]
    registry.skopeo("copy", "--src-tls-verify=false", f"docker://{reference}", f"docker-archive:{tmp_path}/image.tar:again:v1")
    assert docker("load", "-i", tmp_path / "image.tar").out == "Loaded image: again:v1"
    assert docker("inspect", "-f", "{{.Id}}", "again:v1").out == docker("inspect", "-f", "{{.Id}}", reference).out


@pytest.mark.parametrize("form", ["oci", "v2s2"])
def test_what_skopeo_pushed_is_pulled(docker, registry, name, tmp_path, form):
    docker("save", "-o", tmp_path / "image.tar", "busybox")
    reference = f"{registry.address}/{name}:v1"
    registry.skopeo("copy", "--format", form, "--dest-tls-verify=false", f"docker-archive:{tmp_path}/image.tar", f"docker://{reference}")
    docker("pull", reference)
    assert docker("run", "--rm", reference, "echo", "hi").out == "hi"


def test_manifest_inspect_shows_the_registrys_manifest(engine, docker, registry, image):
    """The client asks the registry itself, so it has to be on that host."""
    there = CommandLine(docker.program, docker.environment, enter=engine.host.enter)
    shown = json.loads(there("manifest", "inspect", "--insecure", image).out)
    manifest, _ = registry.manifest(*parts(image))
    assert shown["layers"] == manifest["layers"] and shown["config"] == manifest["config"]


@pytest.mark.modern("platforms of OCI manifests are told")
def test_distribution_inspect_tells_descriptor_and_platforms(api, registry, image):
    _, sha = registry.manifest(*parts(image))
    shown = api("GET", f"/distribution/{image}/json").json()
    assert shown["Descriptor"]["digest"] == sha and shown["Descriptor"]["mediaType"] == f"{OCI}.manifest.v1+json"
    assert [(one["architecture"], one["os"]) for one in shown["Platforms"]] == [("amd64", "linux")]
