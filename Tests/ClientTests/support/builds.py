# SPDX-License-Identifier: Apache-2.0
"""The corpus of Dockerfiles: a folder for each feature, with what must come of it in its expect.json. `builds/README.md` says what may be in there."""
import io
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "builds"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Case:
    """A folder of the corpus."""

    def __init__(self, folder):
        self.folder = folder
        self.expected = json.loads((folder / "expect.json").read_text())

    def prepare(self, place, values):
        """Copies the folder to `place`/context, its web/ to `place`/web, and runs the setup there, with `values` in the environment."""
        context = place / "context"
        shutil.copytree(self.folder, context, symlinks=True, ignore=shutil.ignore_patterns("expect.json"))
        web = place / "web"
        (context / "web").rename(web) if (context / "web").exists() else web.mkdir()
        if "setup" in self.expected:
            lines = self.expected["setup"]
            script = "set -e\n" + "\n".join([lines] if isinstance(lines, str) else lines)
            subprocess.run(["sh", "-c", script], cwd=context, env=SHELL | {"WEB": str(web), "PLACE": str(place)} | values, check=True, timeout=60)
        return context


SHELL = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"} | {
    f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "t"), ("EMAIL", "t@example.org"), ("DATE", "1700000000 +0000"))
}


def cases():
    """Every folder with an expect.json."""
    return [Case(file.parent) for file in sorted(FOLDER.glob("*/expect.json"))]


def steps(progress):
    """What became of the steps, from plain progress: {name: "DONE" | "CACHED" | "ERROR" | "CANCELED"}. Names come without stage and number, too."""
    names, fates = {}, {}
    for line in progress.splitlines():
        match = re.match(r"#(\d+) (.*)", line)
        if not match:
            continue
        number, text = match.groups()
        fate = re.match(r"(DONE|CACHED|ERROR|CANCELED)\b", text)
        if number not in names:
            names[number] = text
        elif fate:
            fates[names[number]] = fate[1]
    return fates | {re.sub(r"^\[[^]]*\d+/\d+\] ", "", name): fate for name, fate in fates.items()}


class Files:
    """The file system of an image, put together from the layers of a `docker save` archive."""

    def __init__(self, archive):
        self.entries, self.contents = {}, {}
        with tarfile.open(fileobj=io.BytesIO(archive)) as saved:
            manifest = json.load(saved.extractfile("manifest.json"))[0]
            self.layers = len(manifest["Layers"])
            for name in manifest["Layers"]:
                with tarfile.open(fileobj=saved.extractfile(name)) as layer:
                    self._add(layer)

    def _add(self, layer):
        """Lays one layer above the others; whiteouts count for what is below it alone."""
        members = list(layer)
        for member in members:
            folder, _, name = self._path(member.name).rpartition("/")
            if name == ".wh..wh..opq":
                self._remove(folder, itself=False)
            elif name.startswith(".wh."):
                self._remove(f"{folder}/{name[4:]}")
        for member in members:
            path = self._path(member.name)
            if path.rpartition("/")[2].startswith(".wh."):
                continue
            if not (member.isdir() and path in self.entries and self.entries[path].isdir()):
                self._remove(path)
            self.entries[path] = member
            if member.isreg():
                self.contents[path] = layer.extractfile(member).read()
            elif member.islnk():
                self.contents[path] = self.contents[self._path(member.linkname)]

    def _remove(self, path, itself=True):
        for table in (self.entries, self.contents):
            for known in [known for known in table if known.startswith(path + "/") or (itself and known == path)]:
                del table[known]

    def _path(self, name):
        return "/" + name.removeprefix("./").strip("/")

    def below(self, folder):
        """The paths below a folder, relative to it."""
        prefix = folder.rstrip("/") + "/"
        return sorted(path[len(prefix) :] for path in self.entries if path.startswith(prefix))

    def check(self, path, expected):
        """Compares one path with what expect.json says of it."""
        entry = self.entries.get(path)
        if expected is None:
            assert entry is None, f"{path} is in the image"
            return
        assert entry is not None, f"{path} is not in the image; beside it: {self.below(path.rpartition('/')[0])[:50]}"
        if isinstance(expected, str):
            expected = {"content": expected}
        elif isinstance(expected, list):
            expected = {"below": expected}
        for key, wanted in expected.items():
            found = self._fact(path, entry, key)
            assert found == wanted, f"{key} of {path}: {found!r}, not {wanted!r}"

    def _fact(self, path, entry, key):
        if key == "content":
            return self.contents[path].decode()
        if key == "below":
            return self.below(path)
        if key == "size":
            return len(self.contents[path])
        kinds = {tarfile.REGTYPE: "file", tarfile.LNKTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "link", tarfile.FIFOTYPE: "fifo"}
        facts = {"mode": f"{entry.mode:04o}", "owner": f"{entry.uid}:{entry.gid}", "mtime": int(entry.mtime), "kind": kinds.get(entry.type), "link": entry.linkname}
        return facts[key]
