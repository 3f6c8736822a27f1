# SPDX-License-Identifier: Apache-2.0
"""The images that the tests run: a busybox made from the distribution's static binary, a Debian made by mmdebstrap."""
import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

BUSYBOX = "busybox:latest"
DEBIAN = "debian:bookworm"
DEBIAN_APT = "debian:bookworm-apt"
CACHE = Path(os.environ.get("HULL_TEST_CACHE", "/var/tmp/hull-test-cache"))
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\napp:x:1000:1001:app:/home/app:/bin/sh\n"
GROUP = b"root:x:0:\nnogroup:x:65534:\nappgroup:x:1001:\nextra:x:2000:app\n"


def folder(archive, name, mode=0o755, uid=0, gid=0):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, uid, gid
    archive.addfile(entry)


def regular(archive, name, data, mode=0o644, uid=0, gid=0):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.uid, entry.gid = len(data), mode, uid, gid
    archive.addfile(entry, io.BytesIO(data))


def link(archive, name, target, kind=tarfile.SYMTYPE):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = kind, target, 0o777
    archive.addfile(entry)


def tar_of(build):
    """The bytes of the archive that `build(archive)` fills."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        build(archive)
    return buffer.getvalue()


def busybox_tar(more=lambda archive: None, program=Path("/bin/busybox")):
    """A small root file system with every applet, and what `more(archive)` adds. `program`: another machine's busybox."""
    applets = subprocess.run(["/bin/busybox", "--list"], capture_output=True, check=True, text=True).stdout.split()

    def build(archive):
        for name in ("bin", "dev", "etc", "home", "proc", "root", "sys", "usr", "usr/bin", "var"):
            folder(archive, name)
        folder(archive, "tmp", 0o1777)
        regular(archive, "bin/busybox", program.read_bytes(), 0o755)
        for applet in applets:
            if applet != "busybox":
                link(archive, f"bin/{applet}", "busybox")
        regular(archive, "etc/passwd", PASSWD)
        regular(archive, "etc/group", GROUP)
        more(archive)

    return tar_of(build)


def import_busybox(docker, name=BUSYBOX):
    changes = ["CMD [\"sh\"]", "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    options = [part for change in changes for part in ("--change", change)]
    return docker("import", *options, "-", name, stdin=busybox_tar()).out


def apt_sources(suite):
    """deb lines for `suite` from the machine's own apt configuration."""
    lines = []
    for file in [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]:
        if not file.is_file():
            continue
        text = file.read_text()
        for match in re.finditer(rf"^deb(?: \[.*?\])? (\S+) {suite} (.*)$", text, re.M):
            lines.append(f"deb {match[1]} {suite} main")
        for stanza in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^(\w+):\s*(.*)$", stanza, re.M))
            if suite in fields.get("Suites", "").split() and "main" in fields.get("Components", ""):
                lines += [f"deb {uri} {suite} main" for uri in fields["URIs"].split()]
    assert lines, f"this machine's apt sources do not offer {suite}"
    return "\n".join(lines[:1]) + "\n"


def debian_tar(suite="bookworm", variant="essential"):
    """The file with a Debian root file system, as one of mmdebstrap's variants; made once and kept."""
    file = CACHE / (f"debian-{suite}.tar" if variant == "essential" else f"debian-{suite}-{variant}.tar")
    if not file.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{os.getpid()}")
        command = ["mmdebstrap", "--quiet", "--format=tar", f"--variant={variant}", "--dpkgopt=path-exclude=/usr/share/doc/*", suite, str(unfinished), "-"]
        subprocess.run(command, input=apt_sources(suite).encode(), check=True, timeout=600)
        unfinished.rename(file)
    return file


def import_debian(docker, name=DEBIAN, variant="essential"):
    with open(debian_tar(variant=variant), "rb") as file:
        return docker("import", "--change", 'CMD ["bash"]', "-", name, stdin=file, timeout=180).out
