# SPDX-License-Identifier: Apache-2.0
"""OCI layouts, as builds give them."""
import hashlib
import json
import tarfile

ATTESTATION = "attestation-manifest"


class Layout:
    """An OCI layout, in an archive or a directory."""

    def __init__(self, path):
        self.files = {}
        if path.is_dir():
            self.files = {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
        else:
            with tarfile.open(path) as archive:
                self.files = {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}
        self.root = json.loads(self.files["index.json"])["manifests"][0]

    def blob(self, descriptor):
        data = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert len(data) == descriptor["size"] and hashlib.sha256(data).hexdigest() == descriptor["digest"].split(":")[1]
        return data

    def document(self, descriptor):
        return json.loads(self.blob(descriptor))

    @property
    def top(self):
        return self.document(self.root)

    def image(self):
        """The image's manifest, and its descriptor."""
        if "layers" in self.top:
            return self.top, self.root
        descriptor = next(one for one in self.top["manifests"] if ATTESTATION not in str(one.get("annotations")))
        return self.document(descriptor), descriptor

    def statements(self):
        """{predicate type: statement} of the attestations; checks how they lie there."""
        _, image = self.image()
        beside = [one for one in self.top.get("manifests", []) if ATTESTATION in str(one.get("annotations"))]
        found = {}
        for descriptor in beside:
            assert descriptor["annotations"] == {"vnd.docker.reference.type": ATTESTATION, "vnd.docker.reference.digest": image["digest"]}
            assert descriptor["platform"] == {"architecture": "unknown", "os": "unknown"}
            manifest = self.document(descriptor)
            for layer in manifest["layers"]:
                assert layer["mediaType"] == "application/vnd.in-toto+json"
                statement = self.document(layer)
                assert statement["_type"] == "https://in-toto.io/Statement/v1"
                assert statement["predicateType"] == layer["annotations"]["in-toto.io/predicate-type"]
                assert all(subject["digest"] == {"sha256": image["digest"].split(":")[1]} for subject in statement["subject"])
                found[statement["predicateType"]] = statement
        return found
