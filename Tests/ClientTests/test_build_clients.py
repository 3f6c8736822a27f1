# SPDX-License-Identifier: Apache-2.0
"""The same inputs give the same image, whichever client asks: docker build, hull build, compose, and buildx and its bake where there is a buildx."""
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from support.cli import CommandLine

pytestmark = pytest.mark.hull("the same image of every client")

DOCKERFILE = """
FROM busybox:latest AS first
ARG who=nobody
RUN echo "$who" > /said && chown 7:8 /said
FROM busybox:latest
ENV made=yes
WORKDIR /srv
COPY --from=first /said .
COPY file ./
RUN cat said file > both
EXPOSE 80
CMD ["cat", "both"]
"""
PLUGIN_FOLDERS = [Path.home() / ".docker/cli-plugins", *(Path(top) / "docker/cli-plugins" for top in ("/usr/libexec", "/usr/lib", "/usr/local/lib"))]


def find_buildx():
    """The program, or nothing: it is no part of the project."""
    found = os.environ.get("HULL_TEST_BUILDX") or shutil.which("docker-buildx") or shutil.which("buildx")
    return found or next((str(folder / "docker-buildx") for folder in PLUGIN_FOLDERS if (folder / "docker-buildx").exists()), None)


BUILDX = find_buildx()
needs_buildx = pytest.mark.skipif(not BUILDX, reason="there is no docker buildx here")


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "file").write_text("of the context\n")
    return folder


@pytest.fixture
def plain(engine, tmp_path):
    """docker without any plugin."""
    return CommandLine(engine.docker.program, engine.docker.environment | {"DOCKER_CONFIG": str(tmp_path / "plain"), "DOCKER_BUILDKIT": "0"})


@pytest.fixture
def plugged(engine, tmp_path):
    """docker with compose, and with buildx where there is one."""
    plugins = tmp_path / "plugged/cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(Path(sys.executable).parent / "docker-compose")
    if BUILDX:
        (plugins / "docker-buildx").symlink_to(BUILDX)
    return CommandLine(engine.docker.program, engine.docker.environment | {"DOCKER_CONFIG": str(tmp_path / "plugged")})


@pytest.fixture
def identity(api):
    return lambda name: api("GET", f"/images/{name}/json").json()["Id"]


@pytest.fixture
def expected(hull, context, name, identity):
    """What hull build makes of the context."""
    hull("build", "--progress=plain", "--build-arg", "who=somebody", "-t", name, context, timeout=120)
    return identity(name)


def test_docker_build_without_buildx(plain, context, name, expected, identity):
    plain("build", "--no-cache", "--build-arg", "who=somebody", "-t", f"{name}-docker", context, timeout=120)
    assert plain("run", "--rm", f"{name}-docker").lines == ["somebody", "of the context"]
    plain("build", "--build-arg", "who=somebody", "-t", f"{name}-cached", context, timeout=120)
    assert identity(f"{name}-cached") == identity(f"{name}-docker")


def test_clients_share_the_cache_and_the_image(plain, context, name, expected, identity):
    plain("build", "--build-arg", "who=somebody", "-t", f"{name}-docker", context, timeout=120)
    assert identity(f"{name}-docker") == expected


@needs_buildx
def test_buildx(plugged, context, name, expected, identity):
    plugged("buildx", "build", "--progress=plain", "--build-arg", "who=somebody", "-t", f"{name}-x", context, timeout=120)
    assert identity(f"{name}-x") == expected


@needs_buildx
def test_bake(plugged, context, name, expected, identity):
    target = {"context": ".", "args": {"who": "somebody"}, "tags": [f"{name}-bake"]}
    (context / "docker-bake.json").write_text(json.dumps({"target": {"default": target}}))
    (context / ".dockerignore").write_text("docker-bake.json\n")
    plugged("buildx", "bake", "--progress=plain", "-f", "docker-bake.json", cwd=context, timeout=120)
    assert identity(f"{name}-bake") == expected


@needs_buildx
def test_a_target_of_bake_stands_on_another(plugged, context, name):
    (context / "Dockerfile.next").write_text("FROM base\nRUN cat both > /next\nCMD [\"cat\", \"/next\"]\n")
    base = {"context": ".", "args": {"who": "somebody"}}
    following = {"context": ".", "dockerfile": "Dockerfile.next", "contexts": {"base": "target:base"}, "tags": [f"{name}-next"]}
    (context / "docker-bake.json").write_text(json.dumps({"target": {"base": base, "default": following}}))
    plugged("buildx", "bake", "--progress=plain", "-f", "docker-bake.json", cwd=context, timeout=120)
    assert plugged("run", "--rm", f"{name}-next").lines == ["somebody", "of the context"]


@needs_buildx
def test_targets_of_several_platforms_stand_on_each_other(plugged, context, name, api):
    text = "FROM --platform=$BUILDPLATFORM busybox:latest\nARG TARGETARCH\nENV FOR=$TARGETARCH\nRUN echo made for $TARGETARCH > /said\n"
    (context / "Dockerfile").write_text(text)
    (context / "Dockerfile.next").write_text("FROM base AS built\nRUN echo $FOR >> /said\nFROM scratch\nCOPY --from=built /said /\n")
    platforms = ["linux/amd64", "linux/arm64"]
    base = {"context": ".", "platforms": platforms}
    following = {"context": ".", "dockerfile": "Dockerfile.next", "contexts": {"base": "target:base"}, "platforms": platforms, "output": ["type=local,dest=out"]}
    (context / "docker-bake.json").write_text(json.dumps({"target": {"base": base, "default": following}}))
    plugged("buildx", "bake", "--progress=plain", "--allow=fs.write=out", "-f", "docker-bake.json", cwd=context, timeout=120)
    for platform in platforms:
        machine = platform.split("/")[1]
        assert (context / "out" / platform.replace("/", "_") / "said").read_text() == f"made for {machine}\n{machine}\n"


@pytest.mark.parametrize("bake", [pytest.param("true", marks=needs_buildx), "false"])
def test_compose(plugged, hull, context, name, identity, bake):
    build = {"context": ".", "args": {"who": "somebody"}}
    (context / "compose.yaml").write_text(json.dumps({"name": name, "services": {"app": {"build": build, "image": f"{name}-compose"}}}))
    (context / ".dockerignore").write_text("compose.yaml\n")
    environment = {"COMPOSE_BAKE": bake} | ({} if BUILDX else {"DOCKER_BUILDKIT": "0"})
    plugged("compose", "--progress", "plain", "build", cwd=context, timeout=120, env=environment)
    # Compose labels its images: that is an input like others.
    made = json.loads(plugged("image", "inspect", f"{name}-compose").out)[0]
    labels = [flag for key, value in (made["Config"]["Labels"] or {}).items() for flag in ("--label", f"{key}={value}")]
    hull("build", "--progress=plain", "--build-arg", "who=somebody", *labels, "-t", name, context, timeout=120)
    assert identity(f"{name}-compose") == identity(name)


def test_compose_builds_on_another_service(plugged, context, name):
    (context / "Dockerfile.next").write_text("FROM base\nRUN cat both > /next\nCMD [\"cat\", \"/next\"]\n")
    base = {"build": {"context": ".", "args": {"who": "somebody"}}}
    build = {"context": ".", "dockerfile": "Dockerfile.next", "additional_contexts": {"base": "service:base"}}
    (context / "compose.yaml").write_text(json.dumps({"name": name, "services": {"base": base, "app": {"build": build, "image": f"{name}-next"}}}))
    if not BUILDX:
        pytest.skip("compose links services with buildx only")
    plugged("compose", "--progress", "plain", "build", "app", cwd=context, timeout=120)
    assert plugged("run", "--rm", f"{name}-next").lines == ["somebody", "of the context"]
