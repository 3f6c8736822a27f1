# SPDX-License-Identifier: Apache-2.0
"""gRPC on the engine's socket without asking first, and the history of builds that came by every way."""
import json

import pytest
from support import grpc
from support.contexts import FROM, context

pytestmark = [pytest.mark.hull("builds of the first builder are in no history of dockerd's"), pytest.mark.usefixtures("tidy_images")]
CONTROL = "/moby.buildkit.v1.Control/"
# Of a record: BuildKit's names.
REF, ATTRIBUTES, EXPORTERS, ERROR, LOGS, TRACE, STEPS = 1, 3, 4, 5, 8, 13, 16
EARLY_EXIT = b"\x18\x01"


@pytest.fixture
def buildkit(engine):
    with grpc.Connection(engine.socket) as connection:
        yield connection


@pytest.fixture
def history(buildkit):
    """history() gives the records of ended builds: {field: [values]} by reference."""

    def read():
        records = {}
        for event in buildkit.call(CONTROL + "ListenBuildHistory", EARLY_EXIT):
            event = dict(grpc.fields(event))
            record = {}
            for number, value in grpc.fields(event[2]):
                record.setdefault(number, []).append(value)
            records[record[REF][0].decode()] = record
        return records

    return read


def attributes(record):
    pairs = [dict(grpc.fields(entry)) for entry in record[ATTRIBUTES]]
    return {pair[1].decode(): pair.get(2, b"").decode() for pair in pairs}


def blob(buildkit, descriptor):
    digest = dict(grpc.fields(descriptor))[2]
    pieces = buildkit.call("/containerd.services.content.v1.Content/Read", b"\x0a" + bytes([len(digest)]) + digest)
    return b"".join(dict(grpc.fields(piece))[2] for piece in pieces)


def test_grpc_and_http_1_are_spoken_on_one_socket(buildkit, api):
    assert b"hull" in buildkit.call(CONTROL + "Info")[0]
    assert api("GET", "/_ping").body == b"OK"
    # One connection, more calls.
    assert b"linux" in buildkit.call(CONTROL + "ListWorkers")[0]


def test_a_build_of_hull_is_in_the_history_with_its_trace(buildkit, history, hull, tmp_path):
    folder = tmp_path / "the-app"
    folder.mkdir()
    (folder / "Dockerfile").write_text(FROM + "ARG A\nRUN echo made > /made\n")
    before = set(history())
    hull("build", "--build-arg", "A=1", "-o", f"type=oci,dest={tmp_path}/out.tar", folder, timeout=120)
    (ref,) = set(history()) - before
    record = history()[ref]
    said = attributes(record)
    assert said["build-arg:A"] == "1" and said["filename"] == "Dockerfile" and said["vcs:localdir:context"] == "the-app"
    assert dict(grpc.fields(record[EXPORTERS][0]))[1] == b"oci" and record[STEPS][0] > 1 and ERROR not in record
    assert b"RUN echo made" in blob(buildkit, record[LOGS][0])
    text, spans = blob(buildkit, record[TRACE][0]).decode(), []
    while text.strip():
        span, end = json.JSONDecoder().raw_decode(text)
        spans.append(span)
        text = text[end:].lstrip()
    assert spans[0]["Attributes"] == [{"Key": "ref", "Value": {"Type": "STRING", "Value": ref}}]
    assert any("RUN echo made" in span["Name"] and span["Parent"] == spans[0]["SpanContext"] for span in spans[1:])


def test_builds_of_the_first_builder_are_in_the_history_failed_ones_too(history, api):
    before = set(history())
    assert api("POST", "/build?t=of-history&target=one", context("FROM scratch AS one\nCOPY Dockerfile /\n"), {"Content-Type": "application/x-tar"}).status == 200
    api("POST", "/build", context(FROM + "RUN exit 7\n"), {"Content-Type": "application/x-tar"})
    records = [record for ref, record in history().items() if ref not in before]
    assert sorted(ERROR in record for record in records) == [False, True]
    made = next(record for record in records if ERROR not in record)
    assert attributes(made)["target"] == "one"
    failed = next(record for record in records if ERROR in record)
    assert b"exit 7" in dict(grpc.fields(failed[ERROR][0]))[2]


def test_a_check_is_no_build(history, hull, tmp_path):
    (tmp_path / "Dockerfile").write_text(FROM)
    before = set(history())
    hull("build", "--check", tmp_path, timeout=60)
    assert set(history()) == before
