# SPDX-License-Identifier: Apache-2.0
"""The hub's page in a real browser: search, open a tag, copy the command to pull."""
import json
import os
import shutil

import pytest
from support.browser import Browser
from support.registry import OCI_INDEX, OCI_MANIFEST, Registry, descriptor, digest, image, skopeo

pytestmark = pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")

EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
STEPS = [
    ("ADD rootfs.tar.xz / # buildkit", 29_100_000),
    ("ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", None),
    ("RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends ca-certificates libpq5 && rm -rf /var/lib/apt/lists/* # buildkit", 8_400_000),
    ("COPY --from=build /out/shop /usr/local/bin/shop # buildkit", 17_250_000),
    ("COPY assets /srv/assets # buildkit", 3_100_000),
    ("EXPOSE 8080/tcp", None),
    ("USER shop", None),
    ('ENTRYPOINT ["/usr/local/bin/shop"]', None),
    ('CMD ["serve" "--port" "8080"]', None),
]
CATALOG = {
    "library/postgres": "PostgreSQL with the extensions that the team uses",
    "library/python": "Python 3.13 on Debian, with uv",
    "library/nginx": "nginx with brotli, behind everything that listens on port 443",
    "platform/builder": "The toolchains of the continuous integration",
    "platform/observability/collector": "Collects traces and metrics and sends them on",
    "shop/frontend": "The shop window, as static files",
    "tools/release-notes": "Writes release notes from merged changes",
}


def config(architecture, description, steps):
    layers = [name for name, size in steps if size]
    return {
        "architecture": architecture, "os": "linux", "created": "2026-11-27T09:30:00Z",
        "config": {
            "Entrypoint": ["/usr/local/bin/shop"], "Cmd": ["serve", "--port", "8080"], "User": "shop", "WorkingDir": "/srv", "ExposedPorts": {"8080/tcp": {}},
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "SHOP_TOKEN=secret"], "Labels": {"org.opencontainers.image.description": description, "team": "checkout"},
        },
        "rootfs": {"type": "layers", "diff_ids": [digest(name.encode()) for name in layers]},
        "history": [{"created": "2026-11-27T09:30:00Z", "created_by": name, **({} if size else {"empty_layer": True})} for name, size in steps],
    }  # fmt: skip


def push(registry, name, tag, description, steps, architectures=("amd64",)):
    """An index over images of real layers of the sizes that the steps say."""
    entries = []
    for architecture in architectures:
        content = json.dumps(config(architecture, description, steps)).encode()
        registry.blob(name, content)
        layers = []
        for step, size in steps:
            if size:
                layer = (step.encode() + b"\0" * size)[:size]
                registry.blob(name, layer)
                layers.append(descriptor(layer, "application/vnd.oci.image.layer.v1.tar"))
        manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(content, "application/vnd.oci.image.config.v1+json"), "layers": layers}).encode()
        registry.manifest(name, digest(manifest), manifest)
        variant = {"variant": "v8"} if architecture == "arm64" else {}
        entries.append(descriptor(manifest, OCI_MANIFEST, platform={"os": "linux", "architecture": architecture, **variant}))
    registry.manifest(name, tag, json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode(), OCI_INDEX)


@pytest.fixture(scope="module")
def hub(machine):
    # A picture for the documentation shows the port that people know.
    with Registry(port=5000 if os.environ.get("HULL_SCREENSHOTS") else None) as registry:
        for name, description in CATALOG.items():
            push(registry, name, "1.0", description, [("ADD rootfs.tar / # buildkit", 1_000_000 + 40_000 * len(description))])
        for tag in ("2.3", "2.4", "latest"):
            push(registry, "shop/api", tag, "Orders, payments and the warehouse, over HTTP and gRPC", STEPS, ("amd64", "arm64"))
        if not os.environ.get("HULL_SCREENSHOTS"):
            push(registry, "evil/app", "x", EVIL, [(EVIL, 10)])
        folder = registry.directory / "layout"
        skopeo("copy", "--src-tls-verify=false", f"docker://{registry.host}/library/python:1.0", f"oci:{folder}:1")
        skopeo("copy", "--dest-tls-verify=false", f"oci:{folder}:1", f"docker://{registry.host}/tools/by-skopeo:v1")
        subject = registry("GET", "/v2/shop/api/manifests/latest").body
        about = {"mediaType": OCI_INDEX, "digest": digest(subject), "size": len(subject)}
        bill = image(registry, "shop/api", b"packages", artifactType="application/spdx+json", subject=about)
        registry.manifest("shop/api", digest(bill), bill)
        yield registry


@pytest.fixture
def browser():
    with Browser() as browser:
        yield browser
        assert not [message for message in browser.messages if "favicon" not in json.dumps(message)], browser.messages


def url(hub, path=""):
    return f"http://{hub.host}/{path}"


def test_search_open_a_tag_and_copy_the_command(hub, browser):
    browser.open(url(hub))
    browser.wait("document.querySelectorAll('.card').length >= 9")
    browser.press("/", 191)
    browser.wait("document.activeElement.id === 'search'")
    browser.type("warehouse")
    browser.wait("document.querySelectorAll('.card').length === 1")
    assert browser.run("document.querySelector('.card strong').textContent") == "shop/api"
    browser.click(".card")
    browser.wait("document.querySelector('h1')?.textContent === 'shop/api'")
    assert browser.run("[...document.querySelectorAll('a.tag')].map(e => e.textContent)") == ["latest", "2.4", "2.3"]
    browser.click("a.tag[href$='2.4']")
    browser.wait("document.querySelectorAll('.layers li').length > 3")
    assert browser.run("[...document.querySelectorAll('.layers .what b')].map(e => e.textContent)") == [step.split(" ")[0] for step, _ in STEPS]
    assert "SHOP_TOKEN" in browser.run("document.body.textContent")
    assert "secret" not in browser.run("document.body.textContent")
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.click("#copy")
    browser.wait("document.querySelector('#toast').classList.contains('shown')")
    assert browser.run("navigator.clipboard.readText()") == f"docker pull {hub.host}/shop/api:2.4"
    # The command does what it says.
    assert json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{hub.host}/shop/api:2.4").stdout)["Architecture"] == "amd64"
    if folder := os.environ.get("HULL_SCREENSHOTS"):
        browser.open(url(hub, "r/shop/api:latest"), height=1500)
        browser.wait("document.querySelectorAll('.layers li').length > 3")
        browser.screenshot(f"{folder}/hub.png")
        browser.open(url(hub), dark=True)
        browser.wait("document.querySelectorAll('.card').length >= 9")
        browser.screenshot(f"{folder}/hub-list.png")


def test_the_keyboard_alone_is_enough(hub, browser):
    browser.open(url(hub))
    browser.wait("document.querySelectorAll('.card').length >= 9")
    browser.press("ArrowDown", 40)
    browser.press("ArrowDown", 40)
    second = browser.run("document.activeElement.querySelector('strong').textContent")
    browser.press("Enter", 13)
    browser.wait(f"document.querySelector('h1')?.textContent === {json.dumps(second)}")
    browser.run("history.back()")
    browser.wait("document.querySelectorAll('.card').length >= 9")


def test_platforms_and_what_is_attached(hub, browser):
    browser.open(url(hub, "r/shop/api:latest"))
    browser.wait("document.querySelector('.layers')")
    assert browser.run("[...document.querySelectorAll('[aria-label=Platform] button')].map(e => e.textContent)") == ["linux/amd64", "linux/arm64/v8"]
    browser.click("[aria-label=Platform] button:nth-child(2)")
    browser.wait("[...document.querySelectorAll('.facts .big')].some(e => e.textContent === 'linux/arm64/v8')")
    assert "application/spdx+json" in browser.run("document.body.textContent")
    widths = browser.run("[...document.querySelectorAll('.bar i')].map(e => parseFloat(e.style.width))")
    assert max(widths) == 100 and sorted(widths)[0] < 15


def test_what_an_image_says_is_never_markup(hub, browser):
    for path in ("", "r/evil/app", "r/evil/app:x", "?q=%3Cimg"):
        browser.open(url(hub, path))
        browser.wait("document.querySelector('#main').textContent.length > 20")
        assert browser.run("window.hacked") is None
        assert browser.run("document.querySelectorAll('#main img, #main script').length") == 0


def test_the_page_allows_nothing_from_elsewhere(hub):
    page = hub("GET", "/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert b"http://" not in page.body.replace(b"http://www.w3.org/2000/svg", b"")


def test_search_as_docker_asks_it(hub):
    found = hub("GET", "/v1/search?q=shop&n=5").json()
    assert found["num_results"] == 2
    assert [result["name"] for result in found["results"]] == ["shop/api", "shop/frontend"]
    assert found["results"][1] == {"name": "shop/frontend", "description": CATALOG["shop/frontend"], "star_count": 0, "is_official": False, "is_automated": False}
    assert hub("GET", "/v1/_ping").json() == {"standalone": True}
