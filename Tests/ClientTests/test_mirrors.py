# SPDX-License-Identifier: Apache-2.0
"""Mirrors of registries: in order, below a path, with accounts of their own; and the switch that lets nothing go outside."""
import json

import pytest
from support.engine import KIND
from support.faulty import status
from support.images import regular, tar_of

pytestmark = pytest.mark.skipif(KIND == "docker", reason="hull: Docker has mirrors of its hub alone")
# A registry that nobody has; only its mirrors answer for it.
UPSTREAM = "registry.example"


@pytest.fixture
def engine_with(fresh_engine, tmp_path):
    """engine_with(settings, *options) starts an engine with the file of registries `settings`."""

    def start(settings, *options):
        (tmp_path / "registries.json").write_text(json.dumps(settings))
        return fresh_engine("--registries", tmp_path / "registries.json", *options, busybox=False)

    return start


@pytest.fixture
def layer(name):
    return tar_of(lambda archive: regular(archive, name, b"text"))


def mirrors(*entries):
    return {"registries": {UPSTREAM: {"mirrors": list(entries)}}}


def test_an_image_comes_from_the_mirror_under_its_own_name(engine_with, registry_on, layer):
    engine = engine_with(mirrors({"url": "http://127.0.0.1:5000"}))
    registry_on(engine.host).put_image("some/image", "one", [layer])
    out = engine.docker("pull", f"{UPSTREAM}/some/image:one").lines
    assert out[0] == "one: Pulling from some/image" and out[-1] == f"{UPSTREAM}/some/image:one"
    assert engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}").lines == [f"{UPSTREAM}/some/image:one"]


def test_a_path_is_put_before_the_name(engine_with, registry_on, layer):
    engine = engine_with(mirrors({"url": "http://127.0.0.1:5000/proxy/cache"}))
    registry_on(engine.host).put_image("proxy/cache/some/image", "one", [layer])
    engine.docker("pull", f"{UPSTREAM}/some/image:one")


def test_mirrors_are_asked_in_their_order(engine_with, registry_on, proxy_on, layer):
    engine = engine_with(mirrors({"url": "http://127.0.0.1:5081"}, {"url": "http://127.0.0.1:5082"}))
    registry_on(engine.host).put_image("some/image", "one", [layer])
    first, second = proxy_on(engine.host, port=5081), proxy_on(engine.host, port=5082)
    engine.docker("pull", f"{UPSTREAM}/some/image:one")
    assert first.requests and not second.requests


def test_a_mirror_that_fails_or_lacks_the_image_is_passed_over(engine_with, registry_on, proxy_on, layer):
    places = [{"url": f"http://127.0.0.1:{port}"} for port in (5999, 5081, 5082, 5083)]
    engine = engine_with(mirrors(*places))
    registry_on(engine.host).put_image("some/image", "one", [layer])
    broken, lacking, good = (proxy_on(engine.host, port=port) for port in (5081, 5082, 5083))
    broken.when(".", status(500, body=b"broken"))
    lacking.when("/manifests/", status(404))
    engine.docker("pull", f"{UPSTREAM}/some/image:one", timeout=120)
    assert lacking.requests and good.requests


def test_a_mirror_that_loses_a_blob_is_helped_by_the_next(engine_with, registry_on, proxy_on, layer):
    engine = engine_with(mirrors({"url": "http://127.0.0.1:5081"}, {"url": "http://127.0.0.1:5082"}))
    registry_on(engine.host).put_image("some/image", "one", [layer])
    first, second = proxy_on(engine.host, port=5081), proxy_on(engine.host, port=5082)
    first.when("/blobs/", status(404))
    engine.docker("pull", f"{UPSTREAM}/some/image:one")
    assert second.count("/blobs/")


def test_a_mirror_has_an_account_of_its_own(engine_with, registry_on, layer, tmp_path):
    (tmp_path / "password").write_text("secret\n")
    engine = engine_with(mirrors({"url": "http://127.0.0.1:5000", "username": "somebody", "passwordFile": str(tmp_path / "password")}))
    registry_on(engine.host, accounts={"somebody": "secret"}).put_image("some/image", "one", [layer])
    engine.docker("pull", f"{UPSTREAM}/some/image:one")


def test_the_users_account_for_the_registry_stays_there(engine_with, registry_on, proxy_on, layer, tmp_path):
    """The password of the registry is not told to its mirrors."""
    engine = engine_with(mirrors({"url": "http://127.0.0.1:5080"}))
    registry_on(engine.host).put_image("some/image", "one", [layer])
    mirror = proxy_on(engine.host)
    (tmp_path / "config.json").write_text(json.dumps({"auths": {UPSTREAM: {"auth": "c29tZWJvZHk6c2VjcmV0"}}}))
    engine.docker("pull", f"{UPSTREAM}/some/image:one", env={"DOCKER_CONFIG": str(tmp_path)})
    assert mirror.requests and not any("Authorization" in headers for _, _, headers in mirror.requests)


def test_a_star_is_for_every_registry(engine_with, registry_on, layer):
    engine = engine_with({"registries": {"*": {"mirrors": [{"url": "http://127.0.0.1:5000"}]}}})
    registry = registry_on(engine.host)
    registry.put_image("some/image", "one", [layer])
    registry.put_image("library/thing", "latest", [layer])
    engine.docker("pull", "another.example/some/image:one")
    engine.docker("pull", "thing")


def test_hub_mirrors_are_an_option(fresh_engine, registry_on, layer):
    engine = fresh_engine("--registry-mirror", "http://127.0.0.1:5000", busybox=False)
    registry_on(engine.host).put_image("library/thing", "latest", [layer])
    assert engine.docker("pull", "thing").lines[-1] == "docker.io/library/thing:latest"


def test_offline_asks_mirrors_and_nobody_else(engine_with, registry_on, proxy_on, layer):
    engine = engine_with({"registries": {UPSTREAM: {"mirrors": [{"url": "http://127.0.0.1:5000"}]}}}, "--offline")
    registry = registry_on(engine.host)
    registry.put_image("some/image", "one", [layer])
    engine.docker("pull", f"{UPSTREAM}/some/image:one")
    outside = proxy_on(engine.host)
    assert "not found" in engine.docker("pull", f"{UPSTREAM}/some/image:other", code=1).err
    for reference, registry in ((f"{outside.address}/some/image:one", outside.address), ("busybox", "docker.io")):
        message = engine.docker("pull", reference, code=1).err
        assert "offline" in message and registry in message, message
    engine.docker("tag", f"{UPSTREAM}/some/image:one", f"{outside.address}/mine:one")
    assert "offline" in engine.docker("push", f"{outside.address}/mine:one", code=1).err
    assert not outside.requests


def test_local_registries_are_asked_although_offline(engine_with, registry_on, layer):
    engine = engine_with({"offline": True, "local": ["127.0.0.1:5000"]})
    registry = registry_on(engine.host)
    registry.put_image("some/image", "one", [layer])
    engine.docker("pull", f"{registry.address}/some/image:one")


def test_a_push_goes_to_the_registry_and_not_to_its_mirrors(engine_with, registry_on, proxy_on, layer):
    engine = engine_with({"registries": {"127.0.0.1:5000": {"mirrors": [{"url": "http://127.0.0.1:5080"}]}}})
    registry = registry_on(engine.host)
    registry.put_image("some/image", "one", [layer])
    mirror = proxy_on(engine.host)
    engine.docker("pull", f"{registry.address}/some/image:one")
    assert mirror.requests
    mirror.requests.clear()
    engine.docker("tag", f"{registry.address}/some/image:one", f"{registry.address}/mine:one")
    engine.docker("push", f"{registry.address}/mine:one")
    assert registry.tags("mine") == ["one"] and not mirror.requests


def test_a_file_with_a_mistake_stops_the_start_and_names_it(fresh_engine, tmp_path):
    (tmp_path / "registries.json").write_text('{"registries": {"a": {"mirror": []}}}')
    with pytest.raises(AssertionError) as caught:
        fresh_engine("--registries", tmp_path / "registries.json", busybox=False)
    assert str(tmp_path / "registries.json") in str(caught.value) and "mirror" in str(caught.value)
