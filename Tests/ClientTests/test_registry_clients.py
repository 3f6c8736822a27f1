# SPDX-License-Identifier: Apache-2.0
"""Other clients that move images: hull's own verbs, docker's SDK for Python, docker compose."""
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import docker as sdk
import pytest
from support.cli import CommandLine
from support.engine import BINARIES, KIND
from support.faulty import drip
from support.images import regular, tar_of
from support.registries import HullRegistry
from support.terminal import Terminal
from support.waiting import until

pytestmark = pytest.mark.usefixtures("tidy_images")
needs_hull = pytest.mark.skipif(not os.access(BINARIES / "hull", os.X_OK), reason="hull is not built")


@pytest.fixture
def layer(name):
    return tar_of(lambda archive: regular(archive, name, name.encode() * 100_000))


@pytest.fixture
def image(registry, layer, name):
    registry.put_image(name, "one", [layer])
    return f"{registry.address}/{name}:one"


@pytest.fixture
def hull(engine, tmp_path):
    """Hull's client with accounts of this test alone."""
    return CommandLine(str(BINARIES / "hull"), engine.docker.environment | {"HULL_CONFIG": str(tmp_path / "config")})


# hull


def same(docker, hull, *arguments):
    """What both clients print for the same command, run in turn."""
    ours, theirs = hull(*arguments), docker(*arguments)
    return ours.lines, theirs.lines


@needs_hull
def test_hull_pull_prints_what_docker_prints(docker, hull, image):
    first = hull("pull", image).lines
    docker("rmi", image)
    assert sorted(first) == sorted(docker("pull", image).lines)
    ours, theirs = same(docker, hull, "pull", image)
    assert ours == theirs
    assert hull("pull", "-q", image).out == image


@needs_hull
def test_hull_push_prints_what_docker_prints(docker, hull, image):
    docker("pull", image)
    ours, theirs = same(docker, hull, "push", image)
    assert ours == theirs and "one: digest: sha256:" in ours[-1]
    assert hull("push", "-q", image).out == image


@needs_hull
def test_hull_run_pulls_what_is_missing(hull, image):
    ran = hull("create", image, "/nothing")
    assert f"Unable to find image '{image}' locally" in ran.err


@needs_hull
@pytest.mark.parametrize("arguments", [("pull", "-a", "some:tag"), ("pull",), ("push", "-a", "some:tag"), ("push",)])
def test_hull_refuses_what_docker_refuses(docker, hull, arguments):
    def said(result):
        return result.code, result.err.split("\n")[0].replace("docker", "hull").replace('"', "").replace("'", "")

    assert said(hull(*arguments, code=None)) == said(docker(*arguments, code=None))


@needs_hull
def test_bars_move_at_a_terminal(engine, hull, registry, proxy_on, name):
    layer = tar_of(lambda archive: regular(archive, name, bytes(4 << 20)))
    registry.put_image(name, "slow", [layer], compress=None)
    proxy = proxy_on(engine.host, target=registry.port)
    proxy.when("/blobs/", drip(16384, 0.01))
    with Terminal([hull.program, "pull", f"{proxy.address}/{name}:slow"], hull.environment) as terminal:
        terminal.expect(r": Downloading \[=*>")
        terminal.expect(r"\x1b\[\d+A.*: Downloading \[==+>")
        terminal.expect(r": Pull complete")
        terminal.expect(r"Status: Downloaded newer image")
        assert terminal.wait() == 0


@pytest.fixture
def guarded(engine, registry_on, layer):
    registry = registry_on(engine.host, port=5010, accounts={"somebody": "se:cret"})
    registry.put_image("private", "one", [layer])
    return registry


@needs_hull
def test_hull_login_is_known_to_docker_and_the_other_way_round(docker, hull, guarded, tmp_path):
    config = {"DOCKER_CONFIG": str(tmp_path / "config")}
    reference = f"{guarded.address}/private:one"
    login = hull("login", "-u", "somebody", "--password-stdin", guarded.address, stdin=b"se:cret\n")
    assert login.out == "Login Succeeded" and "stored unencrypted" in login.err
    assert stat.S_IMODE((tmp_path / "config/config.json").stat().st_mode) == 0o600
    docker("pull", reference, env=config)
    assert hull("logout", guarded.address).out == f"Removing login credentials for {guarded.address}"
    docker("rmi", reference)
    assert hull("pull", reference, code=1).err
    docker("login", "-u", "somebody", "--password-stdin", guarded.address, stdin=b"se:cret", env=config)
    hull("pull", reference)
    assert "Authenticating with existing credentials" in hull("login", guarded.address).out


@needs_hull
def test_a_wrong_password_is_not_kept(hull, guarded, tmp_path):
    assert hull("login", "-u", "somebody", "--password-stdin", guarded.address, stdin=b"wrong", code=1).err
    assert not (tmp_path / "config/config.json").exists()


@needs_hull
def test_a_password_is_asked_for_and_not_shown(hull, guarded):
    with Terminal([hull.program, "login", guarded.address], hull.environment) as terminal:
        terminal.expect("Username: ")
        terminal.line("somebody")
        terminal.expect("Password: ")
        terminal.line("se:cret")
        assert "se:cret" not in terminal.expect("Login Succeeded")[0].decode()
        assert terminal.wait() == 0


@needs_hull
def test_a_credential_helper_keeps_the_password(hull, guarded, tmp_path):
    helper = tmp_path / "bin/docker-credential-test"
    helper.parent.mkdir()
    helper.write_text(f"#!/bin/sh\ncase $1 in store) cat > {tmp_path}/kept;; get) cat {tmp_path}/kept;; erase) rm {tmp_path}/kept;; esac\n")
    helper.chmod(0o755)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.json").write_text('{"credsStore": "test"}')
    path = {"PATH": f"{helper.parent}:{os.environ['PATH']}"}
    hull("login", "-u", "somebody", "--password-stdin", guarded.address, stdin=b"se:cret", env=path)
    assert json.loads((tmp_path / "kept").read_text()) == {"ServerURL": guarded.address, "Username": "somebody", "Secret": "se:cret"}
    assert "auth" not in json.loads((tmp_path / "config/config.json").read_text())["auths"][guarded.address]
    hull("pull", f"{guarded.address}/private:one", env=path)
    hull("logout", guarded.address, env=path)
    assert not (tmp_path / "kept").exists()


@needs_hull
@pytest.mark.skipif(not HullRegistry.program.exists(), reason="hull-registry is not built")
def test_hull_registry_serve_is_the_registry(hull):
    assert hull("registry", "serve", "--help").out == subprocess.run([HullRegistry.program, "serve", "--help"], capture_output=True, text=True).stdout.strip()


# docker search


@pytest.mark.skipif(not HullRegistry.program.exists(), reason="hull-registry is not built")
@pytest.mark.modern("search works against registries that have no search of their own")
def test_search_finds_repositories_of_a_registry(engine, docker, registry_on, layer):
    registry = registry_on(engine.host, "hull-registry")
    for repository in ("tools/hammer", "tools/saw", "other"):
        registry.put_image(repository, "one", [layer])
    found = docker("search", f"{registry.address}/tools", "--format", "{{.Name}}").lines
    assert sorted(one.removeprefix(f"{registry.address}/") for one in found) == ["tools/hammer", "tools/saw"]
    assert len(docker("search", "--limit", "1", f"{registry.address}/tools", "--format", "{{.Name}}").lines) == 1


# The SDK


@pytest.fixture
def client(engine):
    client = sdk.DockerClient(base_url=f"unix://{engine.socket}", timeout=30)
    yield client
    client.close()


def test_the_sdk_pulls_and_pushes(client, registry, image, layer, name):
    pulled = client.images.pull(image)
    assert pulled.tags == [image]
    repository, _ = image.rsplit(":", 1)
    assert pulled.tag(repository, "two")
    said = [json.loads(line) for line in client.images.push(repository, tag="two").splitlines()]
    assert any("digest: sha256:" in one.get("status", "") for one in said)
    assert registry.tags(name) == ["one", "two"]


def test_the_sdk_pulls_every_tag(client, registry, layer, name):
    for tag in ("one", "two"):
        registry.put_image(name, tag, [layer], config={"Labels": {"tag": tag}})
    images = client.images.pull(f"{registry.address}/{name}", all_tags=True)
    assert sorted(tag for one in images for tag in one.tags) == [f"{registry.address}/{name}:one", f"{registry.address}/{name}:two"]


def test_the_sdk_streams_a_pull(client, image):
    repository, tag = image.rsplit(":", 1)
    steps = list(client.api.pull(repository, tag=tag, stream=True, decode=True))
    assert steps[0]["status"].startswith("Pulling from") and steps[-1]["status"].startswith("Status: ")


def test_the_sdk_asks_for_what_is_in_a_registry(client, registry, image, name):
    data = client.images.get_registry_data(image)
    assert data.id == registry.manifest(name, "one")[1]


def test_the_sdk_knows_that_an_image_is_missing(client, registry):
    with pytest.raises(sdk.errors.NotFound):
        client.images.pull(f"{registry.address}/nobody/nothing:one")


def test_the_sdk_logs_in_and_sends_its_account(client, guarded):
    assert client.login("somebody", "se:cret", registry=guarded.address)["Status"] == "Login Succeeded"
    client.images.pull(f"{guarded.address}/private:one")
    with pytest.raises(sdk.errors.APIError):
        client.login("somebody", "wrong", registry=guarded.address, reauth=True)


# compose


def test_compose_pulls_and_pushes(engine, docker, registry, image, tmp_path, name):
    pushed = f"{registry.address}/{name}:composed"
    docker("tag", "busybox", pushed)
    services = {"a": {"image": image}, "b": {"image": image}, "c": {"image": pushed, "build": "."}}  # compose pushes what it could build
    (tmp_path / "compose.yml").write_text(json.dumps({"name": "images", "services": services}))
    compose = CommandLine(str(Path(sys.executable).with_name("docker-compose")), docker.environment)
    compose("-f", tmp_path / "compose.yml", "push", "c")
    assert registry.tags(name) == ["composed", "one"]
    docker("rmi", pushed)
    compose("-f", tmp_path / "compose.yml", "pull")
    assert sorted(docker("images", "--format", "{{.Tag}}", f"{registry.address}/{name}").lines) == ["composed", "one"]
    until(lambda: docker("run", "--rm", pushed, "echo", "hi").out == "hi", "what compose pulled runs")
