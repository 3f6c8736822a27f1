# SPDX-License-Identifier: Apache-2.0
"""What reads from a registry cost: hull-registry beside Debian's docker-registry, on loopback, asked by wrk in turns. Hull's writes its access log,
the other's is off."""
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from engines import BINARIES, resident

CONNECTIONS = 32
SECONDS = 3
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Server:
    """A registry with one image, and a way to ask it."""

    def __init__(self, folder):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 300, (method, path, answer.status)
        return answer

    def blob(self, content):
        target = urlsplit(self.request("POST", "/v2/bench/blobs/uploads/").headers["Location"])
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.request("PUT", f"{target.path}?{target.query + '&' if target.query else ''}digest={digest}", content)
        return {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": len(content)}

    def push(self, layer):
        """An image of one layer; gives the paths of its manifest and its layer."""
        layer = self.blob(layer)
        config = {**self.blob(b"{}"), "mediaType": "application/vnd.oci.image.config.v1+json"}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] * 8}
        self.request("PUT", "/v2/bench/manifests/latest", json.dumps(manifest), {"Content-Type": MANIFEST})
        return {"manifest": "/v2/bench/manifests/latest", "1 MB blob": f"/v2/bench/blobs/{layer['digest']}"}

    def rate(self, path):
        """Requests per second."""
        run = ["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "--timeout", "30s", "-H", f"Accept: {MANIFEST}", f"http://127.0.0.1:{self.port}{path}"]
        text = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        assert "Non-2xx" not in text and "Socket errors" not in text, text
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))

    def peak(self):
        """The most memory that was resident, MiB."""
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text()).group(1)) / 1024

    def close(self):
        self.process.terminate()
        self.process.wait()


class HullRegistry(Server):
    def command(self):
        return [BINARIES / "hull-registry", "serve", "--root", self.folder / "root", "--listen", f"127.0.0.1:{self.port}", "--access-log", self.folder / "access"]


class DockerRegistry(Server):
    def command(self):
        (self.folder / "config.yml").write_text(
            f"version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {self.folder}/root}}, "
            f"cache: {{blobdescriptor: inmemory}}}}\nhttp: {{addr: '127.0.0.1:{self.port}'}}\n"
        )
        return ["docker-registry", "serve", self.folder / "config.yml"]


def compare(table, engines, rounds):
    if not shutil.which("wrk"):
        return print("wrk is not installed: the rows of the registry are skipped (apt-get install wrk docker-registry)")
    folder = Path(tempfile.mkdtemp(prefix="hull-bench-registry-", dir="/var/tmp"))
    kinds = [HullRegistry, DockerRegistry] if shutil.which("docker-registry") and len(table.columns) > 1 else [HullRegistry]
    servers = {}
    try:
        for column, kind in zip(table.columns, kinds):
            (folder / column).mkdir()
            servers[column] = kind(folder / column)
        layer = os.urandom(1 << 20)
        paths = {column: server.push(layer) for column, server in servers.items()}
        for what in ("manifest", "1 MB blob"):
            samples = {column: [] for column in servers}
            for _ in range(max(1, min(rounds, 5))):
                for column, server in servers.items():
                    samples[column].append(server.rate(paths[column][what]))
            medians = {column: statistics.median(rates) for column, rates in samples.items()}
            table.add(f"registry, {what}, {CONNECTIONS} connections", "requests/s", medians, least=2)
        table.add("registry, resident after that", "MiB", {column: resident(server.process.pid) for column, server in servers.items()}, ceiling=40)
        table.add("registry, resident at most", "MiB", {column: server.peak() for column, server in servers.items()})
    finally:
        for server in servers.values():
            server.close()
        shutil.rmtree(folder)
