# SPDX-License-Identifier: Apache-2.0
"""Registries on loopback: hull-registry, and Debian's docker-registry as its peer; and what a client says to them."""
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote, urlsplit

from .engine import BINARIES
from .waiting import until

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest(content, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The first error's code."""
        return self.json()["errors"][0]["code"]


class Registry:
    """A registry with a folder and a port of its own. Use as a context manager."""

    def __init__(self, *options, port=None):
        self.directory = Path(tempfile.mkdtemp(prefix="hull-registry-test-", dir="/var/tmp"))
        self.root = self.directory / "root"
        self.port = port or free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.options = list(options)
        self.log = self.directory / "log"
        self.process = None
        self.tls = None
        self.credentials = None

    def command(self):
        return [str(BINARIES / "hull-registry"), "serve", "--root", str(self.root), "--listen", self.host, "--access-log", "none", *self.options]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._answers, f"the registry answers; its log: {self.log.read_text()[-1000:]}", 30)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the registry ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def connection(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def __call__(self, method, path, body=None, headers=None, credentials=None):
        """One request; `credentials` is (name, password)."""
        headers = dict(headers or {})
        if credentials := credentials or self.credentials:
            headers.setdefault("Authorization", "Basic " + base64.b64encode(":".join(credentials).encode()).decode())
        connection = self.connection()
        try:
            connection.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    # What clients do

    def begin(self, name):
        """Starts an upload; gives the path to go on with."""
        answer = self("POST", f"/v2/{name}/blobs/uploads/")
        assert answer.status == 202, answer.body
        return location(answer)

    def blob(self, name, content):
        """Pushes a blob whole; gives its digest."""
        answer = self("PUT", with_digest(self.begin(name), digest(content)), content, {"Content-Type": "application/octet-stream"})
        assert answer.status == 201, answer.body
        assert answer.headers["Docker-Content-Digest"] == digest(content)
        return digest(content)

    def manifest(self, name, reference, content, media_type=OCI_MANIFEST):
        answer = self("PUT", f"/v2/{name}/manifests/{reference}", content, {"Content-Type": media_type})
        assert answer.status == 201, answer.body
        return answer

    def image(self, name, tag, layer=b"layer", config=None, **more):
        """Pushes an image of one layer; gives the manifest's digest."""
        content = image(self, name, layer, config, **more)
        self.manifest(name, tag or digest(content), content)
        return digest(content)

    def tags(self, name):
        return self("GET", f"/v2/{name}/tags/list").json()["tags"]


class PeerRegistry(Registry):
    """Debian's docker-registry."""

    def command(self):
        config = self.directory / "config.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {self.root}}}, "
            f"cache: {{blobdescriptor: inmemory}}, delete: {{enabled: true}}}}\nhttp: {{addr: {self.host}}}\n"
        )
        return ["docker-registry", "serve", str(config)]


def location(answer):
    parts = urlsplit(answer.headers["Location"])
    return parts.path + (f"?{parts.query}" if parts.query else "")


def with_digest(path, value):
    return f"{path}{'&' if '?' in path else '?'}digest={quote(value)}"


def descriptor(content, media_type, **more):
    return {"mediaType": media_type, "digest": digest(content), "size": len(content), **more}


def image(registry, name, layer=b"layer", config=None, **more):
    """Pushes the blobs of an image; gives its manifest."""
    config = json.dumps(config or {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    for content in (config, layer):
        registry.blob(name, content)
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(config, OCI_CONFIG), "layers": [descriptor(layer, OCI_LAYER)], **more}
    return json.dumps(manifest).encode()


def skopeo(*arguments, check=True):
    environment = {**os.environ, "HOME": "/nonexistent"}
    return subprocess.run(["skopeo", *arguments], capture_output=True, text=True, timeout=120, check=check, env=environment)


def certificates(folder):
    """An authority and a server's and a client's certificate in a folder, by openssl. Gives the context of a client."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for who in ("server", "client"):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{who}.key", "-out", f"{who}.csr", "-subj", f"/CN={who}")
        openssl("x509", "-req", "-in", f"{who}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{who}.pem", "-extfile", "names")
    return ssl.create_default_context(cafile=folder / "ca.pem")
