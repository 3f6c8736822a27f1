# SPDX-License-Identifier: Apache-2.0
"""Registries on a test's host: Debian's docker-registry or Hull's own, with accounts, TLS and tokens where a test wants them."""
import gzip
import http.client
import json
import shutil
import ssl
import subprocess
from base64 import b64encode
from pathlib import Path

from .archives import OCI, config_of, digest, zstd
from .engine import BINARIES
from .hosts import Host
from .waiting import until

LOOPBACK = "127.0.0.1"
OUTSIDE = "198.18.0.1"  # an address of the host that no engine takes for loopback
DOCKER = "application/vnd.docker.distribution"
ACCEPT = ", ".join([f"{OCI}.manifest.v1+json", f"{OCI}.index.v1+json", f"{DOCKER}.manifest.v2+json", f"{DOCKER}.manifest.list.v2+json"])


class Registry:
    """A registry program on `host`. `accounts`: passwords by user; `pki`: a `certificates.Authority` whose server certificate it shows, of whose clients
    it wants certificates when `client_certificates`; `tokens`: a `tokens.TokenServer` that it trusts."""

    kind = ""

    def __init__(self, host: Host, folder, port=5000, address=LOOPBACK, accounts=None, pki=None, client_certificates=False, tokens=None):
        self.host, self.folder, self.port, self.ip = host, Path(folder), port, address
        self.accounts, self.pki, self.client_certificates, self.tokens = accounts or {}, pki, client_certificates, tokens
        self.address = f"{address}:{port}"
        self.content = self.folder / "content"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "log"
        if address == OUTSIDE and f"{OUTSIDE}/32" not in " ".join(host.addresses()):
            host.run("ip", "address", "add", f"{OUTSIDE}/32", "dev", "lo")
        self.process = None
        self.start()

    def command(self):
        """The program's command line."""
        raise NotImplementedError

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.host.enter, *map(str, self.command())], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._answers, f"{self.kind} answers at {self.address}; its log ends with: {self.log.read_text()[-2000:]}", 20)

    def _answers(self):
        assert self.process.poll() is None, f"{self.kind} ended at its start: {self.log.read_text()[-2000:]}"
        try:
            self.host.connect(self.ip, self.port).close()
            return True
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait(20)

    # What is in it, by its own API.

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body) of a request to the registry, as the first of its accounts."""
        connection = http.client.HTTPConnection(self.ip, self.port, timeout=30)
        connection.sock = self._connect()
        headers = dict(headers or {})
        for user, password in list(self.accounts.items())[:1]:
            headers["Authorization"] = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def _connect(self):
        plain = self.host.connect(self.ip, self.port, 30)
        if not self.pki:
            return plain
        context = ssl.create_default_context(cafile=self.pki.ca)
        context.load_cert_chain(*self.pki.client())
        return context.wrap_socket(plain, server_hostname=self.ip)

    def put_blob(self, repository, data):
        """Uploads a blob and gives its digest."""
        status, headers, body = self.request("POST", f"/v2/{repository}/blobs/uploads/")
        assert status == 202, body
        place = headers["location"].removeprefix(f"http://{self.address}").removeprefix(f"https://{self.address}")
        joint = "&" if "?" in place else "?"
        status, _, body = self.request("PUT", f"{place}{joint}digest={digest(data)}", data, {"Content-Type": "application/octet-stream"})
        assert status == 201, body
        return digest(data)

    def put_manifest(self, repository, reference, manifest):
        """Uploads a manifest (a dictionary, or bytes as they are with the media type) and gives its descriptor."""
        data, kind = manifest if isinstance(manifest, tuple) else (json.dumps(manifest).encode(), manifest["mediaType"])
        status, _, body = self.request("PUT", f"/v2/{repository}/manifests/{reference}", data, {"Content-Type": kind})
        assert status == 201, body
        return descriptor(kind, data)

    def put_image(self, repository, tag, layers, compress="gzip", config=None, platform=("linux", "amd64"), annotations=None):
        """An image of uncompressed layer tars; gives the manifest's descriptor with the platform."""
        manifest, blobs = image_of(layers, compress, config, platform, annotations)
        for data in blobs:
            self.put_blob(repository, data)
        made = self.put_manifest(repository, tag or digest(json.dumps(manifest).encode()), manifest)
        return made | {"platform": dict(zip(("os", "architecture", "variant"), platform))}

    def put_index(self, repository, tag, manifests):
        """An index of descriptors."""
        return self.put_manifest(repository, tag, {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": manifests})

    def manifest(self, repository, reference):
        """The parsed manifest and its digest."""
        status, headers, body = self.request("GET", f"/v2/{repository}/manifests/{reference}", headers={"Accept": ACCEPT})
        assert status == 200, (status, body)
        return json.loads(body), headers["docker-content-digest"]

    def has_blob(self, repository, blob):
        return self.request("HEAD", f"/v2/{repository}/blobs/{blob}")[0] == 200

    def tags(self, repository):
        status, _, body = self.request("GET", f"/v2/{repository}/tags/list")
        return sorted(json.loads(body)["tags"] or []) if status == 200 else []

    def forget(self):
        """Loses every repository and blob."""
        shutil.rmtree(self.content / "docker", ignore_errors=True)

    def skopeo(self, *arguments):
        """What skopeo prints, on the registry's host. References to it are `docker://{address}/…`."""
        return self.host.run("skopeo", *arguments)


class DockerRegistry(Registry):
    """Debian's docker-registry."""

    kind = "docker-registry"

    def command(self):
        settings = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.content)}, "delete": {"enabled": True}},
            "http": {"addr": self.address, "relativeurls": True},
        }
        if self.accounts:
            settings["auth"] = {"htpasswd": {"realm": "test", "path": str(htpasswd(self.folder, self.accounts))}}
        if self.tokens:
            token = self.tokens
            settings["auth"] = {"token": {"realm": token.realm, "service": token.service, "issuer": token.issuer, "rootcertbundle": str(token.certificate)}}
        if self.pki:
            certificate, key = self.pki.server(self.ip)
            settings["http"]["tls"] = {"certificate": str(certificate), "key": str(key)}
            if self.client_certificates:
                settings["http"]["tls"]["clientcas"] = [str(self.pki.ca)]
        (self.folder / "config.yml").write_text(json.dumps(settings))
        return ["docker-registry", "serve", self.folder / "config.yml"]


class HullRegistry(Registry):
    """Hull's own registry."""

    kind = "hull-registry"
    program = BINARIES / "hull-registry"

    def command(self):
        options = ["--root", self.content, "--listen", self.address, "--access-log", "none"]
        if not (self.accounts and self.pki):
            options.append("--insecure")
        if self.accounts:
            options += ["--users", htpasswd(self.folder, self.accounts), "--basic"]
        if self.tokens:
            options += ["--token-realm", self.tokens.realm, "--token-service", self.tokens.service, "--token-issuer", self.tokens.issuer]
            options += ["--token-keys", self.tokens.certificate]
        if self.pki:
            certificate, key = self.pki.server(self.ip)
            options += ["--tls-certificate", certificate, "--tls-key", key]
            if self.client_certificates:
                options += ["--tls-client-ca", self.pki.ca]
        return [self.program, "serve", *options]

    def forget(self):
        self.close()
        shutil.rmtree(self.content)
        self.start()


KINDS = {kind.kind: kind for kind in (DockerRegistry, HullRegistry)}


def htpasswd(folder, accounts):
    """A file with bcrypt hashes, as every registry reads it."""
    lines = [subprocess.run(["htpasswd", "-Bbn", user, word], capture_output=True, check=True).stdout for user, word in accounts.items()]
    (folder / "htpasswd").write_bytes(b"".join(line.strip() + b"\n" for line in lines))
    return folder / "htpasswd"


def descriptor(kind, data):
    return {"mediaType": kind, "digest": digest(data), "size": len(data)}


def image_of(layers, compress="gzip", config=None, platform=("linux", "amd64"), annotations=None):
    """(manifest, blobs) of an OCI image; `compress` is None, "gzip" or "zstd". The configuration is the first blob."""
    pack = {None: bytes, "gzip": lambda data: gzip.compress(data, mtime=0), "zstd": zstd}[compress]
    packed = [pack(layer) for layer in layers]
    settings = json.loads(config_of(layers, config)) | dict(zip(("os", "architecture", "variant"), platform))
    settings = json.dumps(settings).encode()
    kind = f"{OCI}.layer.v1.tar" + (f"+{compress}" if compress else "")
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": descriptor(f"{OCI}.config.v1+json", settings),
        "layers": [descriptor(kind, blob) for blob in packed],
    }
    if annotations:
        manifest["annotations"] = annotations
    return manifest, [settings, *packed]
