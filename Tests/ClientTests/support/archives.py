# SPDX-License-Identifier: Apache-2.0
"""Image archives made by hand: docker-archive and OCI layout, well formed or with one thing wrong."""
import gzip
import hashlib
import io
import json
import tarfile
import subprocess

OCI = "application/vnd.oci.image"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


def config_of(layers, config=None):
    """An image configuration for these uncompressed layer tars."""
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-02T03:04:05Z",
            "config": config or {"Cmd": ["sh"], "Env": ["PATH=/bin:/usr/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
            "history": [{"created": "2026-01-02T03:04:05Z", "created_by": f"step {n}"} for n, _ in enumerate(layers)],
        }
    ).encode()


def pack(files):
    """A tar of (name, bytes) pairs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def docker_archive(layers, tags=("made:latest",), config=None, stored=None):
    """What `docker save` wrote before there was OCI. `stored` are the layers' bytes in the archive when they are not plain tars."""
    settings = config_of(layers, config)
    name = hashlib.sha256(settings).hexdigest() + ".json"
    names = [f"{n}/layer.tar" for n, _ in enumerate(layers)]
    manifest = [{"Config": name, "RepoTags": list(tags), "Layers": names}]
    return pack([(name, settings), *zip(names, stored or layers), ("manifest.json", json.dumps(manifest).encode())])


def oci_files(layers, tag="made:latest", compress=None, config=None):
    """The files of an OCI layout as (name, bytes); `compress` is None, "gzip" or "zstd"."""
    pack_layer = {None: bytes, "gzip": gzip.compress, "zstd": zstd}[compress]
    suffix = f"+{compress}" if compress else ""
    blobs = [pack_layer(layer) for layer in layers]
    settings = config_of(layers, config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": _descriptor(f"{OCI}.config.v1+json", settings),
        "layers": [_descriptor(f"{OCI}.layer.v1.tar{suffix}", blob) for blob in blobs],
    }
    manifest = json.dumps(manifest).encode()
    entry = _descriptor(f"{OCI}.manifest.v1+json", manifest)
    entry["annotations"] = {"io.containerd.image.name": f"docker.io/library/{tag}", "org.opencontainers.image.ref.name": tag.split(":")[1]}
    index = json.dumps({"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [entry]}).encode()
    return [
        ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'),
        ("index.json", index),
        *((f"blobs/sha256/{digest(blob)[7:]}", blob) for blob in [manifest, settings, *blobs]),
    ]


def oci_archive(layers, tag="made:latest", compress=None, config=None):
    return pack(oci_files(layers, tag, compress, config))


def _descriptor(kind, data):
    return {"mediaType": kind, "digest": digest(data), "size": len(data)}
