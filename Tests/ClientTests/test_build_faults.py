# SPDX-License-Identifier: Apache-2.0
"""Builds that are given what nobody should give: hostile archives, links that lead out, contexts that lie, stall or stop half way, secrets that are not there."""
import io
import json
import os
import socket
import subprocess
import tarfile
import threading

import pytest
from support import leaks
from support.contexts import ALL, FROM, bomb, context, deep, device, hard_link, header, packed
from support.http import dial
from support.images import folder, link, regular, tar_of
from support.waiting import until

pytestmark = pytest.mark.hull("BuildKit has other words")
EVIL = "/var/tmp/hull-test-evil"


@pytest.fixture
def post(api):
    """post(archive) sends a build and gives the message of its failure, or None."""

    def send(body, query="nocache=1", timeout=150):
        answer = api("POST", f"/build?{query}", body=body, headers={"Content-Type": "application/x-tar"}, timeout=timeout)
        if answer.status != 200:
            return answer.message
        return json.loads(answer.body.splitlines()[-1]).get("error")

    return send


@pytest.fixture(autouse=True)
def tidy(engine, post):
    """Whatever happens: nothing is left, nothing was written outside, the next build works, the store is sound."""
    engine.docker("run", "--rm", "busybox", "true")
    assert post(context(FROM + "RUN true\n")) is None
    _prune(engine)
    before = leaks.baseline(engine)
    yield
    assert not os.path.exists(EVIL)
    assert post(context(FROM + "RUN true\n")) is None
    _prune(engine)
    # Contexts of `hull build` are kept for the next build, as files without a name.
    before["open files of the daemon"] += [name for name in leaks.descriptors(engine.pid) if name.endswith(" (deleted)")]
    leaks.assert_nothing_left(engine, before)
    result = engine.hull("system", "check", "--json", code=None)
    assert result.code == 0, result.out


def _prune(engine):
    engine.api("POST", "/images/prune?filters=%7B%22dangling%22%3A%5B%22true%22%5D%7D", timeout=60)
    engine.api("POST", "/build/prune?all=1", timeout=60)


# Archives

REFUSED = {
    "dots": (lambda archive: regular(archive, f"../../../../../../..{EVIL}", b"x"), "leads out"),
    "dots within": (lambda archive: regular(archive, f"a/b/../../../../../../../../..{EVIL}", b"x"), "leads out"),
    "a link to dots": (lambda archive: hard_link(archive, "shadow", "../../../../../../etc/shadow"), "out of the context"),
    "a link to an absolute path": (lambda archive: hard_link(archive, "shadow", "/etc/shadow"), "not there"),
    "a link to itself": (lambda archive: hard_link(archive, "me", "me"), "not there"),
    "a name of 300 bytes": (lambda archive: regular(archive, "n" * 300, b"x"), "name"),
    "a path of 5000 bytes": (lambda archive: regular(archive, "/".join(["d" * 99] * 50), b"x"), "name"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_archive_that_cannot_be_a_context_is_refused(post, case):
    build, message = REFUSED[case]
    assert message in post(context(build=build))


HARMLESS = {
    "an absolute path": lambda archive: regular(archive, EVIL, b"x"),
    "a file below a link to the root": lambda archive: (link(archive, "out", "/"), regular(archive, f"out{EVIL}", b"x")),
    "a file below a link to dots": lambda archive: (link(archive, "out", "../../../../.."), regular(archive, f"out{EVIL}", b"x")),
    "a link that a file replaces": lambda archive: (link(archive, "f", EVIL), regular(archive, "f", b"x")),
    "a device": lambda archive: device(archive, "memory"),
    "a name twice": lambda archive: [regular(archive, "twice", text) for text in (b"first", b"second")],
    "a file that becomes a directory": lambda archive: (regular(archive, "a", b"x"), folder(archive, "a"), regular(archive, "a/b", b"y")),
    "a directory that becomes a file": lambda archive: (folder(archive, "a"), regular(archive, "a/b", b"y"), regular(archive, "a", b"x")),
    "a file that is a directory, too": lambda archive: (regular(archive, "a", b"x"), regular(archive, "a/b", b"y")),
    "1000 directories in each other": lambda archive: deep(archive, 1000),
    "names that are no text": lambda archive: regular(archive, "new\nline \x01 \x7f", b"x"),
    "a fifo": lambda archive: archive.addfile(_fifo()),
}


def _fifo():
    entry = tarfile.TarInfo("fifo")
    entry.type = tarfile.FIFOTYPE
    return entry


@pytest.mark.parametrize("case", HARMLESS)
def test_an_odd_archive_stays_where_it_is(post, case):
    """It may be built or refused; what counts is checked by `tidy`."""
    post(context(build=HARMLESS[case]))


@pytest.mark.parametrize("case", [*REFUSED, *HARMLESS])
def test_an_odd_archive_that_is_added_stays_where_it_is(post, case):
    inner = tar_of(REFUSED[case][0] if case in REFUSED else HARMLESS[case])
    said = post(context(FROM + "ADD inner.tar.gz /added/\n", lambda archive: regular(archive, "inner.tar.gz", packed(inner))))
    assert said if case in REFUSED else True


def test_of_two_files_of_a_name_the_later_counts(post):
    assert post(context(ALL + "RUN grep second /all/twice\n", HARMLESS["a name twice"])) is None


@pytest.mark.parametrize(
    "archive",
    [
        b"nonsense" * 1000,
        b"\x1f\x8b" + b"nonsense" * 1000,
        b"\x28\xb5\x2f\xfd" + b"nonsense" * 1000,
        b"BZh9" + b"nonsense" * 1000,
        b"\xfd7zXZ\0" + b"nonsense" * 1000,
        context()[:900],
        packed(context())[:-30],
        context()[:512] + bytes([255] * 512),
        header("Dockerfile", 1 << 62),
        header("Dockerfile", 7) + b"FROM x\n",
    ],
    ids=["text", "gzip", "zstd", "bzip2", "xz", "cut", "gzip cut", "header", "size", "padding"],
)
def test_an_archive_that_is_none_is_refused(post, archive):
    assert post(archive)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("added", [False, True], ids=["context", "ADD"])
def test_a_bomb_is_refused(engine, post, added):
    body = context(FROM + "ADD bomb.tgz /bomb/\n", lambda archive: regular(archive, "bomb.tgz", bomb())) if added else bomb()
    assert "bomb" in post(body, timeout=300)


# Links

def test_links_that_lead_out_of_the_context_end_at_its_root(hull, tmp_path):
    (tmp_path / "outside").write_text("geheim")
    place = tmp_path / "context"
    place.mkdir()
    (place / "absolute").symlink_to(tmp_path / "outside")
    (place / "relative").symlink_to("../outside")
    (place / "folder").symlink_to("..")
    for source in ("absolute", "relative", "folder/outside"):
        for verb in ("COPY", "ADD"):
            (place / "Dockerfile").write_text(FROM + f"{verb} {source} /copied\n")
            said = hull("build", "--progress=plain", "--no-cache", place, code=1).err
            assert "not found" in said and "geheim" not in said
    (place / "Dockerfile").unlink()
    (place / "Dockerfile").symlink_to("../outside")
    assert "geheim" not in hull("build", "--progress=plain", place, code=1).err
    (place / "other").symlink_to("../outside")
    assert "geheim" not in hull("build", "--progress=plain", "-f", place / "other", place, code=1).err


def test_links_of_an_uploaded_context_end_at_its_root(post):
    assert "not found" in post(context(FROM + "COPY out/etc/hostname /x\n", lambda archive: link(archive, "out", "/")))
    assert "no such file" in post(tar_of(lambda archive: link(archive, "Dockerfile", "/etc/hostname")))


def test_a_copy_follows_links_of_the_image_within_it(post):
    text = FROM + f"RUN ln -s / /out && ln -s ../../../../../../var /up\nCOPY file /out{EVIL}/\nCOPY file /up/here\nRUN test -f {EVIL}/file && test -f /var/here\n"
    assert post(context(text, lambda archive: regular(archive, "file", b"x"))) is None


# Half way

def test_a_context_that_stops_half_way_is_refused(engine):
    body = context(build=lambda archive: regular(archive, "big", os.urandom(2_000_000)))
    for cut in (0, 100, 700, 1_000_000, len(body) - 600):
        head = f"POST /build HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\nContent-Length: {len(body)}\r\n\r\n"
        with dial(engine.socket) as connection:
            connection.sendall(head.encode() + body[:cut])
        said = engine.api.raw(b"POST /build HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % (len(body) - 10) + body[:cut])
        assert b"Successfully" not in said


def test_a_client_that_stops_while_its_context_is_sent_ends_its_build(engine, hull, tmp_path):
    (tmp_path / "Dockerfile").write_text(ALL)
    with open(tmp_path / "large", "wb") as file:
        file.truncate(3 << 30)
    before = _deleted_bytes(engine.pid)
    for _ in range(3):
        client = hull.start("build", "--progress=plain", "--no-cache", tmp_path)
        until(lambda: _deleted_bytes(engine.pid) > before + (1 << 20), "some of the context is there", 30)
        client.kill()
        client.communicate()
        until(lambda: _deleted_bytes(engine.pid) < before + (1 << 20), "the context is gone", 30)


def _deleted_bytes(pid):
    """Of files without a name that the daemon holds open."""
    total = 0
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            path = f"/proc/{pid}/fd/{descriptor}"
            if os.readlink(path).endswith(" (deleted)"):
                total += os.stat(path).st_size
        except OSError:
            pass
    return total


# Sources that misbehave

@pytest.fixture
def rude(engine):
    """rude(answer) is a server on the engine's host that says `answer` to each connection and then nothing, until the test ends; gives its address."""
    servers, connections = [], []

    def start(answer, close=False):
        with engine.host.inside():
            server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connections.append(connection)
                connection.recv(65536)
                try:
                    connection.sendall(answer)
                except OSError:
                    pass
                if close:
                    connection.close()

        threading.Thread(target=serve, daemon=True).start()
        start.connections = connections
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for one in servers:
        one.shutdown(socket.SHUT_RDWR)
        one.close()
    for one in connections:
        one.close()


LIES = {
    "nothing": b"",
    "no http": b"nonsense\r\n\r\n",
    "a body that is cut": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nFROM scratch\n",
    "half a gzip": b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n" + packed(context())[:300],
    "a page": b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n<html>not found</html>     ",
    "an error": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    "a redirect to a file": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
    "a redirect to itself": b"HTTP/1.1 302 Found\r\nLocation: /context\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_web_server_that_lies_is_no_context(post, rude, lie):
    address = rude(LIES[lie], close=True)
    assert post(b"", query=f"nocache=1&remote={address}/context")
    assert post(context(FROM + f"ADD {address}/context /x\nRUN false\n"))


@pytest.mark.parametrize("lie", [*LIES, "git"])
def test_a_git_server_that_lies_is_no_context(post, rude, lie):
    git = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 40\r\n\r\n001e# service=git-upload-pack\n0000ffff00"
    address = rude(LIES.get(lie, git), close=True)
    assert post(b"", query=f"nocache=1&remote={address}/context.git")


@pytest.mark.parametrize("path", ["/context", "/context.git"])
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nFROM"])
def test_a_server_that_stalls_holds_nobody_who_goes(engine, hull, rude, path, answer):
    address = rude(answer) + path
    client = hull.start("build", "--progress=plain", address)
    until(lambda: rude.connections, "the daemon asks for it", 30)
    client.kill()
    client.communicate()
    until(lambda: not [line for line in _commands() if "git" in line.split("/")[-1][:4] and address in line], "no program is left", 10)


def _commands():
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout.splitlines()


# Secrets

@pytest.mark.parametrize("mount", ["secret,id=none", "secret,id=none,env=NONE", "ssh", "ssh,id=other"])
def test_what_the_client_does_not_have_is_an_error_only_where_it_is_required(hull, post, tmp_path, mount):
    for required, code in ((",required", 1), ("", 0)):
        text = FROM + f"RUN --mount=type={mount}{required} true\n"
        (tmp_path / "Dockerfile").write_text(text)
        said = hull("build", "--progress=plain", "--no-cache", tmp_path, code=code).err
        assert not code or ("none" in said or "SSH" in said) and "Dockerfile:2" in said
        assert bool(post(context(text))) == bool(code)


def test_a_secret_whose_file_vanishes_is_an_error(hull, tmp_path):
    secret = tmp_path.parent / "fleeting"
    os.mkfifo(secret)
    secret.unlink()
    (tmp_path / "Dockerfile").write_text(FROM + "RUN --mount=type=secret,id=s true\n")
    assert "fleeting" in hull("build", "--secret", f"id=s,src={secret}", tmp_path, code=1).err


@pytest.mark.parametrize("pieces", [("ge", "heim"), ("g", "e", "h", "e", "i", "m"), ("vorher ge", "heim nachher"), ("geheim", "geheim"), ("gehe", "gehe", "im")])
def test_a_secret_is_hidden_in_whatever_pieces_it_is_written(hull, tmp_path, pieces):
    secret = tmp_path.parent / "pieces"
    secret.write_text("geheim")
    writes = "; sleep 0.2; ".join(f"printf '{piece}'" for piece in pieces)
    (tmp_path / "Dockerfile").write_text(FROM + f"RUN --mount=type=secret,id=s set +x; {writes}; echo; cat /run/secrets/s; echo end\n")
    said = hull("build", "--progress=plain", "--no-cache", "--secret", f"id=s,src={secret}", tmp_path).err
    printed = [line for line in said.splitlines() if "RUN" not in line]
    assert "end" in said and not [line for line in printed if "geheim" in line]


def test_output_that_could_begin_a_secret_is_not_held_back_for_long(hull, tmp_path):
    secret = tmp_path.parent / "prompt"
    secret.write_text("question? yes")
    (tmp_path / "Dockerfile").write_text(FROM + "RUN --mount=type=secret,id=s printf 'question?'; sleep 600.789\n")
    client = hull.start("build", "--progress=json", "--no-cache", "--secret", f"id=s,src={secret}", tmp_path)
    said = b""
    while b'"question?' not in said:
        piece = os.read(client.stderr.fileno(), 65536)
        assert piece, said
        said += piece
    client.kill()
    client.communicate()
