# SPDX-License-Identifier: Apache-2.0
"""What builds give: attestations, the forms of layers, annotations, directories; into registries, archives and files."""
import base64
import gzip
import hashlib
import io
import json
import tarfile

import pytest
from support.images import BUSYBOX
from support.layouts import Layout

pytestmark = [pytest.mark.hull("a client of its own"), pytest.mark.usefixtures("tidy_images")]
FROM = f"FROM {BUSYBOX}\n"
STATUS = "Package: made-up\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: all\n"


@pytest.fixture
def build(hull, tmp_path):
    """build(dockerfile, *flags) builds the directory; gives the result."""
    context = tmp_path / "context"
    context.mkdir()

    def run(text, *flags, code=0, **options):
        (context / "Dockerfile").write_text(text)
        return hull("build", "--progress=plain", *flags, context, code=code, timeout=120, **options)

    run.context = context
    return run


@pytest.fixture
def layout(build, tmp_path):
    """layout(dockerfile, *flags, **attributes) builds into an OCI layout."""

    def run(text, *flags, **attributes):
        path = tmp_path / "image.tar"
        more = "".join(f",{key.replace('_', '-')}={value}" for key, value in attributes.items())
        build(text, "-o", f"type=oci,dest={path}{more}", *flags)
        return Layout(path)

    return run


def config_id(layout):
    return layout.image()[0]["config"]["digest"]


# Attestations


def test_a_whole_provenance_tells_all_but_secrets(layout, build, name):
    (build.context / "file").write_text("x")
    (build.context / "token").write_text("hidden-token")
    text = FROM + "ARG A\nCOPY file /file\nRUN --mount=type=secret,id=token cat /run/secrets/token > /dev/null\n"
    secret = ["--secret", f"id=token,src={build.context}/token"]
    made = layout(text, "-t", name, "--build-arg", "A=argued", "--provenance", "mode=max", *secret)
    statement = made.statements()["https://slsa.dev/provenance/v1"]
    assert [subject["name"] for subject in statement["subject"]] == [f"pkg:docker/{name}@latest?platform=linux%2Famd64"]
    predicate = statement["predicate"]
    request = predicate["buildDefinition"]["externalParameters"]["request"]
    assert request["args"]["build-arg:A"] == "argued" and request["frontend"] == "dockerfile.v0"
    assert [secret["id"] for secret in request["secrets"]] == ["token"] and {"name": "context"} in request["locals"]
    dependencies = predicate["buildDefinition"]["resolvedDependencies"]
    assert dependencies[0]["uri"].startswith("pkg:docker/busybox") and len(dependencies[0]["digest"]["sha256"]) == 64
    steps = predicate["buildDefinition"]["internalParameters"]["buildConfig"]["llbDefinition"]
    assert any(step["op"]["Op"].get("exec", {}).get("meta", {}).get("args", [""])[-1].startswith("cat /run/secrets") for step in steps)
    source = predicate["runDetails"]["metadata"]["buildkit_metadata"]["source"]
    assert base64.b64decode(source["infos"][0]["data"]).decode().startswith(FROM.strip())
    assert b"hidden-token" not in b"".join(data for path, data in made.files.items())


def test_a_small_provenance_in_the_older_form(layout):
    made = layout(FROM + "ARG A\nRUN true\n", "--build-arg", "A=argued", "--attest", "type=provenance,mode=min,version=v0.2,builder-id=https://here")
    predicate = made.statements()["https://slsa.dev/provenance/v0.2"]["predicate"]
    assert predicate["builder"]["id"] == "https://here" and predicate["buildType"] == "https://mobyproject.org/buildkit@v1"
    assert "argued" not in json.dumps(predicate) and "buildConfig" not in predicate
    assert predicate["metadata"]["completeness"] == {"parameters": False, "environment": True, "materials": False}


def test_the_packages_are_listed(layout, build):
    (build.context / "status").write_text(STATUS)
    python = "usr/lib/python3/dist-packages/thing-2.dist-info"
    text = FROM + f"COPY status /var/lib/dpkg/status\nRUN mkdir -p /{python} && printf 'Name: thing\\nVersion: 2\\n' > /{python}/METADATA\n"
    made = layout(text, "--sbom=true")
    document = made.statements()["https://spdx.dev/Document"]["predicate"]
    assert document["spdxVersion"] == "SPDX-2.3" and document["SPDXID"] == "SPDXRef-DOCUMENT"
    found = {package["name"]: package for package in document["packages"]}
    assert found["made-up"]["versionInfo"] == "1.2-3"
    assert found["made-up"]["externalRefs"][0]["referenceLocator"].startswith("pkg:deb/debian/made-up@1.2-3?arch=all")
    assert found["thing"]["externalRefs"][0]["referenceLocator"] == "pkg:pypi/thing@2"
    listed = {one["relatedSpdxElement"] for one in document["relationships"] if one["relationshipType"] == "CONTAINS"}
    assert found["made-up"]["SPDXID"] in listed


def test_attestations_lie_beside_an_image_that_stays_the_same(build, docker, layout, name):
    text = FROM + "RUN echo same > /same\n"
    build(text, "-t", name)
    plain = docker("images", "-q", "--no-trunc", name).out
    build(text, "-t", name, "--provenance=mode=max", "--sbom=true")
    assert docker("images", "-q", "--no-trunc", name).out == plain
    assert docker("run", "--rm", name, "cat", "/same").out == "same"
    assert config_id(layout(text)) == plain
    inline = layout(text, "--attest", "type=provenance,inline-only=true")
    assert inline.statements() == {} and config_id(inline) == plain
    assert layout(text, "--provenance=false").statements() == {}
    legacy = layout(text, "--sbom=true", oci_artifact="false")
    beside = legacy.document(legacy.top["manifests"][1])
    assert beside["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json" and "subject" not in beside
    assert len(legacy.statements()) == 1


def test_files_have_their_attestations_beside_them(build, tmp_path):
    (build.context / "status").write_text(STATUS)
    text = "FROM scratch\nCOPY status /var/lib/dpkg/status\n"
    out = tmp_path / "out"
    build(text, "-o", f"type=local,dest={out},attestation-prefix=about-", "--provenance=true", "--sbom=true")
    provenance = json.loads((out / "about-provenance.json").read_text())
    packages = json.loads((out / "about-sbom.spdx.json").read_text())
    expected = [{"name": "var/lib/dpkg/status", "digest": {"sha256": hashlib.sha256(STATUS.encode()).hexdigest()}}]
    assert provenance["subject"] == packages["subject"] == expected
    assert [package["name"] for package in packages["predicate"]["packages"]][1:] == ["made-up"]
    archive = build(text, "-o", "type=tar,dest=-", "--provenance=mode=min").stdout
    names = tarfile.open(fileobj=io.BytesIO(archive)).getnames()
    assert "provenance.json" in names and "var/lib/dpkg/status" in names
    archive = build(text, "-o", "type=tar,dest=-").stdout
    assert "provenance.json" not in tarfile.open(fileobj=io.BytesIO(archive)).getnames()


def test_a_saved_and_loaded_image_keeps_its_attestations(build, docker, tmp_path, name):
    build(FROM + "RUN true\n", "-t", name, "--provenance=mode=min")
    docker("save", "-o", tmp_path / "saved.tar", name)
    assert list(Layout(tmp_path / "saved.tar").statements()) == ["https://slsa.dev/provenance/v1"]


# Layers


@pytest.mark.parametrize("compression, suffix", [("uncompressed", "tar"), ("gzip", "tar+gzip"), ("zstd", "tar+zstd"), (None, "tar+gzip")])
def test_layers_have_the_wanted_form_and_the_image_stays_the_same(layout, build, docker, name, compression, suffix):
    text = FROM + "RUN echo made > /made\n"
    build(text, "-t", name)
    options = {"compression": compression, "force_compression": "true"} if compression else {}
    made = layout(text, **options)
    assert config_id(made) == docker("images", "-q", "--no-trunc", name).out
    types = [layer["mediaType"].rsplit(".", 1)[1] for layer in made.image()[0]["layers"]]
    assert types == [suffix] * len(types)
    magic = {"tar": b"", "tar+gzip": b"\x1f\x8b", "tar+zstd": b"\x28\xb5\x2f\xfd"}[suffix]
    assert all(made.blob(layer).startswith(magic) for layer in made.image()[0]["layers"])


def test_the_level_counts_and_the_same_build_gives_the_same_bytes(layout):
    text = FROM + "RUN cp /bin/busybox /again\n"
    sizes = {level: layout(text, compression="gzip", compression_level=level).image()[0]["layers"][-1] for level in (1, 9)}
    assert sizes[9]["size"] < sizes[1]["size"]
    assert layout(text, compression="gzip", compression_level=9).image()[0]["layers"][-1] == sizes[9]


def test_times_of_new_layers_are_clamped(layout, build, docker, name):
    text = FROM + "RUN echo made > /made && touch -d @1000 /old\n"
    plain, made = layout(text), layout(text, "--build-arg", "SOURCE_DATE_EPOCH=1000000000", rewrite_timestamp="true")
    layers = made.image()[0]["layers"]
    assert layers[:-1] == plain.image()[0]["layers"][:-1]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(made.blob(layers[-1])))) as archive:
        times = {member.name: member.mtime for member in archive}
    assert times["made"] == 1000000000 and times["old"] == 1000
    config = made.document(made.image()[0]["config"])
    assert config["created"] == "2001-09-09T01:46:40Z"
    assert config["rootfs"]["diff_ids"][-1] == "sha256:" + hashlib.sha256(gzip.decompress(made.blob(layers[-1]))).hexdigest()
    build(text, "-t", name, "--build-arg", "SOURCE_DATE_EPOCH=1000000000", "-o", "type=image,rewrite-timestamp=true")
    assert docker("images", "-q", "--no-trunc", name).out == config_id(made)
    assert docker("run", "--rm", name, "stat", "-c", "%Y", "/made").out == "1000000000"


def test_docker_types_are_dockers(layout):
    made = layout(FROM + "RUN true > /x\n", oci_mediatypes="false")
    manifest, _ = made.image()
    kinds = {manifest["mediaType"], manifest["config"]["mediaType"], *[layer["mediaType"] for layer in manifest["layers"]]}
    assert all(kind.startswith("application/vnd.docker.") for kind in kinds)


# Documents


def test_annotations_are_where_they_belong(layout):
    made = layout(
        FROM, "--annotation", "a=1", "--annotation", "index,manifest-descriptor[linux/amd64]:b=2", "--provenance=mode=min", **{"annotation-manifest.c": "3"}
    )
    manifest, descriptor = made.image()
    assert manifest["annotations"] == {"a": "1", "c": "3"} and descriptor["annotations"] == {"b": "2"} and made.top["annotations"] == {"b": "2"}


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--sbom", "generator=docker/scanner"], "cannot be run"),
        (["--attest", "type=unheard"], "unknown attestation type"),
        (["--provenance", "mode=large"], "use min or max"),
        (["-o", "type=image,compression=estargz"], "not supported"),
        (["-o", "type=image,push=perhaps"], "non-bool"),
        (["--annotation", "index:a=1"], "single platform"),
        (["--annotation", "manifest[linux/riscv64]:a=1"], "no platform"),
        (["--provenance", "mode=max", "-o", "type=image,oci-mediatypes=false"], "oci-mediatypes=false"),
        (["--build-context", "x=oci-layout:///nowhere"], "not a directory"),
    ],
)
def test_what_makes_no_sense_is_told(build, flags, message):
    assert message in build(FROM, *flags, code=1).err


# Layouts


def test_a_layout_is_a_directory_and_a_context(build, docker, tmp_path, name):
    folder = tmp_path / "layout"
    build(FROM + "ENV colour=blue\nRUN echo from the layout > /from\n", "-t", "inner:v1", "-o", f"type=oci,tar=false,dest={folder}", "--provenance=mode=min")
    made = Layout(folder)
    assert len(made.statements()) == 1 and json.loads(made.files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    for address in (f"{folder}", f"{folder}:v1", f"{folder}@{made.root['digest']}"):
        said = build("FROM base\nRUN echo $colour $(cat /from)\nCOPY --from=base /from /again\n", "--build-context", f"base=oci-layout://{address}", "--no-cache")
        assert "blue from the layout" in said.err
    assert "no image is called" in build("FROM base\n", "--build-context", f"base=oci-layout://{folder}:v2", code=1).err
    out = tmp_path / "out"
    build("FROM base\n", "--build-context", f"base=oci-layout://{folder}", "-o", f"type=local,dest={out}", "--provenance=mode=max")
    dependencies = json.loads((out / "provenance.json").read_text())["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert dependencies[0]["uri"].startswith("pkg:oci/base") and dependencies[0]["digest"]["sha256"] == made.root["digest"].split(":")[1]


# Registries


def test_a_pushed_build_has_gzip_layers_and_its_attestations(build, docker, registry, tmp_path, name):
    reference = f"{registry.address}/tests/{name}:one"
    meta = tmp_path / "meta"
    build(FROM + "RUN echo pushed > /pushed\n", "-t", reference, "--push", "--provenance=mode=max", "--metadata-file", meta)
    index, digest = registry.manifest(f"tests/{name}", "one")
    assert json.loads(meta.read_text())["containerimage.digest"] == digest
    assert len(index["manifests"]) == 2
    image, _ = registry.manifest(f"tests/{name}", index["manifests"][0]["digest"])
    assert image["layers"][-1]["mediaType"].endswith("tar+gzip")
    beside, _ = registry.manifest(f"tests/{name}", index["manifests"][1]["digest"])
    assert beside["artifactType"] == "application/vnd.docker.attestation.manifest.v1+json"
    assert all(registry.has_blob(f"tests/{name}", layer["digest"]) for layer in beside["layers"])
    docker("rmi", "-f", reference, code=None)
    docker("pull", reference)
    assert docker("run", "--rm", reference, "cat", "/pushed").out == "pushed"


def test_a_build_is_pushed_under_its_digest_alone(build, docker, registry, tmp_path, name):
    repository = f"{registry.address}/tests/{name}"
    meta = tmp_path / "meta"
    output = f"type=image,name={repository},push=true,push-by-digest=true,store=false,compression=zstd"
    build(FROM + "RUN echo digested > /made\n", "-o", output, "--metadata-file", meta)
    digest = json.loads(meta.read_text())["containerimage.digest"]
    manifest, _ = registry.manifest(f"tests/{name}", digest)
    assert manifest["layers"][-1]["mediaType"].endswith("tar+zstd")
    assert name not in docker("images").out
    assert docker("run", "--rm", f"{repository}@{digest}", "cat", "/made").out == "digested"


def test_names_by_digest_are_given(build, docker, name):
    text = FROM + "RUN echo named > /made\n"
    build(text, "-o", f"type=image,name={name},name-canonical=true")
    build(text, "-o", f"type=image,dangling-name-prefix=dangling-{name}")
    listed = docker("images", "--digests", "--format", "{{.Repository}} {{.Digest}}").lines
    assert {line.split()[0] for line in listed if "sha256:" in line} >= {name, f"dangling-{name}"}
