# SPDX-License-Identifier: Apache-2.0
"""When a step is in the build cache: the rules are BuildKit's."""
import os
import subprocess
import threading
import time

import pytest
from support.builds import steps
from support.http import UnixConnection
from support.images import BUSYBOX, regular, tar_of
from support.waiting import until

pytestmark = pytest.mark.hull("hull build says what was cached")
FROM = f"FROM {BUSYBOX}\n"


@pytest.fixture
def build(hull, tmp_path):
    """build(dockerfile, *flags) gives what became of each step."""

    def run(text, *flags, **options):
        (tmp_path / "Dockerfile").write_text(text)
        said = hull("build", "--progress=plain", "-o", "type=none", *flags, tmp_path, timeout=120, **options).err
        return steps(said)

    return run


def test_no_cache_filter_is_for_the_stages_that_it_names(build, name):
    text = f"FROM {BUSYBOX} AS one\nRUN echo one {name}\nFROM {BUSYBOX} AS two\nRUN echo two {name}\nFROM {BUSYBOX}\nCOPY --from=one /etc/passwd /1\nCOPY --from=two /etc/passwd /2\n"
    build(text)
    fates = build(text, "--no-cache-filter", "two")
    assert fates[f"RUN echo one {name}"] == "CACHED" and fates[f"RUN echo two {name}"] == "DONE"
    fates = build(text, "--no-cache-filter", "one,two")
    assert fates[f"RUN echo one {name}"] == fates[f"RUN echo two {name}"] == "DONE"
    assert build(text)[f"RUN echo two {name}"] == "CACHED"


def test_arguments_count_from_where_they_are_declared(build, name, tmp_path):
    (tmp_path / "file").write_text(name)
    text = FROM + f"RUN echo before {name}\nARG used\nCOPY file /{name}\nRUN echo after {name}\n"
    build(text, "--build-arg", "used=1")
    fates = build(text, "--build-arg", "used=2")
    assert fates[f"RUN echo before {name}"] == "CACHED", "it is declared later"
    assert fates[f"COPY file /{name}"] == "CACHED", "files do not see it"
    assert fates[f"RUN echo after {name}"] == "DONE", "a command may see it"
    assert build(text, "--build-arg", "used=1")[f"RUN echo after {name}"] == "CACHED"
    assert build(text, "--build-arg", "used=2", "--build-arg", "undeclared=1")[f"RUN echo after {name}"] == "CACHED"


def test_proxies_count_for_nothing_unless_they_are_declared(build, name):
    text = FROM + f"RUN echo {name} $http_proxy\n"
    build(text, "--build-arg", "http_proxy=http://a")
    for proxy in ("http_proxy", "HTTPS_PROXY", "no_proxy", "ALL_PROXY", "FTP_PROXY"):
        assert build(text, "--build-arg", f"{proxy}=http://b")[f"RUN echo {name} $http_proxy"] == "CACHED", proxy


def test_times_and_owners_of_files_count_for_nothing(build, name, tmp_path):
    (tmp_path / "file").write_text(name)
    build(FROM + f"COPY file /{name}\n")
    os.utime(tmp_path / "file", (1, 1))
    os.chown(tmp_path / "file", 7, 7)
    assert build(FROM + f"COPY file /{name}\n")[f"COPY file /{name}"] == "CACHED"
    (tmp_path / "file").chmod(0o600)
    assert build(FROM + f"COPY file /{name}\n")[f"COPY file /{name}"] == "DONE"


def test_what_a_secret_holds_counts_for_nothing(build, name):
    text = FROM + f"RUN --mount=type=secret,id=s,env=S echo {name}\n"
    build(text, "--secret", "id=s,env=V", env={"V": "one"})
    assert build(text, "--secret", "id=s,env=V", env={"V": "two"})[f"RUN --mount=type=secret,id=s,env=S echo {name}"] == "CACHED"


def test_metadata_busts_nothing(build, name):
    build(FROM + f"LABEL a=1\nCMD [\"a\"]\nRUN echo {name}\n")
    assert build(FROM + f"LABEL a=2\nCMD [\"b\"]\nEXPOSE 80\nRUN echo {name}\n")[f"RUN echo {name}"] == "CACHED"


def test_a_pull_of_the_same_base_keeps_the_cache(build, registry, docker, name):
    base = "127.0.0.1:5000/base:1"
    docker("tag", BUSYBOX, base)
    docker("push", base)
    text = f"FROM {base}\nRUN echo {name}\n"
    build(text)
    assert build(text, "--pull")[f"RUN echo {name}"] == "CACHED"
    docker("rmi", base)
    assert build(text, "--pull")[f"RUN echo {name}"] == "CACHED"
    # Another base under the same name is seen with --pull alone.
    container = docker("create", BUSYBOX, "true").out
    docker("commit", "-c", "ENV changed=1", container, base)
    docker("push", base)
    docker("rmi", base)
    docker("pull", base)
    assert build(text)[f"RUN echo {name}"] == "DONE"
    docker("rmi", base)


class Classic:
    """A build by POST /build, whose answer is read as it comes."""

    def __init__(self, engine, identity, dockerfile):
        self.engine, self.identity, self.text = engine, identity, b""
        body = tar_of(lambda tar: regular(tar, "Dockerfile", dockerfile.encode()))
        self.connection = UnixConnection(engine.socket, timeout=90)
        self.connection.request("POST", f"/build?buildid={identity}", body=body, headers={"Content-Type": "application/x-tar"})
        self.worker = threading.Thread(target=self._read)
        self.worker.start()

    def _read(self):
        answer = self.connection.getresponse()
        while piece := answer.read1(65536):
            self.text += piece

    def cancel(self):
        assert self.engine.api("POST", f"/build/cancel?id={self.identity}").status == 200

    def has_ended(self, seconds):
        self.worker.join(seconds)
        return not self.worker.is_alive()


def test_who_waits_for_a_cache_mount_hears_at_once_of_its_end(engine, name):
    """Three builds want the same locked directory: one is cancelled while it waits, the next gets it when the first one is gone."""

    def start(which, seconds):
        text = f"RUN --mount=type=cache,id={name},target=/c,sharing=locked echo {name} {which} && sleep {seconds}\n"
        return Classic(engine, f"{name}-{which}", FROM + text)

    first = start("first", "60.77")
    until(lambda: running("60.77"), "the first one has it")
    second = start("second", "0.78")
    third = start("third", "0.79")
    until(lambda: b"Step 2/2" in second.text and b"Step 2/2" in third.text, "the others wait for it")
    began = time.monotonic()
    second.cancel()
    assert second.has_ended(20) and time.monotonic() - began < 3, "it does not wait for the first one"
    assert b"errorDetail" in second.text and running("60.77") and third.worker.is_alive()
    first.cancel()
    assert first.has_ended(20) and third.has_ended(30)
    assert b"Successfully built" in third.text


def running(argument):
    return argument in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
