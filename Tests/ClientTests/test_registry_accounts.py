# SPDX-License-Identifier: Apache-2.0
"""Registries that want to know who asks: passwords, tokens, certificates; and whom they may be to the engine."""
import json
import shutil
from base64 import b64encode

import pytest
from support.certificates import Authority
from support.cli import CommandLine
from support.engine import KIND
from support.images import regular, tar_of
from support.registries import KINDS, OUTSIDE, HullRegistry
from support.tokens import TokenServer

pytestmark = pytest.mark.usefixtures("tidy_images")
ACCOUNTS = {"somebody": "secret"}


@pytest.fixture(params=list(KINDS))
def kind(request):
    """Each kind of registry."""
    if request.param == HullRegistry.kind and not HullRegistry.program.exists():
        pytest.skip("hull-registry is not built")
    return request.param


@pytest.fixture
def docker(engine, tmp_path):
    """The docker client with a configuration of this test alone."""
    return CommandLine(engine.docker.program, engine.docker.environment | {"DOCKER_CONFIG": str(tmp_path / "config")})


@pytest.fixture
def guarded(engine, registry_on, kind, layer):
    """A registry that wants a password, with an image in it."""
    registry = registry_on(engine.host, kind, accounts=ACCOUNTS)
    registry.put_image("private", "one", [layer])
    return registry


@pytest.fixture
def layer(name):
    return tar_of(lambda archive: regular(archive, name, b"text"))


def log_in(docker, registry, password="secret", code=0):
    return docker("login", "--username", "somebody", "--password-stdin", registry.address, stdin=password.encode(), code=code)


def test_without_an_account_the_registry_refuses(docker, guarded):
    message = docker("pull", f"{guarded.address}/private:one", code=1).err
    assert "no basic auth credentials" in message or "unauthorized" in message
    docker("tag", "busybox", f"{guarded.address}/mine:one")
    message = docker("push", f"{guarded.address}/mine:one", code=1).err
    assert "no basic auth credentials" in message or "unauthorized" in message


def test_login_opens_and_logout_closes(docker, guarded):
    assert log_in(docker, guarded).out == "Login Succeeded"
    docker("pull", f"{guarded.address}/private:one")
    docker("tag", "busybox", f"{guarded.address}/mine:one")
    docker("push", f"{guarded.address}/mine:one")
    assert guarded.tags("mine") == ["one"]
    docker("logout", guarded.address)
    docker("rmi", f"{guarded.address}/private:one")
    docker("pull", f"{guarded.address}/private:one", code=1)


def test_a_wrong_password_is_told_and_not_kept(docker, guarded, tmp_path):
    message = log_in(docker, guarded, "wrong", code=1).err
    assert f"{guarded.address}/v2/" in message and "401 Unauthorized" in message or "unauthorized" in message
    assert guarded.address not in (tmp_path / "config/config.json").read_text() if (tmp_path / "config/config.json").exists() else True


def test_login_at_nobody_names_the_place(docker):
    message = docker("login", "-u", "a", "--password-stdin", "127.0.0.1:5999", stdin=b"b", code=1).err
    assert "127.0.0.1:5999" in message and "connection refused" in message.lower()


def test_run_and_create_use_the_account(docker, guarded):
    log_in(docker, guarded)
    docker("create", f"{guarded.address}/private:one", "/nothing")


def test_the_api_takes_the_account_with_the_request(api, guarded):
    account = b64encode(json.dumps({"username": "somebody", "password": "secret", "serveraddress": guarded.address}).encode()).decode()
    headers = {"X-Registry-Auth": account.replace("+", "-").replace("/", "_")}
    answer = api("POST", f"/images/create?fromImage={guarded.address}/private&tag=one", headers=headers)
    assert answer.status == 200 and b"Status: Downloaded newer image" in answer.body
    wrong = b64encode(json.dumps({"username": "somebody", "password": "wrong"}).encode()).decode()
    assert b"nauthorized" in api("POST", f"/images/create?fromImage={guarded.address}/private&tag=one", headers={"X-Registry-Auth": wrong}).body


@pytest.fixture
def tokens(engine, tmp_path):
    made = TokenServer(engine.host, tmp_path / "tokens", ACCOUNTS)
    yield made
    made.close()


def test_tokens_are_fetched_for_what_is_done(engine, docker, registry_on, tokens, kind, name):
    registry = registry_on(engine.host, kind, tokens=tokens)
    assert log_in(docker, registry).out == "Login Succeeded"
    reference = f"{registry.address}/{name}:one"
    docker("tag", "busybox", reference)
    docker("push", reference)
    docker("rmi", reference)
    docker("pull", reference)
    assert any(user == "somebody" and f"repository:{name}:pull,push" in scopes for user, scopes in tokens.asked)
    docker("rmi", reference)
    docker("logout", registry.address)
    tokens.asked.clear()
    docker("pull", reference)
    assert (None, [f"repository:{name}:pull"]) in tokens.asked
    message = docker("push", reference, code=1).err
    assert "denied" in message or "unauthorized" in message


def test_a_wrong_password_at_the_token_server_is_told(engine, docker, registry_on, tokens, kind):
    registry = registry_on(engine.host, kind, tokens=tokens)
    assert "incorrect username or password" in log_in(docker, registry, "wrong", code=1).err


# Certificates. The address is none of loopback: there the engine insists.


@pytest.fixture
def certificates(engine, tmp_path):
    """The folder of one host where docker's clients look for certificates of `OUTSIDE`, empty: of this host and this test alone."""
    engine.host.mount("-t", "tmpfs", "tmpfs", "/etc/docker")
    yield engine.host.path(f"/etc/docker/certs.d/{OUTSIDE}:5443")
    engine.host.mount("/etc/docker", command="umount")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


def test_an_unknown_authority_is_refused_and_a_known_one_trusted(engine, docker, registry_on, kind, authority, certificates, name):
    registry = registry_on(engine.host, kind, port=5443, address=OUTSIDE, pki=authority)
    reference = f"{registry.address}/{name}:one"
    docker("tag", "busybox", reference)
    message = docker("push", reference, code=1).err
    assert "certificate" in message and registry.address in message
    authority.install(certificates)
    docker("push", reference)
    docker("rmi", reference)
    docker("pull", reference)


def test_a_client_certificate_opens(engine, docker, registry_on, kind, authority, certificates, name):
    registry = registry_on(engine.host, kind, port=5443, address=OUTSIDE, pki=authority, client_certificates=True)
    reference = f"{registry.address}/{name}:one"
    docker("tag", "busybox", reference)
    authority.install(certificates)
    assert "certificate" in docker("push", reference, code=1).err
    shutil.rmtree(certificates)
    authority.install(certificates, client=True)
    docker("push", reference)
    assert registry.tags(name) == ["one"]


def test_plain_http_is_for_loopback_and_for_those_that_are_named(engine, fresh_engine, docker, registry_on, name):
    registry = registry_on(engine.host, address=OUTSIDE, port=5001)
    docker("tag", "busybox", f"{registry.address}/{name}:one")
    assert "HTTP" in docker("push", f"{registry.address}/{name}:one", code=1).err
    other = fresh_engine("--insecure-registry", OUTSIDE if KIND == "hull" else f"{OUTSIDE}:5001")
    registry = registry_on(other.host, address=OUTSIDE, port=5001)
    other.docker("tag", "busybox", f"{registry.address}/{name}:one")
    other.docker("push", f"{registry.address}/{name}:one")
    assert registry.tags(name) == ["one"]
