# SPDX-License-Identifier: Apache-2.0
"""Requests as they should never be: every one gets an answer that says what is wrong, and the engine goes on."""
import json
import os
import random
import re
import socket
from urllib.parse import quote

import pytest
from support.engine import BAD_REQUEST
from support.http import UnixConnection

JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def still_there(engine, api):
    """After each test the engine is the same process and answers."""
    pid = engine.pid
    yield
    assert engine.pid == pid and api("GET", "/_ping").body == b"OK"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"{'Image': 'busybox'}", b'{"Image": }', b'{"Image": "busybox"', b"\xff\xfe\x00", b"{" * 5000, b"[" * 100_000],
    ids=["empty", "open", "list", "null", "string", "quotes", "no value", "unended", "binary", "deep objects", "deep lists"],
)
def test_malformed_json_is_400(api, body):
    answer = api("POST", "/containers/create", body, JSON)
    assert answer.status in BAD_REQUEST and answer.message


@pytest.mark.parametrize(
    "field, value",
    [
        ("Image", 5),
        ("Image", ["busybox"]),
        ("Cmd", 7),
        ("Cmd", {"a": 1}),
        ("Env", "A=1"),
        ("Env", [1, 2]),
        ("Tty", "yes"),
        ("Labels", ["a"]),
        ("Labels", {"a": 1}),
        ("HostConfig", "x"),
        ("HostConfig", {"Memory": "lots"}),
        ("HostConfig", {"Memory": 1.5}),
        ("HostConfig", {"Memory": 1e300}),
        ("HostConfig", {"Binds": "a:b"}),
        ("HostConfig", {"RestartPolicy": []}),
        ("HostConfig", {"PortBindings": {"80/tcp": [{"HostPort": 80}]}}),
        ("ExposedPorts", []),
        ("StopTimeout", "soon"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_wrong_type_is_400_and_named(api, field, value):
    answer = api("POST", "/containers/create", {"Image": "busybox", field: value})
    assert answer.status in BAD_REQUEST
    assert field.lower() in answer.message.lower() or "unmarshal" in answer.message


@pytest.mark.parametrize(
    "host",
    [
        {"Memory": -1},
        {"Memory": 1},
        {"NanoCpus": -5},
        {"CpuShares": -1},
        {"CpusetCpus": "a-b"},
        {"CpusetCpus": "4000"},
        {"RestartPolicy": {"Name": "sometimes"}},
        {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 3}},
        {"NetworkMode": "container:"},
        {"IpcMode": "nonsense"},
        pytest.param({"PidMode": "nonsense"}, marks=pytest.mark.modern("it is refused")),
        pytest.param({"UTSMode": "nonsense"}, marks=pytest.mark.modern("it is refused")),
        {"Binds": ["nonsense"]},
        {"Binds": ["/a:/b:nonsense"]},
        {"Binds": ["/a:/b", "/c:/b"]},
        {"Mounts": [{"Type": "nonsense", "Target": "/a"}]},
        {"Mounts": [{"Type": "bind", "Source": "/tmp", "Target": ""}]},
        {"CapAdd": ["NONSENSE"]},
        {"SecurityOpt": ["nonsense"]},
        {"OomScoreAdj": 5000},
        {"ShmSize": -1},
        {"LogConfig": {"Type": "json-file", "Config": {"max-size": "x"}}},
        {"LogConfig": {"Type": "json-file", "Config": {"nonsense": "1"}}},
        {"Ulimits": [{"Name": "nonsense", "Soft": 1, "Hard": 1}]},
        {"Runtime": "nonsense"},
    ],
    ids=lambda value: json.dumps(value)[:50],
)
def test_a_value_that_makes_no_sense_is_an_error_before_anything_runs(api, docker, host):
    """Some are refused at create, some (as with Docker) only at start; none is accepted and none leaves a process."""
    made = api("POST", "/containers/create", {"Image": "busybox", "Cmd": ["true"], "HostConfig": host})
    if made.status == 201:
        made = api("POST", f"/containers/{made.json()['Id']}/start")
    assert made.status in (400, 404, 409, 500) and made.message


def test_unknown_fields_are_ignored(api):
    answer = api("POST", "/containers/create", {"Image": "busybox", "NoSuchField": {"a": [1]}, "HostConfig": {"NoSuchEither": True}})
    assert answer.status == 201


def test_null_is_the_same_as_nothing(api):
    body = {"Image": "busybox", "Cmd": None, "Env": None, "Labels": None, "HostConfig": None, "NetworkingConfig": None, "Tty": None}
    assert api("POST", "/containers/create", body).status == 201


def test_field_names_may_be_in_any_case(api):
    assert api("POST", "/containers/create", {"image": "busybox", "CMD": ["true"]}).status == 201


def test_the_wrong_content_type_is_refused(api):
    answer = api("POST", "/containers/create", b'{"Image":"busybox"}', {"Content-Type": "text/plain"})
    assert answer.status in (400, 415) and "text/plain" in answer.message


def test_a_missing_image_is_404(api):
    answer = api("POST", "/containers/create", {"Image": "nosuch"})
    assert (answer.status, answer.message) == (404, "No such image: nosuch:latest")


@pytest.mark.modern("a container without an image is refused")
def test_an_empty_image_is_400(api):
    assert api("POST", "/containers/create", {"Cmd": ["true"]}).status == 400


def test_a_taken_name_is_409(api, name):
    assert api("POST", f"/containers/create?name={name}", {"Image": "busybox"}).status == 201
    assert api("POST", f"/containers/create?name={name}", {"Image": "busybox"}).status == 409


@pytest.mark.parametrize("path", ["/nosuch", "/containers", "/containers/x/nosuch", "/v1.41/nosuch", "/v1.41", "//", "/%2e%2e/etc/passwd", "/containers/%00/json"])
def test_an_unknown_path_is_404(api, path):
    answer = api("GET", path)
    assert answer.status in (301, 400, 404)


@pytest.mark.parametrize("method, path", [("DELETE", "/version"), ("PATCH", "/containers/json"), ("BREW", "/_ping"), ("PUT", "/containers/create")])
def test_a_wrong_method_is_404_or_405(api, method, path):
    assert api(method, path).status in (400, 404, 405, 501)


@pytest.mark.parametrize("path", ["/containers/nosuch/json", "/containers/nosuch/top", "/containers/nosuch/logs?stdout=1", "/containers/nosuch/stats?stream=0", "/containers/nosuch/changes"])
def test_what_is_not_there_is_404_with_its_name(api, path):
    answer = api("GET", path)
    assert answer.status == 404 and answer.message == "No such container: nosuch"


@pytest.mark.parametrize("query", ["tail=x", "since=x", "until=x", "follow=maybe"])
def test_odd_queries_of_logs_do_no_harm(api, docker, query):
    identity = docker("create", "busybox").out
    assert api("GET", f"/containers/{identity}/logs?stdout=1&{query}").status in (200, 400, 500)


@pytest.mark.parametrize("filters", ["{", '{"status": 5}', "[]", '{"status": {"x": "y"}}', "x" * 10_000])
def test_odd_filters_are_400(api, filters):
    assert api("GET", f"/containers/json?filters={quote(filters)}").status in (400, 500)


def test_numbers_out_of_range_are_400(api, docker):
    identity = docker("create", "busybox").out
    for path in (f"/containers/{identity}/resize?h=x&w=1", f"/containers/{identity}/resize?h=-1&w=-1", f"/containers/{identity}/resize"):
        assert api("POST", path).status in (400, 409, 500)
    assert api("GET", "/containers/json?limit=x").status in (200, *BAD_REQUEST)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"nonsense nonsense nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\nHost: x\r\nX: " + b"b" * 2_000_000 + b"\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\n" + b"".join(b"H%d: x\r\n" % n for n in range(20_000)) + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
        b"\0" * 10_000,
    ],
    ids=range(17),
)
def test_bytes_that_are_no_request_are_refused_or_dropped(api, request_bytes):
    answer = api.raw(request_bytes)
    assert answer == b"" or answer.startswith(b"HTTP/1.")
    assert b" 500 " not in answer.split(b"\r\n")[0]


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize(
    "frames",
    [
        b"",
        b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0" * 10_000,
        b"\xff" * 10_000,
        b"\0\0\0\x04\0\0\0\0\0" + b"\0\0\x05\x01\x05\0\0\0\x01\xff\xff\xff\xff\xff",
        b"\0\0\0\x04\0\0\0\0\0" * 20_000,
    ],
    ids=["nothing", "http1", "zeros", "ones", "bad headers", "settings without end"],
)
def test_http2_that_makes_no_sense_is_ended(api, frames):
    answer = api.raw(PREFACE + frames)
    assert answer == b"" or answer[3:9] == b"\x04\0\0\0\0\0", "the first frame of a server is its SETTINGS (RFC 9113, 3.4)"
    assert api("GET", "/_ping").status == 200


def test_pipelined_requests_are_answered_in_order(api):
    answer = api.raw(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\nGET /nosuch HTTP/1.1\r\nHost: x\r\n\r\nGET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", end=False)
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"404", b"200"]


def test_http_1_0_is_answered_and_closed(api):
    assert api.raw(b"GET /_ping HTTP/1.0\r\n\r\n").split(b"\r\n\r\n")[1] == b"OK"


def test_a_connection_serves_many_requests(api):
    connection = UnixConnection(api.path)
    for _ in range(50):
        connection.request("GET", "/version")
        assert connection.getresponse().read().startswith(b"{")
    connection.close()


def test_a_body_that_never_ends_is_bounded(api):
    """A JSON body has a limit; the engine does not collect what it will not read."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(str(api.path))
    connection.sendall(b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    sent = 0
    with connection:
        try:
            while sent < 64:
                connection.sendall(chunk)
                sent += 1
            connection.sendall(b"0\r\n\r\n")
            answer = connection.recv(4096)
        except (BrokenPipeError, ConnectionResetError):
            return
    assert answer == b"" or int(answer.split()[1]) in (413, *BAD_REQUEST)


def test_a_client_that_goes_in_the_middle_of_its_body_harms_nobody(api):
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(api.path))
            connection.sendall(b'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"Image": "bus')
    assert api("GET", "/containers/json?all=1").json() == []


def test_noise_in_requests_never_crashes_the_engine(engine, api):
    """Real requests with bytes changed at random places (seeded: the same each time)."""
    seed = random.Random(20260101)
    model = b'POST /v1.41/containers/create?name=fuzz HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 61\r\n\r\n{"Image":"busybox","Cmd":["true"],"HostConfig":{"Memory":99}}'
    for _ in range(300):
        data = bytearray(model)
        for _ in range(seed.randint(1, 8)):
            data[seed.randrange(len(data))] = seed.randrange(256)
        answer = api.raw(bytes(data))
        assert answer == b"" or answer.startswith(b"HTTP/1.")
    assert engine.running()


def test_many_idle_connections_do_not_stop_the_others(api):
    idle = []
    for _ in range(300):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(api.path))
        idle.append(connection)
    assert api("GET", "/_ping").status == 200
    for connection in idle:
        connection.close()


def test_unknown_parts_of_the_api_say_so(api):
    for path in ("/swarm", "/services", "/plugins"):
        assert api("GET", path).status in (200, 404, 501, 503)


def test_networks_and_volumes_can_be_listed(api):
    names = {network["Name"] for network in api("GET", "/networks").json()}
    assert {"bridge", "host", "none"} <= names
    assert "Volumes" in api("GET", "/volumes").json()


def test_root_sees_no_secrets_in_errors(api):
    """Messages name the object, not the engine's own source lines."""
    message = api("GET", "/containers/nosuch/json").message
    assert ".swift" not in message and os.sep + "Sources" not in message
