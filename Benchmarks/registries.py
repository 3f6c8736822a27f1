# SPDX-License-Identifier: Apache-2.0
"""Debian's docker-registry on the loopback of an engine's network, and the two images that are moved."""
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CACHE = Path(os.environ.get("HULL_BENCH_CACHE", "/var/tmp/hull-bench-cache"))
# Mebibytes of files in each layer: a base, packages on it, an application that is built in steps; a large program on its libraries.
IMAGES = {"100 MB in 8 layers": (40, 22, 14, 10, 6, 4, 3, 1), "600 MB in 3 layers": (120, 360, 120)}
SOURCES = ("/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/python3", "/usr/share")
OCI = "application/vnd.oci.image"


class Registry:
    """A registry without accounts at 127.0.0.1:`port` of the engine's network, with nothing in it."""

    def __init__(self, engine, port):
        self.address = f"127.0.0.1:{port}"
        self.folder = engine.folder / f"registry-{port}"
        self.content = self.folder / "content"
        self.enter = ["nsenter", "-t", str(engine.host), "-n", "--"]
        self.folder.mkdir()
        settings = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.content)}},
            "http": {"addr": self.address},
        }
        (self.folder / "config.yml").write_text(json.dumps(settings))
        log = open(self.folder / "log", "wb")
        command = [*self.enter, "docker-registry", "serve", self.folder / "config.yml"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while not self._listens(port):
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"docker-registry did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def _listens(self, port):
        shown = subprocess.run([*self.enter, "ss", "-Hltn", f"sport = :{port}"], capture_output=True, check=True)
        return bool(shown.stdout)

    def fill(self, layout, name):
        """Puts an OCI layout there as it is."""
        command = ["skopeo", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", f"oci:{layout}:latest", f"docker://{self.address}/{name}"]
        subprocess.run([*self.enter, *command], check=True)

    def empty(self):
        """Forgets every repository and blob."""
        shutil.rmtree(self.content, ignore_errors=True)

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def layouts():
    """The images as OCI layouts by name, made once from this machine's own programs, libraries and texts, and kept."""
    files = _files()
    return {name: _layout(CACHE / f"image-{name.split()[0]}-{len(sizes)}", sizes, files) for name, sizes in IMAGES.items()}


def _files():
    """Every file of the sources in an order that mixes large and small, text and code, without an end."""
    found = []
    for source in SOURCES:
        for folder, _, names in os.walk(source):
            paths = [os.path.join(folder, name) for name in names]
            found += [path for path in paths if not path.endswith(".gz") and os.path.isfile(path) and not os.path.islink(path)]
    found = random.Random(4).sample(sorted(found), len(found))
    number = 0
    while True:
        yield from ((path, f"{number}{path}" if number else path[1:]) for path in found)
        number += 1


def _layout(folder, sizes, files):
    contents = [_take(files, size << 20) for size in sizes]
    if folder.exists():
        return folder
    making = folder.with_name(f".{folder.name}-{os.getpid()}")
    blobs = making / "blobs/sha256"
    blobs.mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        layers = list(pool.map(lambda numbered: _layer(blobs, *numbered), enumerate(contents)))
    _describe(making, blobs, layers)
    making.rename(folder)
    return folder


def _take(files, size):
    """The next files that fit, up to that size together."""
    taken = []
    while size > 65536:
        path, name = next(files)
        if os.path.getsize(path) <= size:
            taken.append((path, name))
            size -= os.path.getsize(path)
    return taken


class _Hashing:
    """A file that knows the digest and the length of what was written."""

    def __init__(self, file):
        self.file, self.hash, self.size = file, hashlib.sha256(), 0

    def write(self, data):
        self.hash.update(data)
        self.size += len(data)
        return self.file.write(data)

    def flush(self):
        self.file.flush()

    @property
    def digest(self):
        return f"sha256:{self.hash.hexdigest()}"


def _layer(blobs, number, content):
    """Writes a layer with the folders of its files; gives (diff ID, descriptor)."""
    part = blobs / f".{number}"
    with open(part, "wb") as file:
        packed = _Hashing(file)
        with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=6, mtime=0) as zipped:
            plain = _Hashing(zipped)
            with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                _pack(archive, content)
    part.rename(blobs / packed.digest[7:])
    return plain.digest, {"mediaType": f"{OCI}.layer.v1.tar+gzip", "digest": packed.digest, "size": packed.size}


def _pack(archive, content):
    folders = {str(parent) for _, name in content for parent in Path(name).parents} - {"."}
    entries = [(name, None) for name in folders] + [(name, path) for path, name in content]
    for name, path in sorted(entries):
        entry = tarfile.TarInfo(name)
        entry.mtime = 1_700_000_000
        if path is None:
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        else:
            data = Path(path).read_bytes()
            entry.size, entry.mode = len(data), os.stat(path).st_mode & 0o777
            archive.addfile(entry, io.BytesIO(data))


def _describe(layout, blobs, layers):
    """The configuration, the manifest and the index around the layers."""
    history = [{"created": "2026-01-01T00:00:00Z", "created_by": f"step {number}"} for number, _ in enumerate(layers)]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["true"]},
        "rootfs": {"type": "layers", "diff_ids": [diff for diff, _ in layers]},
        "history": history,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": _blob(blobs, f"{OCI}.config.v1+json", config),
        "layers": [descriptor for _, descriptor in layers],
    }
    entry = _blob(blobs, manifest["mediaType"], manifest) | {"annotations": {"org.opencontainers.image.ref.name": "latest"}}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


def _blob(blobs, kind, value):
    data = json.dumps(value).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}
