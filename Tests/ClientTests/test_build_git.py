# SPDX-License-Identifier: Apache-2.0
"""Git repositories and archives of the web as contexts and as sources of ADD: references, directories, checksums, credentials."""
import base64
import bz2
import gzip
import lzma
import os
import shutil
import subprocess

import pytest
from support import git
from support.builds import steps
from support.contexts import FROM, context
from support.git import GitServer, Repository, token
from support.images import regular
from support.web import Web

pytestmark = [pytest.mark.hull("BuildKit has other words"), pytest.mark.skipif(not git.available(), reason="git's http-backend is not installed")]


@pytest.fixture
def repository(tmp_path):
    """A repository with two commits, a tag, a branch and a directory."""
    made = Repository(tmp_path / "served" / "code")
    made.first = made.commit({"Dockerfile": FROM + "COPY . /all\nRUN cat /all/file; ls -A /all\n", "file": "of the first commit\n", "sub/inner": "inner\n"})
    made.git("tag", "-a", "-m", "a tag", "v1")
    made.git("branch", "side")
    made.second = made.commit({"file": "of the second commit\n", "sub/Dockerfile": FROM + "COPY inner /\nRUN cat /inner\n"})
    made.git("config", "uploadpack.allowReachableSHA1InWant", "true")
    return made


@pytest.fixture
def serve(engine, repository):
    """serve(authorization) serves the repository; gives its server, whose `url` is that of the repository."""
    servers = []

    def start(authorization=None):
        servers.append(GitServer(engine.host, repository.place.parent, authorization))
        servers[-1].url = f"{servers[-1].address}/code.git"
        return servers[-1]

    yield start
    for one in servers:
        one.close()


@pytest.fixture
def build(hull, tmp_path):
    """build(context, *flags) gives what `hull build` tells."""

    def run(context, *flags, code=0):
        return hull("build", "--progress=plain", "--no-cache", *flags, context, code=code, timeout=120).err

    return run


@pytest.fixture
def add(build, tmp_path):
    """add(ADD's arguments, script, *flags) builds a Dockerfile with this ADD and what comes after it."""

    def run(arguments, script="find /added", *flags, code=0):
        place = tmp_path / "own"
        place.mkdir(exist_ok=True)
        (place / "Dockerfile").write_text(FROM + f"ADD {arguments} /added\nRUN {script}\n")
        return build(place, *flags, code=code)

    return run


def test_a_repository_is_a_context(build, serve):
    said = build(serve().url)
    assert "of the second commit" in said and ".git" not in said.split("RUN")[-1].replace("code.git", "")


@pytest.mark.parametrize("reference, text", [("main", "second"), ("side", "first"), ("v1", "first"), ("refs/heads/side", "first"), ("first", "first"), ("second", "second")])
def test_a_reference_is_a_branch_a_tag_or_a_commit(build, serve, repository, reference, text):
    reference = getattr(repository, reference, reference)
    assert f"of the {text} commit" in build(f"{serve().url}#{reference}")


def test_a_directory_of_a_repository_is_a_context(build, serve):
    assert "inner" in build(f"{serve().url}#main:sub")
    assert "not a directory" in build(f"{serve().url}#main:nowhere", code=1)
    assert "not a directory" in build(f"{serve().url}#main:file", code=1)


def asked(server):
    """How often a server was spoken to: once for what a reference stands for, once more for fetching."""
    return len([path for path, _ in server.requests if "info/refs" in path])


def test_a_repository_is_fetched_once_for_a_build(build, serve):
    server = serve()
    build(server.url)
    assert asked(server) == 2


def test_a_repository_that_is_added_is_fetched_only_when_the_cache_has_it_not(hull, serve, repository, tmp_path, name):
    server = serve()

    def added(arguments):
        (tmp_path / "Dockerfile").write_text(FROM + f"LABEL name={name}\nRUN echo {name} > /unlike-others\nADD {arguments} /added\nRUN head -c 16 /dev/urandom > /random\n")
        before = asked(server)
        said = hull("build", "--progress=plain", tmp_path, timeout=120).err
        fates = {name.split()[0]: fate for name, fate in steps(said).items()}
        return fates["ADD"], asked(server) - before

    assert added(server.url) == ("DONE", 2)
    assert added(f"--checksum={repository.second} {server.url}?branch=main") == ("CACHED", 1)
    assert added(f"{server.url}#{repository.second}") == ("CACHED", 0)
    assert added(f"{server.url}?submodules=false") == ("DONE", 2)


@pytest.mark.parametrize(
    "query, text",
    [("?branch=side", "first"), ("?tag=v1", "first"), ("?ref=main", "second"), ("?commit={second}", "second"), ("?ref={first}&commit={first}", "first"), ("?tag=v1#refs/tags/v1", "first")],
)
def test_a_query_says_the_reference(build, serve, repository, query, text):
    query = query.format(first=repository.first, second=repository.second)
    assert f"of the {text} commit" in build(serve().url + query)


def test_a_query_says_what_is_kept_and_which_directory_is_meant(build, add, serve, repository):
    url = serve().url
    assert "inner" in build(f"{url}?subdir=sub&branch=main")
    kept = add(f"{url}?keep-git-dir=true&tag=v1", "cat /added/.git/HEAD /added/.git/refs/tags/v1; ls /added/.git")
    assert repository.first in kept and repository.git("rev-parse", "v1") in kept and "FETCH_HEAD" not in kept
    assert ".git" in build(f"{url}?keep-git-dir").split("RUN")[-1].replace("code.git", "")
    assert ".git" in build(url, "--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1").split("RUN")[-1].replace("code.git", "")


@pytest.mark.parametrize(
    "query, message",
    [
        ("?branch=nowhere", "repository does not contain ref refs/heads/nowhere"),
        ("?branch=v1", "repository does not contain ref"),
        ("?ref={short}", "repository does not contain ref"),
        ("?tag=v1&commit={second}", "expected checksum to match"),
        ("?commit=zz", "invalid checksum zz for Git URL, expected hex commit hash"),
        ("?tag=v1#refs/heads/main", "ref conflicts"),
        ("?depth=1", 'unexpected query "depth"'),
        ("?fetch-by-commit", "fetch-by-commit requires a checksum"),
    ],
)
def test_a_query_that_does_not_fit_is_an_error(build, add, serve, repository, query, message):
    query = query.format(short=repository.first[:8], second=repository.second)
    assert message in build(serve().url + query, code=1)
    assert message in add(serve().url + query, code=1)


def test_a_commit_is_fetched_without_asking_for_the_reference(build, serve, repository):
    server = serve()
    assert "of the first commit" in build(f"{server.url}?fetch-by-commit&ref=main&commit={repository.first}")
    assert asked(server) == 1


def test_add_takes_a_repository_a_reference_and_a_directory(add, serve):
    url = serve().url
    assert "/added/sub/inner" in add(url) and "/added/.git" not in add(url)
    assert "of the first commit" in add(f"{url}#v1", "cat /added/file")
    said = add(f"{url}#main:sub")
    assert "/added/inner" in said and "/added/file" not in said


def test_add_keeps_the_git_directory(add, serve, repository):
    said = add(f"--keep-git-dir=true {serve().url}", "cat /added/.git/HEAD; cat /added/.git/config")
    assert repository.second in said


def test_a_kept_git_directory_has_no_password(add, serve):
    server = serve("Basic " + base64.b64encode(b"somebody:geheim").decode())
    url = server.url.replace("//", "//somebody:geheim@")
    said = add(f"--keep-git-dir=true {url}", "! grep -r geheim /added && cat /added/.git/config")
    assert "url = http://127.0.0.1" in said


def test_add_compares_the_commit(add, serve, repository):
    url = serve().url
    add(f"--checksum={repository.second} {url}")
    add(f"--checksum={repository.second[:12]} {url}")
    assert repository.second in add(f"--checksum={repository.first} {url}", code=1)


def test_a_token_opens_a_private_repository(add, build, serve, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("geheim\n")
    server = serve(token("geheim"))
    flags = ["--secret", f"id=GIT_AUTH_TOKEN,src={secret}"]
    for said in (build(server.url, *flags), add(server.url, "find /added", *flags)):
        assert "geheim" not in said
    refused = build(server.url, code=1)
    assert "GIT_AUTH_TOKEN" in refused
    secret.write_text("wrong")
    assert "wrong" not in build(server.url, *flags, code=1)


def test_a_header_comes_before_a_token_and_a_hosts_own_before_all(add, serve, tmp_path):
    server = serve("bearer right")
    (tmp_path / "right").write_text("bearer right")
    (tmp_path / "wrong").write_text("wrong")
    host = server.address.removeprefix("http://")
    header = ["--secret", f"id=GIT_AUTH_HEADER,src={tmp_path}/right", "--secret", f"id=GIT_AUTH_TOKEN,src={tmp_path}/wrong"]
    add(server.url, "true", *header)
    own = ["--secret", f"id=GIT_AUTH_HEADER.{host},src={tmp_path}/right", "--secret", f"id=GIT_AUTH_HEADER,src={tmp_path}/wrong"]
    add(server.url, "true", *own)


def test_credentials_are_for_their_host_alone(engine, add, serve, repository, tmp_path):
    """A submodule on another server does not see them."""
    other = GitServer(engine.host, repository.place.parent)
    try:
        outer = Repository(tmp_path / "served" / "outer")
        outer.commit({"file": "outer"})
        outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository.place), "module")
        (outer.place / ".gitmodules").write_text(f'[submodule "module"]\n\tpath = module\n\turl = {other.address}/code.git\n')
        outer.commit({}, "a submodule")
        secret = tmp_path / "token"
        secret.write_text("geheim")
        server = serve(token("geheim"))
        said = add(f"{server.address}/outer.git", "cat /added/module/file", "--secret", f"id=GIT_AUTH_TOKEN,src={secret}")
        assert "of the second commit" in said
        assert {sent for _, sent in other.requests} == {None}
    finally:
        other.close()


def test_a_submodule_cannot_be_a_file_of_the_host(add, serve, repository, tmp_path):
    outer = Repository(tmp_path / "served" / "evil")
    outer.commit({"file": "outer"})
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository.place), "module")
    outer.commit({}, "a submodule")
    assert "not allowed" in add(f"{serve().address}/evil.git", code=1)


@pytest.mark.parametrize("reference", ["nowhere", "0" * 40, "--upload-pack=touch", "a b", ".."])
def test_what_is_no_reference_is_an_error(build, serve, reference):
    assert build(f"{serve().url}#{reference}", code=1)


def test_a_repository_that_is_not_there_is_an_error(build, serve):
    assert "not found" in build(f"{serve().address}/nowhere.git", code=1)


# SSH

SSHD = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin")


@pytest.fixture
def secure_shell(engine, tmp_path):
    """An SSH server on the engine's host that knows one key, and an agent that has it: (port, the agent's socket)."""
    if not SSHD:
        pytest.skip("sshd is not installed")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    (tmp_path / "keys").write_text((tmp_path / "user.pub").read_text())
    os.makedirs("/run/sshd", exist_ok=True)
    options = ["UsePAM=no", "StrictModes=no", f"AuthorizedKeysFile={tmp_path}/keys", "PasswordAuthentication=no", "PermitRootLogin=yes", "PidFile=none"]
    arguments = [part for option in options for part in ("-o", option)]
    port = 2222
    server = subprocess.Popen([*engine.host.enter, SSHD, "-D", "-e", "-f", "/dev/null", "-h", tmp_path / "host", "-p", str(port), "-o", "ListenAddress=127.0.0.1", *arguments])
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", tmp_path / "agent"], stdout=subprocess.DEVNULL)
    from support.waiting import until

    until(lambda: (tmp_path / "agent").exists() and f"127.0.0.1:{port}" in engine.host.run("ss", "-Hltn"), "the server and the agent are there", 20)
    subprocess.run(["ssh-add", "-q", tmp_path / "user"], env={"SSH_AUTH_SOCK": str(tmp_path / "agent")}, check=True)
    yield port, tmp_path / "agent"
    for process in (server, agent):
        process.kill()
        process.wait()


def test_an_agent_opens_a_repository(add, build, repository, secure_shell):
    port, agent = secure_shell
    url = f"ssh://root@127.0.0.1:{port}{repository.place}/.git"
    assert "of the second commit" in build(url, "--ssh", f"default={agent}")
    assert "of the first commit" in add(f"{url}#v1", "cat /added/file", "--ssh", f"default={agent}")
    assert "--ssh default" in build(url, code=1)


# Archives of the web

@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gzip", "bzip2", "xz"])
def test_an_archive_of_the_web_is_a_context_however_it_is_packed(engine, build, pack):
    with Web(engine.host) as web:
        body = context(FROM + "COPY a /\nRUN cat /a\n", lambda archive: regular(archive, "a", b"of the web"))
        assert "of the web" in build(web.put("/context", pack(body)))


def test_a_file_of_the_web_has_the_time_that_the_server_says(engine, add):
    with Web(engine.host) as web:
        for stamp in ("Tue, 14 Nov 2023 22:13:20 GMT", "Tuesday, 14-Nov-23 22:13:20 UTC"):
            assert "1700000000" in add(web.put("/file", b"x", Last_Modified=stamp), "stat -c %Y /added")
        assert "=0=" in add(web.put("/timeless", b"x"), "echo =$(stat -c %Y /added)=")


def test_a_file_of_the_web_is_fetched_again_only_when_it_has_changed(engine, add):
    with Web(engine.host) as web:
        address = web.put("/file", b"one", ETag='"1"')
        assert "one" in add(address, "cat /added") and "one" in add(address, "cat /added")
        assert [method for method, _ in web.requests] == ["GET", "HEAD"]
        web.put("/file", b"two", ETag='"2"')
        assert "two" in add(address, "cat /added")
        assert [method for method, _ in web.requests] == ["GET", "HEAD", "HEAD", "GET"]
        untagged = web.put("/untagged", b"x")
        add(untagged), add(untagged)
        assert [method for method, path in web.requests if path == "/untagged"] == ["GET", "GET"]
