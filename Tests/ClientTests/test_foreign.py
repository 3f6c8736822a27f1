# SPDX-License-Identifier: Apache-2.0
"""Containers and builds for other machines: their programs run through qemu, in a binfmt_misc of their own that nobody else sees."""
import json
import re
import shutil
from pathlib import Path

import pytest
from support import foreign
from support.images import BUSYBOX, regular, tar_of
from support.waiting import until

pytestmark = [pytest.mark.hull("runs other machines' programs by itself"), foreign.needs_qemu, pytest.mark.usefixtures("tidy_images")]
ARM = "linux/arm64"
HANDLERS = Path("/proc/sys/fs/binfmt_misc")


def imported(docker, platform, name="foreign"):
    docker("import", "--platform", platform, "-c", 'CMD ["sh"]', "-", name, stdin=foreign.root(platform))
    return name


@pytest.fixture
def arm(docker):
    """The name of an image for arm64."""
    return imported(docker, ARM)


@pytest.fixture
def build(hull, tmp_path):
    """build(dockerfile, *flags) builds a directory with root-ARCHITECTURE.tar for several; gives the result."""
    for platform in (ARM, "linux/386"):
        (tmp_path / f"root-{platform.split('/')[1]}.tar").write_bytes(foreign.root(platform))
    (tmp_path / "root-amd64.tar").write_bytes(foreign.busybox_tar())

    def run(text, *flags, code=0, **options):
        (tmp_path / "Dockerfile").write_text(text)
        return hull("build", "--progress=plain", *flags, tmp_path, code=code, timeout=120, **options)

    return run


FOREIGN = "FROM scratch\nARG TARGETARCH\nADD root-$TARGETARCH.tar /\n"


@pytest.mark.parametrize("platform", foreign.MACHINES)
def test_a_container_runs_on_another_machine(docker, platform):
    imported(docker, platform)
    said = docker("run", "--rm", "--platform", platform, "foreign", "sh", "-c", "uname -m; echo $0; ls /proc/1/exe >/dev/null && sh -c 'id -u'")
    assert said.lines == [foreign.MACHINES[platform][1], "sh", "0"]


def test_a_machine_without_packages(docker):
    program = tar_of(lambda archive: regular(archive, "hello", foreign.riscv64_hello(), 0o755))
    docker("import", "--platform", "linux/riscv64", "-", "foreign", stdin=program)
    assert docker("run", "--rm", "foreign", "/hello").out == "riscv64"


def test_the_host_knows_nothing_of_it(docker, arm):
    before = sorted(HANDLERS.iterdir()) if HANDLERS.exists() else []
    docker("run", "-d", "--name", "other", arm, "sleep", "1000")
    shown = docker("exec", "other", "ls", "/proc/sys/fs/binfmt_misc").lines
    assert shown == ["qemu-aarch64", "register", "status"]
    assert (sorted(HANDLERS.iterdir()) if HANDLERS.exists() else []) == before
    assert "qemu" not in docker("run", "--rm", BUSYBOX, "ls", "/proc/sys/fs/binfmt_misc").out


def test_it_cannot_change_its_handlers(docker, arm):
    docker("run", "--rm", arm, "sh", "-c", "echo -1 > /proc/sys/fs/binfmt_misc/status", code=1)


def test_whoever_did_not_ask_for_it_is_warned(docker, arm):
    warning = "The requested image's platform (linux/arm64) does not match the detected host platform (linux/amd64) and no specific platform was requested"
    assert warning in docker("run", "--rm", arm, "true").err
    assert docker("run", "--rm", "--platform", ARM, arm, "true").err == ""


def test_commands_and_health_checks_enter_it(docker, arm):
    docker("run", "-d", "--name", "other", "--health-cmd", "test $(uname -m) = aarch64", "--health-interval", "100ms", arm, "sleep", "1000")
    assert docker("exec", "other", "uname", "-m").out == "aarch64"
    assert docker("exec", "-u", "1000:1001", "other", "id").out.startswith("uid=1000(app) gid=1001(appgroup)")
    until(lambda: docker("inspect", "-f", "{{.State.Health.Status}}", "other").out == "healthy", "the check succeeds")


def test_files_are_owned_as_by_any_other_container(docker, arm, tmp_path):
    script = "touch /v/root /here; touch /v/app; chown 1000:1001 /v/app; chmod 4755 /v/app; stat -c '%u %a' /v/app"
    assert docker("run", "--name", "other", "-v", f"{tmp_path}:/v", "-v", "kept:/kept", arm, "sh", "-c", script).out == "1000 4755"
    assert [(tmp_path / name).stat().st_uid for name in ("root", "app")] == [0, 1000]
    assert "A /here" in docker("diff", "other").lines
    docker("commit", "other", "foreign-changed")
    assert docker("inspect", "-f", "{{.Architecture}}", "foreign-changed").out == "arm64"
    assert docker("run", "--rm", "foreign-changed", "stat", "-c", "%u", "/here").out == "0"


def test_set_user_id_programs_are_that(docker):
    def build(archive):
        for name, mode in (("plain", 0o755), ("own", 0o4755)):
            regular(archive, name, foreign.riscv64_who(), mode)

    docker("import", "--platform", "linux/riscv64", "-", "foreign", stdin=tar_of(build))
    docker("run", "--rm", "-u", "7", "foreign", "/plain", code=7)
    docker("run", "--rm", "-u", "7", "foreign", "/own", code=0)
    docker("run", "--rm", "-u", "7", "--security-opt", "no-new-privileges", "foreign", "/own", code=7)


@pytest.mark.parametrize("network", ["none", "host", "bridge", "container:donor"])
def test_networks_are_as_native_ones(docker, run, arm, network):
    run("--name", "donor")
    said = docker("run", "--rm", "--network", network, arm, "sh", "-c", "ls /sys/class/net; ip -o addr | grep -c inet; uname -m").lines
    assert "lo" in said and said[-1] == "aarch64"
    if network.startswith("container"):
        address = docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "donor").out
        assert address in docker("run", "--rm", "--network", network, arm, "ip", "addr").out


def test_it_serves_and_is_served(docker, run, arm):
    docker("network", "create", "shop")
    docker("run", "-d", "--name", "web", "--network", "shop", arm, "httpd", "-f", "-h", "/etc")
    assert "root:" in docker("run", "--rm", "--network", "shop", arm, "wget", "-qO-", "http://web/passwd").out
    assert "root:" in docker("run", "--rm", "--network", "shop", BUSYBOX, "wget", "-qO-", "http://web/passwd").out


@pytest.mark.parametrize("flags", [("--pid", "host"), ("--pid", "container:donor"), ("--ipc", "container:donor"), ("--uts", "host"), ("--ipc", "host")])
def test_namespaces_can_be_shared(docker, run, arm, flags):
    run("--name", "donor", "--ipc", "shareable")
    assert docker("run", "--rm", *flags, arm, "sh", "-c", "test -d /proc/$$ && ls /dev/mqueue && uname -m").out == "aarch64"


@pytest.mark.parametrize(
    "flags", [("--read-only",), ("--init",), ("--privileged",), ("--cap-drop", "ALL"), ("-u", "app"), ("--tmpfs", "/t"), ("--security-opt", "no-new-privileges")]
)
def test_flags_are_as_for_native_ones(docker, arm, flags):
    if flags == ("--init",) and not any(Path(path).exists() for path in ("/usr/bin/tini-static", "/usr/bin/tini", "/usr/bin/docker-init", "/usr/bin/catatonit")):
        pytest.skip("no init program on this machine")
    assert docker("run", "--rm", *flags, arm, "uname", "-m").out == "aarch64"


def test_limits_are_kept(docker, arm):
    script = "ulimit -n; cat /proc/self/oom_score_adj"
    assert docker("run", "--rm", "--ulimit", "nofile=4321", "--oom-score-adj", "77", "-m", "64m", arm, "sh", "-c", script).lines == ["4321", "77"]


def test_a_terminal(terminal, arm):
    shell = terminal("run", "-it", "--rm", arm, "sh")
    shell.line("uname -m")
    shell.expect("aarch64")
    shell.line("exit 3")
    assert shell.wait() == 3


def test_it_goes_on_when_the_daemon_is_killed(engine, docker, arm):
    identifier = docker("run", "-d", "--name", "other", arm, "sleep", "1000").out
    engine.kill()
    engine.start()
    assert docker("exec", "other", "uname", "-m").out == "aarch64"
    docker("restart", "-t", "0", "other")
    assert docker("exec", identifier, "uname", "-m").out == "aarch64"


def test_a_command_line_runtime_is_refused(docker, fresh_engine):
    runc = shutil.which("runc")
    if not runc:
        pytest.skip("no runc on this machine")
    engine = fresh_engine("--add-runtime", f"outside={runc}", busybox=False)
    imported(engine.docker, ARM)
    said = engine.docker("run", "--rm", "--runtime", "outside", "foreign", "true", code=None)
    assert said.code in (125, 126) and "runtime outside cannot run programs for linux/arm64" in said.err


def test_a_machine_without_an_emulator(docker):
    docker("import", "--platform", "linux/vax", "-", "foreign", stdin=foreign.root(ARM))
    said = docker("run", "--rm", "foreign", "true", code=None)
    assert said.code != 0 and "cannot run programs for linux/vax on this linux/amd64 machine" in said.err


# Builds


def test_steps_run_on_the_platform_of_the_build(build, docker):
    text = FOREIGN + "RUN uname -m > /machine && touch /mine && chown 1000 /mine && ln /mine /other && mkfifo /pipe\nUSER app\nRUN id -u > /tmp/user\n"
    said = build(text, "--platform", ARM, "-t", "foreign-built").err
    assert "[2/3] RUN" in said
    assert docker("inspect", "-f", "{{.Architecture}}|{{.Variant}}", "foreign-built").out == "arm64|"
    script = "cat /machine /tmp/user; stat -c '%u %U' /mine /machine /tmp/user"
    assert docker("run", "--rm", "--platform", ARM, "foreign-built", "sh", "-c", script).lines == ["aarch64", "1000", "1000 app", "0 root", "1000 app"]
    again = build(text, "--platform", ARM, "-t", "foreign-built").err
    assert again.count("CACHED") == 3


def test_mounts_secrets_and_networks_of_steps(build, tmp_path):
    (tmp_path / "token").write_text("hidden")
    mounts = "--mount=type=cache,target=/c --mount=type=secret,id=token --mount=type=bind,target=/ctx --mount=type=tmpfs,target=/t"
    commands = "uname -m && touch /c/a /t/b && test -s /run/secrets/token && test -f /ctx/token && ls /sys/class/net"
    text = FOREIGN + f"RUN {mounts} --network=none {commands}\nRUN --network=host echo addresses $(ip -o addr | wc -l)\n"
    text += "RUN <<EOF\n#!/bin/sh\necho script on $(uname -m)\nEOF\n"
    said = build(text, "--platform", ARM, "--secret", f"id=token,src={tmp_path / 'token'}", "--allow", "network.host").err
    assert "aarch64" in said and "script on aarch64" in said and "hidden" not in said and re.search(r"addresses [1-9]", said)


def test_what_the_platforms_share_is_done_once(build, docker):
    text = f"FROM --platform=$BUILDPLATFORM {BUSYBOX} AS compiler\nRUN echo fetching once\nARG TARGETARCH\nRUN echo compiling for $TARGETARCH > /out\n"
    text += FOREIGN + "COPY --from=compiler /out /out\nRUN uname -m >> /out\n"
    said = build(text, "--platform", "linux/amd64,linux/arm64", "-t", "foreign-both").err
    assert len(re.findall(r"^#\d+ [\d.]+ fetching once$", said, re.M)) == 1
    for line in ("[linux/amd64 compiler 2/3] RUN echo fetching", "[linux/amd64->arm64 compiler 3/3] RUN", "[linux/arm64 stage-1 3/3] RUN uname"):
        assert line in said, said
    for platform, machine in (("linux/amd64", "x86_64"), (ARM, "aarch64")):
        assert docker("run", "--rm", "--platform", platform, "foreign-both", "cat", "/out").lines == [f"compiling for {platform.split('/')[1]}", machine]


def test_an_index_of_platforms_is_a_base_for_both(build, docker):
    build(FOREIGN + "ENV PATH=/bin\n", "--platform", "linux/amd64,linux/arm64", "-t", "foreign-base")
    said = build("FROM foreign-base\nRUN uname -m > /machine\n", "--platform", "linux/arm64,linux/amd64", "-t", "foreign-both").err
    assert "[linux/arm64 2/2] RUN uname" in said and "[linux/amd64 2/2] RUN uname" in said
    assert docker("run", "--rm", "foreign-both", "cat", "/machine").out == "x86_64"
    assert docker("run", "--rm", "--platform", ARM, "foreign-both", "cat", "/machine").out == "aarch64"
    single = build("FROM --platform=linux/arm64 foreign-base\nRUN uname -m\n", "-t", "foreign-one").err
    assert "aarch64" in single


def test_the_result_is_an_index(build, docker, engine, tmp_path):
    build(FOREIGN, "--platform", "linux/amd64,linux/arm64", "-t", "foreign-both", "--metadata-file", tmp_path / "meta.json")
    manifests = engine.api("GET", "/images/foreign-both/json?manifests=1").json()["Manifests"]
    assert {manifest["Descriptor"]["platform"]["architecture"] for manifest in manifests} == {"amd64", "arm64"}
    assert "index" in json.loads((tmp_path / "meta.json").read_text())["containerimage.descriptor"]["mediaType"]
    docker("save", "-o", tmp_path / "both.tar", "foreign-both")
    docker("rmi", "foreign-both")
    docker("load", "-i", tmp_path / "both.tar")
    assert docker("run", "--rm", "--platform", ARM, "foreign-both", "uname", "-m").out == "aarch64"


def test_files_of_several_platforms_lie_side_by_side(build, tmp_path):
    out = tmp_path.parent / f"{tmp_path.name}-out"
    build("FROM scratch\nARG TARGETARCH\nCOPY root-$TARGETARCH.tar /root.tar\n", "--platform", "linux/amd64,linux/arm64", "-o", out)
    assert sorted(path.name for path in out.iterdir()) == ["linux_amd64", "linux_arm64"]
    assert (out / "linux_arm64" / "root.tar").read_bytes() == (tmp_path / "root-arm64.tar").read_bytes()


def test_a_base_of_one_platform_is_taken_for_another(build, docker):
    said = build(f"FROM {BUSYBOX}\nRUN uname -m\n", "--platform", ARM, "-t", "foreign-base").err
    warning = f'Base image {BUSYBOX} was pulled with platform "linux/amd64", expected "linux/arm64" for current build'
    assert warning in said and "x86_64" in said and "ERROR" not in said
    assert docker("inspect", "-f", "{{.Architecture}}", "foreign-base").out == "arm64"


def test_a_base_that_is_here_for_others_only(build):
    build(FOREIGN + "ENV PATH=/bin\n", "--platform", "linux/amd64,linux/arm64", "-t", "foreign-base")
    said = build("FROM foreign-base\nRUN true\n", "--platform", "linux/s390x", code=1).err
    assert "it is here, but for linux/amd64 and not for linux/s390x" in said and "Dockerfile:1" in said


def test_a_failed_step_is_kept_for_its_platform(build, hull):
    said = build(FOREIGN + "RUN touch /begun && exit 4\n", "--platform", ARM, code=1).err
    assert "exit code: 4" in said
    kept = re.search(r"hull build shell (\w+)", said)
    assert hull("build", "shell", *([kept[1]] if kept else []), "sh", "-c", "ls /begun; uname -m").lines[-2:] == ["/begun", "aarch64"]


def test_the_first_builders_way(docker, tmp_path):
    (tmp_path / "root-arm64.tar").write_bytes(foreign.root(ARM))
    (tmp_path / "Dockerfile").write_text(FOREIGN + "RUN uname -m\n")
    old = {"DOCKER_BUILDKIT": "0"}
    assert "aarch64" in docker("build", "--platform", ARM, tmp_path, env=old).out
    assert "several platforms" in docker("build", "--platform", "linux/amd64,linux/arm64", tmp_path, env=old, code=1).err


def test_a_cancelled_step_leaves_nothing(hull, build, engine, tmp_path):
    (tmp_path / "Dockerfile").write_text(FOREIGN + "RUN echo it has begun; sleep 1000\n")
    before = engine.owned()
    building = hull.start("build", "--progress=plain", "--platform", ARM, tmp_path)
    lines = iter(building.stderr.readline, b"")
    assert any(re.match(rb"#\d+ [\d.]+ it has begun", line) for line in lines), "the build ended"
    building.terminate()
    building.wait(20)
    until(lambda: engine.owned() <= before, "nothing of the step is left", 20)
