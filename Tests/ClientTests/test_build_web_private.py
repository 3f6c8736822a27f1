# SPDX-License-Identifier: Apache-2.0
"""Files of the web that only a secret of the client's opens: with ADD, as a context, in a client's graph."""
import secrets

import pytest
from support.buildkit import CONTROL, BuildKit, CallError, Graph
from support.contexts import FROM, context
from support.web import Web

pytestmark = pytest.mark.hull("its own client gives the secrets")
HOST = "127.0.0.1"


@pytest.fixture
def serve(engine):
    """serve(authorization) gives a web server that wants it."""
    servers = []

    def start(authorization=None):
        servers.append(Web(engine.host, authorization).__enter__())
        return servers[-1]

    yield start
    for one in servers:
        one.__exit__()


@pytest.fixture
def secret(tmp_path):
    """secret(name, value) gives the flag of a secret."""

    def make(name, value):
        place = tmp_path / secrets.token_hex(4)
        place.write_text(value)
        return ["--secret", f"id={name},src={place}"]

    return make


@pytest.fixture
def add(hull, tmp_path):
    """add(address, *flags) builds with an ADD and shows the file."""

    def run(address, *flags, code=0):
        place = tmp_path / "own"
        place.mkdir(exist_ok=True)
        (place / "Dockerfile").write_text(FROM + f"ADD {address} /added\nRUN cat /added\n")
        return hull("build", "--progress=plain", "--no-cache", *flags, place, code=code, timeout=120).err

    return run


def test_a_token_opens_a_file(serve, secret, add):
    server = serve("Bearer geheim")
    address = server.put("/file", b"what was closed\n")
    said = add(address, *secret(f"HTTP_AUTH_TOKEN_{HOST}", "geheim\n"))
    assert "what was closed" in said and "geheim" not in said
    assert "401" in add(address, code=1)
    refused = add(address, *secret(f"HTTP_AUTH_TOKEN_{HOST}", "falsch"), code=1)
    assert "401" in refused and "falsch" not in refused


def test_a_header_opens_a_file_and_a_token_comes_before_it(serve, secret, add):
    server = serve("Basic dXNlcjpwYXNz")
    header = secret(f"HTTP_AUTH_HEADER_{HOST}", "Basic dXNlcjpwYXNz")
    add(server.put("/file", b"x"), *header)
    add(server.put("/file", b"x"), *header, *secret(f"HTTP_AUTH_TOKEN_{HOST}", "other"), code=1)
    assert server.sent[-1] == "Bearer other"


def test_secrets_are_for_their_host_alone(serve, secret, add):
    server, other = serve("Bearer geheim"), serve()
    address = server.put("/file", b"", Location=other.put("/there", b"moved\n"))
    token = secret(f"HTTP_AUTH_TOKEN_{HOST}", "geheim")
    assert "moved" in add(address, *token)
    assert other.sent == [None]
    add(serve("Bearer geheim").put("/file", b"x"), *secret("HTTP_AUTH_TOKEN_example.org", "geheim"), code=1)


def test_a_file_that_has_not_changed_stays_closed(serve, secret, add):
    """The engine has it, and still the server decides who gets it."""
    address = serve("Bearer geheim").put("/file", b"what was closed\n", ETag='"1"')
    token = secret(f"HTTP_AUTH_TOKEN_{HOST}", "geheim")
    assert "what was closed" in add(address, *token) and "what was closed" in add(address, *token)
    assert "what was closed" not in add(address, code=1)


def test_a_token_opens_an_archive_that_is_a_context(serve, secret, hull):
    address = serve("Bearer geheim").put("/context.tar", context(FROM + "RUN echo of a closed context\n"))
    token = secret(f"HTTP_AUTH_TOKEN_{HOST}", "geheim")
    assert "of a closed context" in hull("build", "--progress=plain", "--no-cache", *token, address).err
    assert "401" in hull("build", address, code=1).err


def test_a_secret_that_is_no_header_is_refused(serve, secret, add):
    server = serve()
    said = add(server.put("/file", b"x"), *secret(f"HTTP_AUTH_TOKEN_{HOST}", "geheim\r\nX-Other: 1"), code=1)
    assert "HTTP_AUTH_TOKEN" in said and "geheim" not in said and not server.requests


@pytest.mark.usefixtures("tidy_images")
def test_a_graph_says_how_a_file_is_asked_for(engine, serve, name, docker):
    server = serve()
    graph = Graph()
    file = graph.source(server.put("/file", b"x"), {"http.header.user-agent": "graph/1", "http.header.cookie": "a=b"})
    with BuildKit(engine.socket) as connection:
        connection.call(CONTROL, "Solve", {1: secrets.token_hex(8), 2: graph.definition(file), 13: {1: "image", 2: [{1: "name", 2: name}]}})
        closed = graph.source(server.put("/closed", b"x"), {"http.authheadersecret": "key"})
        with pytest.raises(CallError):
            connection.call(CONTROL, "Solve", {1: secrets.token_hex(8), 2: graph.definition(closed)})
    assert set(server.agents) == {"graph/1"}
