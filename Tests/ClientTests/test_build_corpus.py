# SPDX-License-Identifier: Apache-2.0
"""One Dockerfile for each feature, below builds/: what is built of it has what its expect.json says, with `hull build` and with docker's client."""
import platform
import re
import socket
import subprocess

import pytest
from support import foreign
from support.builds import DIGEST, Files, cases, steps
from support.engine import new_engine
from support.images import BUSYBOX, busybox_tar
from support.mirror import Mirror
from support.toolchains import MISSING, place_swift

pytestmark = pytest.mark.hull("BuildKit's syntax and a client of its own")


@pytest.fixture(scope="module")
def mirror(shared_engine):
    """A web server on the engine's loopback with the files of the case at hand, and the machine's Debian mirror."""
    with Mirror(shared_engine.host) as made:
        yield made


@pytest.fixture(scope="module")
def second_engine(machine):
    """One that has seen nothing yet."""
    made = new_engine()
    try:
        yield made.start()
    finally:
        made.close()


class Site:
    """Where one case is built: its place, its values and the clients."""

    def __init__(self, case, engine, hull, place, mirror, name):
        self.engine, self.hull, self.name, self.place = engine, hull, name, place
        self.values = {"web": mirror.address, "place": str(place), "name": name}
        mirror.folder = place / "web"
        self.context = case.prepare(place, self.values)

    def filled(self, text):
        """`{web}` and the like replaced."""
        return re.sub(r"\{(\w+)\}", lambda match: self.values.get(match[1], match[0]), text)

    def flags(self, expected):
        return [self.filled(flag) for flag in expected.get("flags", [])]

    def build(self, expected, *more):
        environment = {key: self.filled(value) for key, value in expected.get("environment", {}).items()}
        arguments = ["build", "--progress=plain", *self.flags(expected), *more, "-t", self.name, str(self.context)]
        return self.hull(*arguments, code=None, timeout=350, env=environment)

    def image(self):
        return self.engine.api("GET", f"/images/{self.name}/json").json()


def parameter(case):
    return pytest.param(case, id=case.folder.name, marks=[pytest.mark.timeout(400)] if case.expected.get("slow") else [])


@pytest.mark.parametrize("case", map(parameter, cases()))
def test_what_is_built_is_what_is_expected(case, engine, hull, tmp_path, mirror, name, request, tidy_images):
    for need in case.expected.get("needs", []):
        PREPARATIONS[need](request, tmp_path)
    site = Site(case, engine, hull, tmp_path, mirror, name)
    check(site, case.expected)
    if case.expected.get("reproducible"):
        check_elsewhere(site, case.expected, request.getfixturevalue("second_engine"))
    for following in case.expected.get("then", []):
        for path, content in following.get("change", {}).items():
            (site.context / path).unlink(missing_ok=True) if content is None else (site.context / path).write_text(site.filled(content))
        if "run" in following:
            subprocess.run(["sh", "-ec", following["run"]], cwd=site.context, check=True, timeout=60)
        check(site, {"flags": case.expected.get("flags", [])} | following)


def check(site, expected):
    result = site.build(expected)
    said = result.err
    if "error" in expected:
        assert result.code != 0, said
        check_text(said, expected["error"], expected.get("silent", []))
        return
    assert result.code == 0, said
    check_text(said, expected.get("output", []), expected.get("silent", []))
    check_steps(said, expected)
    check_warnings(said, expected.get("warnings", []))
    check_image(site, expected)
    check_history(site, expected)
    for command, output in expected.get("runs", {}).items():
        assert output in site.engine.docker("run", "--rm", "--entrypoint", command.split()[0], site.name, *command.split()[1:]).out
    if expected.get("docker"):
        check_docker(site, expected)


def check_text(said, output, silent):
    for text in output:
        assert text in said, f"{text!r} is not said in:\n{said}"
    for text in silent:
        assert text not in said, f"{text!r} is said in:\n{said}"


def check_steps(said, expected):
    found = steps(said)
    for fate, key in (("DONE", "ran"), ("CACHED", "cached")):
        wanted = expected.get(key, [])
        if wanted == "all":
            assert {fate for name, fate in found.items() if re.match(r"(RUN|COPY|ADD|WORKDIR) ", name)} <= {"CACHED"}, said
            continue
        for name in wanted:
            assert found.get(name) == fate, f"{name}: {found.get(name)}, not {fate}, in:\n{said}"
    for name in expected.get("unseen", []):
        assert name not in found, said


def check_warnings(said, expected):
    """All that the build checks found, and no more."""
    assert sorted(re.findall(r"^WARNING: (\w+):", said, re.M)) == sorted(expected), said


def check_image(site, expected):
    image = site.image()
    config = image["Config"]
    for key in ("author", "created"):
        assert image[key.capitalize()] == expected.get(key, image[key.capitalize()])
    for key, wanted in expected.get("config", {}).items():
        assert config.get(key) == wanted, f"{key}: {config.get(key)!r}, not {wanted!r}"
    if "files" not in expected and "layers" not in expected:
        return
    files = Files(site.engine.docker("save", site.name, timeout=120).stdout)
    for path, wanted in expected.get("files", {}).items():
        files.check(path, wanted)
    if "layers" in expected:
        base = 0 if expected.get("base") == "scratch" else 1
        assert files.layers - base == expected["layers"], f"{files.layers - base} layers"


def check_history(site, expected):
    for text in expected.get("secret", []):
        assert text not in site.engine.docker("history", "--no-trunc", site.name).out
        assert text not in str(site.image())


def check_docker(site, expected):
    """Docker's client without BuildKit makes the same image."""
    mine = site.image()["Id"]
    said = site.engine.docker(
        "build", *site.flags(expected), "-t", f"{site.name}-docker", site.context, env={"DOCKER_BUILDKIT": "0"}, timeout=120
    )
    assert DIGEST.search(said.out) or "Successfully built" in said.out
    assert site.engine.api("GET", f"/images/{site.name}-docker/json").json()["Id"] == mine


def apt(request, place):
    request.getfixturevalue("debian_apt_image")


def swift(request, place):
    if MISSING:
        pytest.skip(MISSING)
    place_swift(place / "swift")


def amd64(request, place):
    if platform.machine() != "x86_64":
        pytest.skip("what is expected is said for amd64")


def check_elsewhere(site, expected, second):
    """Another engine makes the same image of the same base."""
    second.docker("load", stdin=site.engine.docker("save", BUSYBOX).stdout)
    first, there = site.image()["Id"], Site.__new__(Site)
    there.__dict__.update(site.__dict__ | {"engine": second, "hull": second.hull})
    assert there.build(expected).code == 0
    assert there.image()["Id"] == first


def agent(request, place):
    """A socket where an agent would listen."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place / "agent"))
    listener.listen()
    request.addfinalizer(listener.close)


def another_machine(request, place):
    """Archives of busybox for this machine and for another one, in a folder beside the context."""
    if foreign.MISSING or platform.machine() != "x86_64":
        pytest.skip(foreign.MISSING or "what is expected is said for amd64")
    (place / "foreign").mkdir()
    (place / "foreign" / "root-amd64.tar").write_bytes(busybox_tar())
    (place / "foreign" / "root-arm64.tar").write_bytes(foreign.root("linux/arm64"))


PREPARATIONS = {"agent": agent, "amd64": amd64, "apt": apt, "foreign": another_machine, "swift": swift}


def test_the_corpus_has_sixty_features():
    assert len(cases()) >= 60
