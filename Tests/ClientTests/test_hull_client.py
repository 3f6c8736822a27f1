# SPDX-License-Identifier: Apache-2.0
"""The client `hull`: what it prints is what docker prints for the same engine, and what only it can do."""
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
from support.cli import CommandLine
from support.engine import BINARIES, KIND
from support.images import busybox_tar
from support.terminal import Terminal
from support.waiting import until

pytestmark = pytest.mark.skipif(not os.access(BINARIES / "hull", os.X_OK), reason="hull is not built")


@pytest.fixture
def box(docker, run, name):
    """A running container that has said and changed something."""
    run("--name", name, "--label", "a=b", "-e", "A=1", command=("sh", "-c", "echo out; echo err >&2; touch /new; exec sleep 1000"))
    until(lambda: docker("logs", name).lines == ["out"] and docker("diff", name).lines == ["A /new"], "it has said and changed something")
    return name


SAME = [
    r"""ps --format '{{.ID}}|{{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Label "a"}}'""",
    r"""ps -q --no-trunc""",
    r"""ps -a --filter label=a=b --format {{.Names}}""",
    r"""ps --format json --no-trunc --filter exited=99""",
    r"""container ls -q""",
    r"""images -q --no-trunc""",
    r"""images --format '{{.Repository}}:{{.Tag}}|{{.ID}}|{{.Size}}'""",
    r"""image ls --filter reference=busybox --format {{.Repository}}""",
    r"""logs BOX""",
    r"""logs --tail 1 -t BOX""",
    r"""diff BOX""",
    r"""top BOX -o pid,args""",
    r"""inspect -f '{{.State.Status}}|{{.Config.Env}}|{{json .Config.Cmd}}|{{.HostConfig.NetworkMode}}' BOX""",
    r"""inspect -f '{{range .Config.Env}}{{println .}}{{end}}' BOX""",
    r"""inspect -f '{{if .State.Running}}yes{{else}}no{{end}}|{{len .Id}}|{{index .Config.Labels "a"}}|{{.Name | printf "%s!"}}' BOX""",
    r"""inspect -f '{{range $i, $e := .Config.Env}}{{if $i}},{{end}}{{$e}}{{end}}|{{upper .State.Status}}|{{join .Config.Cmd "/"}}' BOX""",
    r"""inspect --type image -f '{{.RepoTags}}|{{.Os}}' busybox""",
    r"""history -q --no-trunc busybox""",
    r"""port BOX""",
    r"""exec BOX cat /etc/passwd""",
    r"""exec -e X=5 -w /etc -u 1000 BOX sh -c 'id; pwd; echo $X'""",
    r"""exec BOX sh -c 'exit 42'""",
    r"""exec BOX nosuch""",
    r"""run --rm busybox echo hi""",
    r"""run --rm busybox sh -c 'echo out; echo err >&2; exit 9'""",
    r"""run --rm busybox nosuch""",
    r"""run --rm busybox /etc/passwd""",
    r"""run --rm --network none -e A=1 -w /tmp -u app --hostname h busybox sh -c 'env | sort; pwd; id; hostname'""",
    r"""wait nosuch""",
    r"""inspect nosuch""",
    r"""logs nosuch""",
    r"""rm nosuch""",
    r"""rmi nosuch""",
    r"""kill -s NONSENSE BOX""",
    r"""run --nonsense busybox""",
    r"""run""",
    r"""nonsense""",
]


@pytest.mark.parametrize("line", SAME)
def test_hull_prints_what_docker_prints(docker, hull, box, line):
    """Output and exit code are equal; of errors, which both word for themselves, that there is one."""
    arguments = [box if word == "BOX" else word for word in shlex.split(line)]
    theirs, ours = docker(*arguments, code=None), hull(*arguments, code=None)
    assert ours.code == theirs.code, f"hull: {ours.code} {ours.err}; docker: {theirs.code} {theirs.err}"
    # The docker CLI takes the names of one image from a map, each time in another order.
    order = sorted if line.startswith("images") else list
    assert order(ours.lines) == order(theirs.lines) or theirs.code != 0 and ours.out + ours.err
    assert bool(ours.err) == bool(theirs.err)
    if theirs.code in (0, 9):
        assert ours.err == theirs.err


def test_tables_have_dockers_columns(hull, docker, box):
    for listing in ("ps", "images"):
        assert hull(listing).lines[0].split() == docker(listing).lines[0].split()


def test_a_terminal_works(hull, engine):
    with Terminal([hull.program, "run", "-it", "--rm", "busybox"], hull.environment, 31, 99) as shell:
        shell.expect("# ")
        until(lambda: (shell.line("stty size"), shell.expect(r"\r\n(\d+ \d+)\r\n")[1])[1] == b"31 99", "the window has its size")
        shell.line("exit 5")
        assert shell.wait() == 5


def test_detach_keys_and_attach(hull, docker, name):
    with Terminal([hull.program, "run", "-it", "--name", name, "busybox"], hull.environment) as shell:
        shell.expect("# ")
        shell.send("\x10\x11")
        assert shell.wait() == 0
    with Terminal([hull.program, "attach", name], hull.environment) as shell:
        shell.line("echo back $((20 + 1)); exit 4")
        shell.expect("back 21")
        assert shell.wait() == 4


def test_streams_and_stdin(hull):
    data = bytes(range(256)) * 5000
    assert hull("run", "-i", "--rm", "busybox", "cat", stdin=data).stdout == data
    result = hull("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 3", code=3)
    assert (result.out, result.err) == ("out", "err")


def test_the_whole_life(hull, name):
    identity = hull("create", "--name", name, "busybox", "sh", "-c", "echo said; exec sleep 1000").out
    assert re.fullmatch("[0-9a-f]{64}", identity)
    assert hull("start", name).out == name
    until(lambda: hull("logs", name).out == "said", "it has said something")
    for verb in (["pause"], ["unpause"], ["restart", "-t", "0"], ["stop", "-t", "0"]):
        assert hull(*verb, name).out == name
    assert hull("wait", name).out == "137"
    hull("rename", name, name + "-2")
    assert hull("rm", "-f", name + "-2").out == name + "-2"


def test_copies_and_images(hull, name, tmp_path):
    hull("create", "--name", name, "busybox")
    (tmp_path / "file").write_text("content")
    hull("cp", tmp_path / "file", f"{name}:/etc/file")
    hull("cp", f"{name}:/etc/file", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "content"
    (tmp_path / "tree/deep").mkdir(parents=True)
    (tmp_path / "tree/deep/file").write_text("deep")
    hull("cp", tmp_path / "tree", f"{name}:/home")
    hull("cp", f"{name}:/home/tree", tmp_path / "again")
    assert (tmp_path / "again/deep/file").read_text() == "deep"
    hull("import", "--change", "CMD [\"sh\"]", "-", f"{name}:1", stdin=busybox_tar())
    hull("tag", f"{name}:1", f"{name}:2")
    hull("save", "-o", tmp_path / "image.tar", f"{name}:1", f"{name}:2")
    hull("rmi", f"{name}:1", f"{name}:2")
    assert set(hull("load", "-i", tmp_path / "image.tar").lines) >= {f"Loaded image: {name}:1", f"Loaded image: {name}:2"}
    hull("rmi", f"{name}:1", f"{name}:2")


def test_help_is_there_for_every_verb(hull):
    verbs = re.findall(r"^  ([a-z]+)\s", hull("--help").out, re.M)
    assert {"run", "exec", "ps", "images", "cp", "logs", "container", "image", "system", "doctor"} <= set(verbs)
    for verb in verbs:
        assert "Usage:" in hull(verb, "--help").out or "USAGE" in hull(verb, "--help").out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed_and_parse(hull, shell, tmp_path):
    script = hull("completion", shell).out
    assert "hull" in script
    if shutil.which(shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([shell, "-n", tmp_path / "script"], check=True, timeout=20)


def test_bash_completes_verbs_and_names(hull, box, tmp_path):
    (tmp_path / "script").write_text(hull("completion", "bash").out)
    ask = f"""source {tmp_path}/script
    words() {{ COMP_LINE="$*"; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hull; printf '%s\\n' "${{COMPREPLY[@]}}"; }}
    words hull ex; echo ---; words hull exec {box[:-1]}"""
    environment = hull.environment | {"PATH": f"{BINARIES}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", ask], env=environment, capture_output=True, text=True, timeout=20)
    verbs, names = done.stdout.split("---\n")
    assert "exec" in verbs.split(), done.stderr
    assert box in [one.strip() for one in names.split()]


only_hull = pytest.mark.skipif(KIND == "docker", reason="hull: it is Hull's own")


@only_hull
def test_bootstrap_makes_busybox_without_a_registry(fresh_engine):
    engine = fresh_engine(busybox=False)
    shown = engine.hull("image", "bootstrap", "busybox")
    assert re.search("sha256:[0-9a-f]{64}", shown.out)
    assert engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}").lines == ["busybox:latest"]
    out = engine.docker("run", "--rm", "busybox", "sh", "-c", "id -un; echo $PATH; vi --help 2>&1 | head -1; ls /tmp | wc -l").lines
    assert out[0] == "root" and "/bin" in out[1] and "BusyBox" in out[2]
    assert json.loads(engine.docker("inspect", "busybox", "--format", "{{json .Config.Cmd}}").out) == ["sh"]


@only_hull
@pytest.mark.timeout(300)
def test_bootstrap_makes_a_debian_that_can_install_packages(fresh_engine):
    engine = fresh_engine(busybox=False)
    engine.hull("image", "bootstrap", "debian", timeout=280)
    (name,) = engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}").lines
    assert name.startswith("debian:")
    assert "ID=debian" in engine.docker("run", "--rm", name, "cat", "/etc/os-release").lines
    assert "dpkg" in engine.docker("run", "--rm", name, "dpkg", "--version").out.lower()


@only_hull
def test_doctor_says_what_this_machine_can_do(hull):
    result = hull("doctor", code=None)
    assert result.code in (0, 1)
    for topic in ("overlay", "cgroup", "seccomp"):
        assert topic in result.out.lower()


@only_hull
def test_system_start_status_and_stop(tmp_path, host):
    socket = tmp_path / "s" / "hull.sock"
    hull = CommandLine(str(BINARIES / "hull"), {"HULL_HOST": f"unix://{socket}"}, host.enter)
    place = ("--state", tmp_path / "s")
    assert hull("system", "status", *place, code=None).code != 0
    start = ("system", "start", *place, "--root", tmp_path / "root", "--log-file", tmp_path / "log", "--", "--cgroup-parent", "/hull-test-system")
    hull(*start)
    try:
        assert str(socket) in hull("system", "status", *place).out
        assert "already running" in hull(*start).out
        assert hull("version").out
    finally:
        hull("system", "stop", *place)
    assert hull("system", "status", *place, code=None).code != 0
    for hierarchy in os.listdir("/sys/fs/cgroup"):
        path = f"/sys/fs/cgroup/{hierarchy}/hull-test-system"
        if os.path.isdir(path):
            os.rmdir(path)
