# SPDX-License-Identifier: Apache-2.0
"""Git repositories, and a web server that gives them through git's own http-backend."""
import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BACKEND = "/usr/lib/git-core/git-http-backend"
IDENTITY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "t"), ("EMAIL", "t@example.org"), ("DATE", "1700000000 +0000"))}


class Repository:
    """A repository with a work tree at `place`, whose bare half is served as `place`.git."""

    def __init__(self, place):
        self.place = place
        place.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", ".")

    def git(self, *arguments):
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"} | IDENTITY
        done = subprocess.run(["git", *arguments], cwd=self.place, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, files, message="a commit"):
        """Writes files and commits them; gives the commit."""
        for path, text in files.items():
            (self.place / path).parent.mkdir(parents=True, exist_ok=True)
            (self.place / path).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


class GitServer:
    """Serves the repositories below a folder at `http://127.0.0.1:PORT/NAME.git` on a host. With `authorization` only who sends that header may read."""

    def __init__(self, host, folder, authorization=None):
        self.folder, self.authorization, self.requests = folder, authorization, []
        with host.inside():
            self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _handler(outer):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                sent = self.headers.get("Authorization")
                outer.requests.append((self.path, sent))
                if outer.authorization and sent != outer.authorization:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", "Basic realm=git")
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                outer._answer(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        return Handler

    def _answer(self, request):
        path, _, query = request.path.partition("?")
        environment = {
            **{"PATH": "/usr/bin:/bin", "GIT_PROJECT_ROOT": str(self.folder), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_ADDR": "127.0.0.1"},
            **{"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*", "HOME": "/nonexistent"},
            **{"REQUEST_METHOD": request.command, "PATH_INFO": path.replace(".git/", "/.git/", 1), "QUERY_STRING": query},
            **{"CONTENT_TYPE": request.headers.get("Content-Type", ""), "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", "")},
            **{"HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""), "GIT_PROTOCOL": request.headers.get("Git-Protocol", "")},
        }
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0)) if request.headers.get("Transfer-Encoding") != "chunked" else _chunks(request.rfile)
        done = subprocess.run([BACKEND], env=environment, input=body, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
        request.send_response(status)
        for name, value in fields:
            if name not in ("Status", "Content-Length"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def _chunks(stream):
    body = b""
    while size := int(stream.readline().split(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


def token(secret):
    """The header that stands for GIT_AUTH_TOKEN."""
    return "basic " + base64.b64encode(f"x-access-token:{secret}".encode()).decode()


def available():
    return os.access(BACKEND, os.X_OK)
