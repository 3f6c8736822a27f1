# SPDX-License-Identifier: Apache-2.0
"""`hull build`: contexts that are sent once, what is given and taken on the way, how it is shown."""
import io
import json
import os
import re
import shutil
import socket
import subprocess
import tarfile
import threading

import pytest
from support.images import BUSYBOX
from support.terminal import Terminal

pytestmark = pytest.mark.hull("a client of its own")
FROM = f"FROM {BUSYBOX}\n"


@pytest.fixture
def build(hull, tmp_path):
    """build(dockerfile, *flags) builds the directory; gives the result."""

    def run(text, *flags, code=0, **options):
        (tmp_path / "Dockerfile").write_text(text)
        return hull("build", "--progress=plain", *flags, tmp_path, code=code, timeout=120, **options)

    return run


def test_an_image_is_built_tagged_and_runs(build, docker, tmp_path, name):
    (tmp_path / "hello").write_text("hello\n")
    said = build(FROM + "COPY hello /hello\nCMD [\"cat\", \"/hello\"]\n", "-t", name).err
    assert re.search(r"^#\d+ \[2/2\] COPY hello /hello$", said, re.M)
    assert re.search(r"^#\d+ DONE \d+\.\ds$", said, re.M)
    assert docker("run", "--rm", name).out == "hello"


def test_the_quiet_build_prints_the_id(build, docker):
    said = build(FROM + "RUN true\n", "-q", "-t", "hull-quiet")
    assert said.out == docker("images", "-q", "--no-trunc", "hull-quiet").out and said.err == ""


def test_the_image_and_its_names_are_told(build, docker, name):
    said = build(FROM + "RUN true\n", "-t", f"{name}:1", "-t", f"{name}:2").err
    identity = docker("image", "inspect", "-f", "{{.Id}}", f"{name}:1").out.strip()
    assert re.search(rf"^#\d+ writing image {identity} done$", said, re.M)
    for tag in (1, 2):
        assert re.search(rf"^#\d+ naming to docker.io/library/{name}:{tag} done$", said, re.M)


def test_what_was_done_before_is_cached(build, name):
    build(FROM + f"RUN echo {name}\n")
    assert re.search(r"^#\d+ CACHED$", build(FROM + f"RUN echo {name}\n").err, re.M)


def test_a_failure_shows_the_output_the_lines_and_the_code(build):
    said = build(FROM + "RUN echo before && exit 9\n", code=1).err
    assert "before" in said and "exit code: 9" in said
    assert "Dockerfile:2" in said and ">>> RUN echo before && exit 9" in said
    assert "ERROR: failed to build" in said


def test_a_broken_dockerfile_shows_the_line(build):
    said = build(FROM + "NONSENSE\n", code=1).err
    assert "NONSENSE" in said and "2" in said


def test_ignored_files_are_not_sent(build, tmp_path):
    for name in ("keep", "drop.log", "again.log"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".dockerignore").write_text("*.log\n!again.log\n")
    said = build(FROM + "COPY . /all\nRUN ls /all\n", "--no-cache").err
    assert "keep" in said and "again.log" in said and "drop.log" not in said


def test_a_changed_file_is_seen_and_an_unchanged_one_is_not_sent_again(build, tmp_path):
    (tmp_path / "a").write_text("one")
    build(FROM + "COPY a /a\nRUN cat /a\n")
    assert "CACHED" in build(FROM + "COPY a /a\nRUN cat /a\n").err
    (tmp_path / "a").write_text("two")
    assert "two" in build(FROM + "COPY a /a\nRUN cat /a\n").err


def test_modes_links_and_odd_names_arrive(build, tmp_path):
    (tmp_path / "run.sh").write_text("#!/bin/sh\necho ran\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("run.sh")
    (tmp_path / "ünïcode name").write_text("odd")
    said = build(FROM + "COPY . /d/\nRUN /d/run.sh && readlink /d/link && cat '/d/ünïcode name'\n", "--no-cache").err
    assert "ran" in said and "run.sh" in said and "odd" in said


def test_arguments_come_from_the_command_line_or_the_environment(build):
    said = build(FROM + "ARG a\nARG b\nRUN echo $a-$b\n", "--build-arg", "a=1", "--build-arg", "b", "--no-cache", env={"b": "2"}).err
    assert "1-2" in said


def test_a_secret_is_seen_by_its_step_alone(build, tmp_path, docker, name):
    secret = tmp_path.parent / "secret"
    secret.write_text("geheim")
    text = FROM + "RUN --mount=type=secret,id=s cat /run/secrets/s | wc -c\nRUN --mount=type=secret,id=e,env=E test \"$E\" = value\n"
    said = build(text, "--secret", f"id=s,src={secret}", "--secret", "id=e,env=SECRET_E", "--no-cache", "-t", name, env={"SECRET_E": "value"}).err
    assert re.search(r" 6$", said, re.M) and "geheim" not in said
    assert "geheim" not in docker("history", "--no-trunc", name).out
    assert "secret" in build(FROM + "RUN --mount=type=secret,id=none,required=true true\n", code=1).err


ASK = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, getenv("SSH_AUTH_SOCK"), sizeof address.sun_path - 1);
  int agent = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(agent, (struct sockaddr *)&address, sizeof address) != 0) return perror("connect"), 1;
  if (write(agent, "ping", 4) != 4) return perror("write"), 1;
  shutdown(agent, SHUT_WR);
  char answer[100];
  for (ssize_t count; (count = read(agent, answer, sizeof answer)) > 0;) fwrite(answer, 1, count, stdout);
  return 0;
}
"""


@pytest.fixture(scope="session")
def ask_agent(tmp_path_factory):
    """A static program that says "ping" to the agent at $SSH_AUTH_SOCK and prints what it answers."""
    if not shutil.which("gcc"):
        pytest.skip("no compiler for a program that talks to an agent")
    place = tmp_path_factory.mktemp("ask")
    (place / "ask.c").write_text(ASK)
    subprocess.run(["gcc", "-static", "-O1", "-o", place / "ask", place / "ask.c"], check=True)
    return place / "ask"


def test_an_agent_answers_through_the_build(build, tmp_path, ask_agent):
    path = str(tmp_path.parent / "agent.sock")
    if os.path.exists(path):
        os.unlink(path)
    shutil.copy(ask_agent, tmp_path / "ask")
    heard = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def answer():
            while len(heard) < 2:
                # The daemon looks first whether there is an agent, and says nothing to it.
                with listener.accept()[0] as connection:
                    said = connection.recv(100)
                    if said:
                        heard.append(said)
                        connection.sendall(b"pong:" + said)

        threading.Thread(target=answer, daemon=True).start()
        text = FROM + "COPY ask /ask\nRUN --mount=type=ssh /ask && echo && /ask | tr a-z A-Z\n"
        said = build(text, "--ssh", f"default={path}", "--no-cache").err
    assert heard == [b"ping", b"ping"], said
    assert "pong:ping" in said and "PONG:PING" in said
    assert "SSH" in build(FROM, "--ssh", f"default={tmp_path}", code=1).err


def test_files_come_back(build, tmp_path):
    out = tmp_path.parent / "out"
    build("FROM scratch\nCOPY Dockerfile /a/b\n", "-o", out)
    assert (out / "a" / "b").read_text().startswith("FROM scratch")


def test_archives_come_back(build, tmp_path):
    text = "FROM scratch\nCOPY Dockerfile /a/b\n"
    plain = build(text, "-o", "-").stdout
    assert "a/b" in [member.name for member in tarfile.open(fileobj=io.BytesIO(plain))]
    build(text, "-o", f"type=oci,dest={tmp_path.parent}/image.tar")
    with tarfile.open(tmp_path.parent / "image.tar") as archive:
        assert "index.json" in archive.getnames()
    build(text, "-o", f"type=docker,dest={tmp_path.parent}/docker.tar")
    with tarfile.open(tmp_path.parent / "docker.tar") as archive:
        assert "manifest.json" in archive.getnames()
    assert not list(tmp_path.parent.glob("*.part"))


def test_the_id_and_the_metadata_go_into_files(build, tmp_path, name, docker):
    build(FROM + "RUN true\n", "-t", name, "--iidfile", tmp_path / "iid", "--metadata-file", tmp_path / "meta")
    assert (tmp_path / "iid").read_text() == docker("images", "-q", "--no-trunc", name).out
    metadata = json.loads((tmp_path / "meta").read_text())
    assert metadata["containerimage.config.digest"] == (tmp_path / "iid").read_text() and name in metadata["image.name"]


def test_named_contexts_are_directories_and_images(build, tmp_path):
    other = tmp_path.parent / "other"
    other.mkdir(exist_ok=True)
    (other / "file").write_text("of the other")
    said = build(
        "FROM base\nCOPY --from=side file /file\nRUN cat /file\n", "--build-context", f"side={other}", "--build-context", f"base=docker-image://{BUSYBOX}",
        "--no-cache",
    ).err
    assert "of the other" in said


def test_dockerfiles_come_from_elsewhere_and_from_standard_input(hull, tmp_path):
    (tmp_path / "file").write_text("x")
    other = tmp_path.parent / "Other.Dockerfile"
    other.write_text(FROM + "COPY file /other\n")
    assert "COPY file /other" in hull("build", "--progress=plain", "-f", other, tmp_path).err
    assert "COPY file /piped" in hull("build", "--progress=plain", "-f", "-", tmp_path, stdin=(FROM + "COPY file /piped\n").encode()).err
    assert "RUN echo alone" in hull("build", "--progress=plain", "-", stdin=(FROM + "RUN echo alone\n").encode()).err


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_an_archive_on_standard_input_is_the_context(hull, mode):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:
        for name, text in (("Dockerfile", FROM + "COPY a /a\nRUN cat /a\n"), ("a", "of the archive")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    assert "of the archive" in hull("build", "--progress=plain", "--no-cache", "-", stdin=content.getvalue()).err


def test_checks_are_told_and_nothing_is_built(build):
    said = build("from scratch as A\n", "--check", code=1).out
    assert "warning" in said and "FromAsCasing" in said or "StageNameCasing" in said
    assert build(FROM, "--check").out == "Check complete, no warnings found."


def test_json_progress_has_a_line_for_each_event(build):
    lines = [json.loads(line) for line in build(FROM + "RUN echo said\n", "--progress=json", "--no-cache").err.splitlines()]
    kinds = {line["type"] for line in lines}
    assert {"planned", "started", "finished", "output"} <= kinds
    assert any("said" in line.get("data", "") for line in lines)


def test_a_terminal_shows_steps_that_move(engine, hull, tmp_path):
    (tmp_path / "Dockerfile").write_text(FROM + "RUN echo shown; sleep 0.5\n")
    terminal = Terminal([hull.program, "build", "--no-cache", str(tmp_path)], hull.environment, 24, 100)
    try:
        terminal.expect("FINISHED", timeout=60)
        screen = terminal.text if hasattr(terminal, "text") else ""
        assert screen == "" or ("[+] Building" in screen and "RUN echo shown" in screen)
    finally:
        terminal.close()


def test_a_client_that_is_killed_ends_the_build(hull, tmp_path):
    (tmp_path / "Dockerfile").write_text(FROM + "RUN echo started && sleep 600.456\n")
    process = hull.start("build", "--progress=plain", "--no-cache", tmp_path)
    while b" started" not in process.stderr.readline():
        assert process.poll() is None
    process.kill()
    process.wait()
    from support.waiting import until

    until(lambda: "600.456" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout, "the command of the build is gone")


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--secret", "src=x"], "id is missing"),
        (["--secret", "id=x,src=/nowhere"], "no such file"),
        (["-o", "type=local"], "dest is required"),
        (["--build-context", "broken"], "key=value"),
        (["-f", "missing"], "missing"),
        (["--target", "nowhere"], "nowhere"),
        (["-t", "UPPER"], "lowercase"),
        (["--cache-to", "type=gha"], "not supported"),
    ],
)
def test_what_makes_no_sense_is_told(build, flags, message):
    assert message in build(FROM, *flags, code=1).err


def test_a_context_that_is_not_there_is_told(hull, tmp_path):
    assert "not found" in hull("build", tmp_path / "nowhere", code=1).err
    assert "no such file" in hull("build", tmp_path, code=1).err.lower()


def test_the_cache_is_shown_and_pruned(hull, build):
    build(FROM + "RUN true\n")
    assert "CACHE ID" in hull("builder", "df").out
    assert "Total reclaimed space" in hull("builder", "prune", "-af").out


def test_a_failed_commands_file_system_can_be_looked_into(hull, build):
    said = build(FROM + "WORKDIR /w\nENV colour=red\nRUN echo made > file && exit 4\n", code=1).err
    kept = re.search(r"hull build shell ([0-9a-f]{12})", said).group(1)
    assert hull("build", "shell", kept, "sh", "-c", "cat file; pwd; echo $colour").lines == ["made", "/w", "red"]
    assert hull("build", "shell", stdin=b"cat file\n").out == "made"
    assert hull("build", "shell", "000000000000", code=125).err
