# SPDX-License-Identifier: Apache-2.0
"""SOURCE_DATE_EPOCH: as a number in the Dockerfile, and taken from the context, a named context or a stage."""
import gzip
import io
import os
import tarfile
from datetime import datetime

import pytest
from support import git
from support.contexts import FROM
from support.git import GitServer, Repository
from support.layouts import Layout
from support.web import Web

pytestmark = [pytest.mark.hull("a client of its own"), pytest.mark.usefixtures("tidy_images")]
SHOWN = FROM + 'ARG SOURCE_DATE_EPOCH\nRUN echo -n "epoch: ${SOURCE_DATE_EPOCH-none}" > /epoch\n'
REWRITTEN = "buildkit/rewritten-timestamp"


@pytest.fixture
def build(hull, tmp_path):
    """build(context, *flags, **attributes) builds into an OCI layout whose layers' times are limited."""

    def run(context, *flags, code=0, **attributes):
        path = tmp_path / "image.tar"
        more = "".join(f",{key.replace('_', '-')}={value}" for key, value in attributes.items())
        told = hull("build", "--progress=plain", "--no-cache", "-o", f"type=oci,dest={path},rewrite-timestamp=true{more}", *flags, context, code=code, timeout=120)
        return told.err if code else Layout(path)

    return run


@pytest.fixture
def files(tmp_path):
    """files(dockerfile) gives a directory with it."""

    def make(text):
        folder = tmp_path / "context"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(text)
        return folder

    return make


@pytest.fixture
def web(engine):
    with Web(engine.host) as server:
        yield server


def archive(files):
    """A tar archive of {name: (text, time)}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, (text, time) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(text), time
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def seen(layout):
    """What the last layer's command saw, its annotation, and the image's time."""
    manifest, _ = layout.image()
    last = manifest["layers"][-1]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layout.blob(last)))) as tar:
        text = tar.extractfile("epoch").read().decode() if "epoch" in tar.getnames() else None
    created = datetime.fromisoformat(layout.document(manifest["config"])["created"].replace("Z", "+00:00"))
    return text, (last.get("annotations") or {}).get(REWRITTEN), int(created.timestamp())


def test_the_dockerfile_has_a_default_that_the_client_replaces(build, files):
    context = files("ARG SOURCE_DATE_EPOCH=1445412480\n" + SHOWN)
    assert seen(build(context)) == ("epoch: 1445412480", "1445412480", 1445412480)
    assert seen(build(context, "--build-arg", "SOURCE_DATE_EPOCH=1700000002")) == ("epoch: 1700000002", "1700000002", 1700000002)
    text, annotation, created = seen(build(context, "--build-arg", "SOURCE_DATE_EPOCH="))
    assert (text, annotation) == ("epoch: none", None) and created > 1700000002


def test_an_output_may_go_without(build, files):
    text, annotation, created = seen(build(files("ARG SOURCE_DATE_EPOCH=1445412480\n" + SHOWN), source_date_epoch=""))
    assert (text, annotation, created) == ("epoch: 1445412480", None, 1445412480)


def test_a_directory_of_the_clients_has_no_time(build, files):
    text, annotation, _ = seen(build(files(SHOWN), "--build-arg", "SOURCE_DATE_EPOCH=context"))
    assert (text, annotation) == ("epoch: none", None)


def test_a_context_of_the_web_has_the_servers_time_or_that_of_its_newest_file(build, web):
    content = archive({"Dockerfile": (SHOWN, 1700000202), "foo": ("bar", 1700000302)})
    said, newest = web.put("/said.tar", content, modified=1700000201), web.put("/newest.tar", content)
    for address, time in ((said, 1700000201), (newest, 1700000302)):
        assert seen(build(address, "--build-arg", "SOURCE_DATE_EPOCH=context")) == (f"epoch: {time}", str(time), time)


@pytest.mark.skipif(not git.available(), reason="git's http-backend is not installed")
def test_a_repository_has_its_commits_time(build, engine, tmp_path):
    made = Repository(tmp_path / "served" / "code")
    made.commit({"Dockerfile": "ARG SOURCE_DATE_EPOCH=context\n" + SHOWN})
    server = GitServer(engine.host, made.place.parent)
    try:
        assert seen(build(f"{server.address}/code.git")) == ("epoch: 1700000000", "1700000000", 1700000000)
    finally:
        server.close()


def test_a_named_context_and_a_stage_may_stand_for_a_source(build, files, web):
    source = web.put("/src.tar", archive({"foo": ("bar", 1700000402)}))
    asked = "ARG SOURCE_DATE_EPOCH=mysource\n"
    expected = ("epoch: 1700000402", "1700000402", 1700000402)
    assert seen(build(files(asked + SHOWN), "--build-context", f"mysource={source}")) == expected
    stage = f"FROM scratch AS mysource\nADD {source} /\n"
    assert seen(build(files(asked + stage + SHOWN))) == expected
    assert seen(build(files(asked + stage + SHOWN + "COPY --from=mysource /src.tar /\n")))[1:] == expected[1:]


def test_what_stands_for_nothing_is_refused(build, files):
    assert "invalid SOURCE_DATE_EPOCH: yesterday" in build(files("ARG SOURCE_DATE_EPOCH=yesterday\n" + SHOWN), code=1)
    stage = "ARG SOURCE_DATE_EPOCH=src\nFROM scratch AS src\nCOPY Dockerfile /\n"
    assert "SOURCE_DATE_EPOCH stage does not meet source-only requirements" in build(files(stage + SHOWN), code=1)


def test_files_that_come_out_have_the_time(hull, files, tmp_path):
    context = files("ARG SOURCE_DATE_EPOCH=1445412480\nFROM scratch\nCOPY Dockerfile /d/\n")
    hull("build", "-o", f"type=local,dest={tmp_path}/out", context, timeout=120)
    hull("build", "-o", f"type=tar,dest={tmp_path}/out.tar", context, timeout=120)
    assert os.stat(tmp_path / "out" / "d" / "Dockerfile").st_mtime == 1445412480
    with tarfile.open(tmp_path / "out.tar") as tar:
        assert {member.mtime for member in tar} == {1445412480}
