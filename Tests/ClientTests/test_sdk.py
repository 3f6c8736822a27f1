# SPDX-License-Identifier: Apache-2.0
"""Docker's SDK for Python: another client that must not notice whom it talks to."""
import io
import tarfile
import time
from datetime import datetime

import docker as sdk
import pytest
from support.images import busybox_tar, regular, tar_of
from support.waiting import until


@pytest.fixture
def client(engine):
    client = sdk.DockerClient(base_url=f"unix://{engine.socket}", timeout=30)
    yield client
    client.close()


def test_ping_version_and_info(client):
    assert client.ping() is True
    assert client.version()["Os"] == "linux"
    assert client.info()["Images"] >= 1


def test_run_returns_the_output(client):
    assert client.containers.run("busybox", ["echo", "hi"], remove=True) == b"hi\n"


def test_a_failed_run_raises_with_code_and_stderr(client):
    with pytest.raises(sdk.errors.ContainerError) as caught:
        client.containers.run("busybox", ["sh", "-c", "echo problem >&2; exit 3"], remove=True)
    assert caught.value.exit_status == 3 and caught.value.stderr == b"problem\n"


def test_a_missing_image_and_container_raise_not_found(client):
    with pytest.raises(sdk.errors.ImageNotFound):
        client.images.get("nosuch:image")
    with pytest.raises(sdk.errors.NotFound):
        client.containers.get("nosuch")


def test_a_detached_container_can_be_followed_and_stopped(client):
    container = client.containers.run("busybox", ["sh", "-c", "echo one; echo two; exec sleep 1000"], detach=True, labels={"a": "b"}, mem_limit="64m")
    assert container.status == "created"
    container.reload()
    assert container.status == "running" and container.labels == {"a": "b"}
    followed = b""
    for piece in container.logs(stream=True, follow=True):
        followed += piece
        if followed.endswith(b"two\n"):
            break
    assert followed == container.logs() == b"one\ntwo\n"
    container.kill()
    assert container.wait()["StatusCode"] == 137
    container.remove()


def test_exec_run_gives_code_and_output(client):
    container = client.containers.run("busybox", ["sleep", "1000"], detach=True)
    assert container.exec_run(["sh", "-c", "echo $A; exit 4"], environment={"A": "x"}) == (4, b"x\n")
    code, (out, err) = container.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
    assert (code, out, err) == (0, b"out\n", b"err\n")
    assert b"".join(container.exec_run(["seq", "1000"], stream=True).output).split()[-1] == b"1000"


def test_the_start_of_an_exec_says_how_output_is_framed_and_its_creation_whether_there_is_a_terminal(client):
    container = client.containers.run("busybox", ["sleep", "1000"], detach=True)
    with_terminal = client.api.exec_create(container.id, ["tty"], tty=True)["Id"]
    assert client.api.exec_start(with_terminal, tty=False) == b"/dev/pts/0\r\n"
    without = client.api.exec_create(container.id, ["echo", "raw"])["Id"]
    assert client.api.exec_start(without, tty=True) == b"raw\n"
    container.remove(force=True)


def test_exec_with_a_socket_speaks_both_ways(client):
    container = client.containers.run("busybox", ["sleep", "1000"], detach=True)
    _, socket = container.exec_run(["cat"], stdin=True, socket=True, tty=True)
    socket._sock.sendall(b"hello\n")
    received = b""
    while b"hello\r\nhello\r\n" not in received:
        received += socket._sock.recv(100)
    socket.close()


def test_attach_socket_feeds_stdin(client):
    container = client.containers.create("busybox", ["cat"], stdin_open=True)
    socket = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    container.start()
    socket._sock.sendall(b"to cat\n")
    until(lambda: container.logs() == b"to cat\n", "cat has echoed it")
    socket.close()


def test_archives_go_both_ways(client):
    container = client.containers.create("busybox")
    assert container.put_archive("/etc", tar_of(lambda archive: regular(archive, "given", b"data")))
    chunks, stat = container.get_archive("/etc/given")
    assert stat["name"] == "given" and stat["size"] == 4
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        assert archive.extractfile("given").read() == b"data"


def test_lists_and_filters(client):
    container = client.containers.run("busybox", ["sleep", "1000"], detach=True, name="sdk-list", labels=["sdk"])
    assert [one.id for one in client.containers.list(filters={"label": "sdk"})] == [container.id]
    assert client.containers.list(filters={"status": "exited"}) == []
    assert container.top()["Titles"] and container.stats(stream=False)["memory_stats"]["usage"] > 0
    assert container.attrs["Config"]["Image"] == "busybox"


def test_images_load_tag_save_and_go(client):
    image_id = client.api.import_image_from_data(busybox_tar(), repository="sdk", tag="one")
    assert image_id
    image = client.images.get("sdk:one")
    assert image.tag("sdk", "two") and set(client.images.get("sdk:one").tags) == {"sdk:one", "sdk:two"}
    saved = b"".join(image.save(named=True))
    client.images.remove("sdk:one")
    client.images.remove("sdk:two")
    loaded = client.images.load(saved)
    assert [one.id for one in loaded] == [image.id]
    assert image.history()
    client.images.remove(image.id, force=True)


def test_events_are_decoded(client):
    container = client.containers.create("busybox")
    created = client.api.inspect_container(container.id)["Created"]
    container.remove()
    since = int(datetime.fromisoformat(created[:19] + "+00:00").timestamp()) - 1
    events = [event["Action"] for event in client.events(since=since, until=int(time.time()) + 1, decode=True, filters={"container": container.id})]
    assert events == ["create", "destroy"]


def test_update_pause_rename_and_diff(client):
    container = client.containers.run("busybox", ["sh", "-c", "touch /new; exec sleep 1000"], detach=True)
    container.update(mem_limit="32m", memswap_limit="32m")
    container.pause()
    container.reload()
    assert container.status == "paused"
    container.unpause()
    container.rename("sdk-renamed")
    until(lambda: {"Path": "/new", "Kind": 1} in (container.diff() or []), "the new file is in the diff")


def test_wait_conditions_and_auto_remove(client):
    container = client.containers.run("busybox", ["true"], detach=True, auto_remove=True)
    try:
        assert container.wait(condition="removed")["StatusCode"] == 0
    except sdk.errors.NotFound:
        pass
    until(lambda: not client.containers.list(all=True), "it is removed")
