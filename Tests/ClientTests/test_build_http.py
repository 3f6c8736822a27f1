# SPDX-License-Identifier: Apache-2.0
"""POST /build: the docker client without BuildKit, docker's SDK, and the bare API."""
import base64
import bz2
import gzip
import io
import json
import lzma
import re
import subprocess
import threading
import time
from urllib.parse import quote, urlencode

import docker as sdk
import pytest
from support.archives import zstd
from support.cli import CommandLine
from support.images import BUSYBOX, regular, tar_of
from support.waiting import until
from support.web import Web

CLASSIC = {"DOCKER_BUILDKIT": "0"}
FROM = f"FROM {BUSYBOX}\n"


def context(**files):
    """A tar with files; a dot in a name is written `__`."""
    return tar_of(lambda archive: [regular(archive, name.replace("__", "."), text.encode()) for name, text in files.items()])


@pytest.fixture
def post(api):
    """post(body, **query) sends a build and gives the status and what was streamed."""

    def send(body, headers=None, **query):
        pairs = [(key, item) for key, value in query.items() for item in (value if isinstance(value, list) else [value])]
        headers = {"Content-Type": "application/x-tar"} | (headers or {})
        answer = api("POST", f"/build?{urlencode(pairs)}", body=body, headers=headers, timeout=120)
        if answer.status != 200:
            return answer.status, json.loads(answer.body)["message"]
        return 200, [json.loads(line) for line in answer.body.splitlines() if line]

    return send


def text_of(lines):
    return "".join(line.get("stream", "") for line in lines)


def error_of(lines):
    return lines[-1].get("errorDetail")


@pytest.fixture
def client(engine):
    client = sdk.DockerClient(base_url=f"unix://{engine.socket}", timeout=60)
    yield client
    client.close()


def test_the_docker_client_builds_and_tags(docker, tmp_path, name):
    (tmp_path / "Dockerfile").write_text(FROM + "COPY hello /hello\nRUN cat /hello > /copy\nCMD [\"cat\", \"/copy\"]\n")
    (tmp_path / "hello").write_text("hello\n")
    said = docker("build", "-t", name, tmp_path, env=CLASSIC).out
    assert "Step 1/4 : FROM" in said
    image = re.search(r"Successfully built ([0-9a-f]{12})\n", said + "\n").group(1)
    assert f"Successfully tagged {name}:latest" in said
    assert docker("images", "-q", name).out == image
    assert docker("run", "--rm", name).out == "hello"


def test_the_second_build_uses_the_cache(docker, tmp_path, name):
    (tmp_path / "Dockerfile").write_text(FROM + f"RUN echo {name} > /x\n")
    first = docker("build", "-q", tmp_path, env=CLASSIC).out
    said = docker("build", tmp_path, env=CLASSIC).out
    assert " ---> Using cache" in said
    assert "Running in" not in said
    assert docker("build", "-q", tmp_path, env=CLASSIC).out == first
    assert "Running in" in docker("build", "--no-cache", tmp_path, env=CLASSIC).out


def test_a_quiet_build_prints_the_image_alone(docker, tmp_path):
    (tmp_path / "Dockerfile").write_text(FROM + "RUN echo noise\n")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", docker("build", "-q", tmp_path, env=CLASSIC).out)


def test_the_id_goes_into_a_file(docker, tmp_path):
    (tmp_path / "Dockerfile").write_text(FROM + "RUN true\n")
    docker("build", "--iidfile", tmp_path / "id", "-t", "iid-test", tmp_path, env=CLASSIC)
    assert (tmp_path / "id").read_text() == docker("images", "-q", "--no-trunc", "iid-test").out


def test_a_command_that_fails_says_its_code(docker, tmp_path):
    (tmp_path / "Dockerfile").write_text(FROM + "RUN echo before && exit 3\n")
    result = docker("build", tmp_path, env=CLASSIC, code=3)
    assert "before" in result.out
    assert "The command '/bin/sh -c echo before && exit 3' returned a non-zero code: 3" in result.err


def test_standard_error_is_red(post):
    status, lines = post(context(Dockerfile=FROM + "RUN echo Ancient >&2\n"), nocache="1")
    assert status == 200
    assert "\x1b[91mAncient\n\x1b[0m" in [line.get("stream") for line in lines]


def test_the_stream_has_the_step_and_its_newline_apart_and_the_id(post):
    _, lines = post(context(Dockerfile=FROM + "RUN true\n"), t=["stream-test:a", "stream-test:b"])
    streams = [line["stream"] for line in lines if "stream" in line]
    assert streams[:2] == [f"Step 1/2 : FROM {BUSYBOX}", "\n"]
    image = next(line["aux"]["ID"] for line in lines if "aux" in line)
    assert streams[-3:] == [f"Successfully built {image[7:19]}\n", "Successfully tagged stream-test:a\n", "Successfully tagged stream-test:b\n"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd, bz2.compress, lzma.compress], ids=["plain", "gzip", "zstd", "bzip2", "xz"])
def test_contexts_may_be_compressed(post, pack):
    _, lines = post(pack(context(Dockerfile=FROM + "COPY a /\nRUN cat /a\n", a="packed")), nocache="1")
    assert "packed" in text_of(lines)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_context_that_is_cut_is_refused(post, pack):
    status, _ = post(pack(context(Dockerfile=FROM, a="x" * 5000))[:-20])
    assert status >= 400


def test_arguments_labels_and_target_get_through(post, docker):
    text = FROM + "FROM " + BUSYBOX + " AS one\nARG colour=blue\nRUN echo $colour\nFROM one AS two\nRUN echo never\n"
    _, lines = post(
        context(Dockerfile=text), target="one", buildargs=json.dumps({"colour": "red", "unset": None}), labels=json.dumps({"a": "b"}), nocache="1", t="args-test"
    )
    assert "red" in text_of(lines) and "never" not in text_of(lines)
    assert docker("inspect", "-f", "{{.Config.Labels.a}}", "args-test").out == "b"


def test_an_argument_that_nobody_takes_is_told(post):
    _, lines = post(context(Dockerfile=FROM), buildargs=json.dumps({"lost": "1"}))
    assert "[Warning] One or more build-args [lost] were not consumed\n" in text_of(lines)


@pytest.mark.parametrize(
    "query, message",
    [
        ({"t": "UPPER"}, "repository name"),
        ({"t": "a@sha256:" + "0" * 64}, "cannot contain a digest"),
        ({"platform": "foobar"}, "unknown operating system"),
        ({"buildargs": "{"}, "error reading build args"),
        ({"labels": "[1]"}, "error reading labels"),
        ({"ulimits": "1"}, "error reading ulimit settings"),
        ({"version": "3"}, "invalid version 3"),
        ({"isolation": "hyperv"}, "isolation"),
        ({"shmsize": "big"}, "shmsize"),
        ({"target": "nowhere"}, "nowhere"),
        ({"dockerfile": "other"}, "other"),
    ],
)
def test_what_makes_no_sense_is_an_error_before_the_stream(post, query, message):
    status, said = post(context(Dockerfile=FROM), **query)
    assert status == 400 and message in said


@pytest.mark.parametrize("text, message", [("NONSENSE x\n", "unknown instruction: NONSENSE"), ("", "empty"), ("RUN x\n", "")])
def test_a_dockerfile_that_makes_no_sense_is_an_error_before_the_stream(post, text, message):
    status, said = post(context(Dockerfile=text))
    assert status == 400 and message.lower() in said.lower()


def test_a_broken_archive_leaves_nothing(post, docker):
    status, _ = post(context(Dockerfile=FROM)[:700])
    assert status >= 400


def test_a_context_that_leads_out_is_refused(post):
    status, said = post(tar_of(lambda archive: regular(archive, "../evil", b"x")))
    assert status == 400 and "leads out" in said


def test_an_image_without_layers_is_the_same_again(docker, name, tmp_path):
    def identity(text, *flags):
        (tmp_path / "Dockerfile").write_text("FROM scratch\nMAINTAINER somebody\n" + text)
        docker("build", *flags, "-t", name, tmp_path, env=CLASSIC)
        return docker("images", "-q", "--no-trunc", name).out

    first = identity("EXPOSE 80 2375\n")
    assert identity("EXPOSE 2375 80\n") == first
    assert identity("EXPOSE 80\n") != first
    assert identity("EXPOSE 80 2375\n", "--no-cache") != first


def test_an_image_that_adds_no_layers_is_in_the_cache(docker, tmp_path, name):
    (tmp_path / "Dockerfile").write_text(FROM + f"WORKDIR /\nENV name={name}\n")
    assert "Using cache" not in docker("build", "-t", name, tmp_path, env=CLASSIC).out
    assert docker("build", "-t", name, tmp_path, env=CLASSIC).out.count(" ---> Using cache") == 2
    assert "Using cache" not in docker("build", "--no-cache", "-t", name, tmp_path, env=CLASSIC).out


def test_labels_of_the_client_alone_make_an_image(post, docker, name):
    assert post(context(Dockerfile="FROM scratch\n"), t=name)[1][-1]["error"].startswith("No image was generated")
    status, lines = post(context(Dockerfile="FROM scratch\n"), t=name, labels='{"a":"1"}')
    assert status == 200 and "Successfully built" in text_of(lines)
    assert docker("inspect", "-f", "{{.Config.Labels.a}}", name).out == "1"


def test_names_that_come_back_from_a_directory_are_clean(post):
    def fill(archive):
        regular(archive, "Dockerfile", (FROM + "COPY foo bar /\nRUN cat /foo /bar\n").encode())
        regular(archive, "dir/../foo", b"of foo\n")
        regular(archive, "/./bar", b"of bar\n")

    status, lines = post(tar_of(fill), nocache=1)
    assert status == 200 and "of foo\nof bar\n" in text_of(lines)


def test_limits_reach_the_commands(post):
    text = FROM + "RUN cat /sys/fs/cgroup/memory.max; df -k /dev/shm | tail -1; ulimit -n\n"
    _, lines = post(
        context(Dockerfile=text), memory=str(64 << 20), memswap=str(64 << 20), shmsize=str(2 << 20), ulimits=json.dumps([{"Name": "nofile", "Soft": 99, "Hard": 99}]),
        nocache="1",
    )
    said = text_of(lines)
    assert "2048" in said and "\n99\n" in said


def test_hosts_and_network_reach_the_commands(post):
    text = FROM + "RUN cat /etc/hosts; ls /sys/class/net\n"
    _, lines = post(context(Dockerfile=text), extrahosts=["extra.example:192.0.2.7"], networkmode="none", nocache="1")
    said = text_of(lines)
    assert re.search(r"192\.0\.2\.7\s+extra\.example", said) and "eth0" not in said


def test_a_client_that_goes_away_ends_the_build(engine, tmp_path):
    (tmp_path / "Dockerfile").write_text(FROM + "RUN echo started && sleep 600.123\n")
    process = CommandLine(engine.docker.program, engine.docker.environment | CLASSIC).start("build", "--no-cache", tmp_path)
    while b"started" not in process.stdout.readline():
        assert process.poll() is None
    process.kill()
    process.wait()
    until(lambda: "600.123" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout, "the command of the build is gone")


def test_a_build_is_cancelled_by_its_id(api, post):
    said = []
    worker = threading.Thread(target=lambda: said.append(post(context(Dockerfile=FROM + "RUN sleep 600.321\n"), buildid="to-cancel", nocache="1")))
    worker.start()
    until(lambda: "600.321" in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout, "the command runs")
    assert api("POST", "/build/cancel?id=to-cancel").status == 200
    worker.join(30)
    status, lines = said[0]
    assert status == 200 and error_of(lines)
    assert api("POST", "/build/cancel").status == 400


def test_a_build_that_is_cancelled_does_not_disturb_the_next(api, post):
    """What it closes behind itself is its own, however soon the next one begins."""
    for number in range(20):
        worker = threading.Thread(target=lambda: post(context(Dockerfile=FROM + "RUN sleep 600.654\n"), buildid="to-cancel", nocache="1"))
        worker.start()
        until(lambda: "600.654" in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout, "the command runs")
        assert api("POST", "/build/cancel?id=to-cancel").status == 200
        _, lines = post(context(Dockerfile=FROM + f"RUN echo number {number}\n"), nocache="1")
        assert f"number {number}" in text_of(lines), lines
        worker.join(30)


def test_credentials_that_cannot_be_read_are_none(post):
    status, lines = post(context(Dockerfile=FROM), headers={"X-Registry-Config": "%%%"})
    assert status == 200 and not error_of(lines)
    accounts = base64.urlsafe_b64encode(json.dumps({"https://index.docker.io/v1/": {"username": "a", "password": "b"}}).encode()).decode()
    status, lines = post(context(Dockerfile=FROM), headers={"X-Registry-Config": accounts})
    assert status == 200 and not error_of(lines)


def test_the_sdk_builds(client):
    image, logs = client.images.build(fileobj=io.BytesIO((FROM + "RUN echo sdk\n").encode()), tag="sdk-test", rm=True)
    assert image.tags == ["sdk-test:latest"]
    assert any("Successfully built" in line.get("stream", "") for line in logs)


def test_the_sdk_gets_the_error(client):
    with pytest.raises(sdk.errors.BuildError) as caught:
        client.images.build(fileobj=io.BytesIO((FROM + "RUN exit 7\n").encode()))
    assert "returned a non-zero code: 7" in str(caught.value)


def test_the_cache_is_counted_and_pruned(api, docker):
    usage = api("GET", "/system/df").json()
    assert isinstance(usage["BuildCache"], list)
    report = api("POST", "/build/prune?all=1", timeout=60).json()
    assert report["SpaceReclaimed"] >= 0
    assert api("POST", "/build/prune?filters=" + quote('{"nonsense":["1"]}')).status == 400
    docker("builder", "prune", "-f", code=None)


@pytest.fixture
def web(engine):
    """web(path, bytes) serves files on the engine's own loopback; gives the address."""
    with Web(engine.host) as server:
        yield server.put


def test_a_dockerfile_of_the_web_is_built(post, web):
    _, lines = post(b"", remote=web("/some/Dockerfile.txt", (FROM + "RUN echo from the web\n").encode()), nocache="1")
    assert "from the web" in text_of(lines)


def test_an_archive_of_the_web_is_a_context(post, web):
    archive = gzip.compress(context(Dockerfile=FROM + "COPY a /\nRUN cat /a\n", a="of the web"))
    _, lines = post(b"", remote=web("/context.tar.gz", archive), nocache="1")
    assert "of the web" in text_of(lines)


def test_servers_know_the_builder_by_its_name(engine, post):
    with Web(engine.host) as server:
        post(context(Dockerfile=f"FROM scratch\nADD {server.put('/file', b'x')} /\n"), nocache="1")
        assert server.agents and all(re.match(r"buildkit/v\d\S* hull/", agent) for agent in server.agents)


def test_what_is_not_in_the_web_is_an_error(post, web):
    status, said = post(b"", remote=web("/there", b"").replace("there", "missing"))
    assert status == 404 or "404" in str(said)


def test_a_git_repository_is_a_context(engine, post, web, tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "-b", "main", ".")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "Dockerfile").write_text(FROM + "COPY a /\nRUN cat /a; ls -a /\n")
    (tmp_path / "sub" / "a").write_text("of a repository\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("update-server-info")
    base = None
    for path in sorted((tmp_path / ".git").rglob("*")):
        if path.is_file():
            base = web(f"/r.git/{path.relative_to(tmp_path / '.git')}", path.read_bytes())
    address = base[: base.index("/r.git")] + "/r.git"
    status, lines = post(b"", remote=f"{address}#main:sub", nocache="1")
    assert status == 200 and "of a repository" in text_of(lines), lines
    status, lines = post(b"", remote=f"{address}#nowhere:sub")
    assert status != 200 or error_of(lines)


def test_the_dockerfile_may_come_on_standard_input(docker, tmp_path, name):
    """The client then ends its archive at the last byte of data."""
    (tmp_path / "f").write_text("f\n")
    docker("build", "-t", name, "-f", "-", tmp_path, stdin=(FROM + "COPY f /f\nCMD cat /f\n").encode(), env=CLASSIC)
    assert docker("run", "--rm", name).out == "f"


def test_a_container_lends_its_network(docker, tmp_path, run):
    identity = run(command=("sh", "-c", "echo lent > /index.html; exec httpd -f -p 1234 -h /"))
    (tmp_path / "Dockerfile").write_text(FROM + "RUN until wget -qO- http://127.0.0.1:1234/index.html; do sleep 0.1; done\n")
    assert "lent" in docker("build", "--no-cache", f"--network=container:{identity}", tmp_path, env=CLASSIC).out


def test_a_build_is_an_event_of_the_image(api, post):
    before = time.time()
    status, lines = post(context(Dockerfile=FROM + "RUN true\n"), nocache=1)
    (image,) = [line["aux"]["ID"] for line in lines if "aux" in line]
    told = api("GET", f"/events?since={before:.9f}&until={time.time():.9f}").body
    assert {"create", "build"} <= {event["Action"] for event in map(json.loads, told.splitlines()) if event.get("Actor", {}).get("ID") == image}


def test_triggers_are_told_without_a_number(docker, tmp_path, name):
    (tmp_path / "Dockerfile").write_text(FROM + "ONBUILD RUN echo foo\n")
    docker("build", "-t", name, tmp_path, env=CLASSIC)
    (tmp_path / "Dockerfile").write_text(f"FROM {name}\nMAINTAINER quux\n")
    said = docker("build", "--no-cache", tmp_path, env=CLASSIC).out
    assert "# Executing 1 build trigger\n" in said and "Step 2/2 : MAINTAINER quux" in said


def test_an_image_of_nothing_is_refused(docker, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert "No image was generated" in docker("build", tmp_path, env=CLASSIC, code=1).err
