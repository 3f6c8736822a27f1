# SPDX-License-Identifier: Apache-2.0
"""A token server as the distribution project specifies it: bearer tokens (JWT, RS256) for those who know a password, signed by openssl."""
import json
import subprocess
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse


class TokenServer:
    """Listens at 127.0.0.1:`port` of `host`. Without an account one may pull, with one of `accounts` (passwords by user) do everything.

    `asked` are the scopes so far, their actions sorted, with the user, None for nobody."""

    issuer, service = "token server of a test", "registry of a test"

    def __init__(self, host, folder, accounts, port=5090, lifetime=300):
        self.folder, self.accounts, self.lifetime = Path(folder), accounts, lifetime
        self.folder.mkdir(parents=True, exist_ok=True)
        self.asked = []
        self.certificate, self.key = self.folder / "token.crt", self.folder / "token.key"
        subject = ("-subj", "/CN=tokens", "-days", "2", "-keyout", self.key, "-out", self.certificate)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject], check=True, capture_output=True)
        self.realm = f"http://127.0.0.1:{port}/token"
        with host.inside():
            self.server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def token(self, user, scopes):
        """A token for what may be done of the wished scopes."""
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":", 1)[0], scope.split(":", 1)[1].rsplit(":", 1)[0], scope.rsplit(":", 1)[1].split(",")
            access.append({"type": kind, "name": name, "actions": [action for action in actions if user or action == "pull"]})
        now = int(time.time())
        chain = "".join(self.certificate.read_text().strip().splitlines()[1:-1])
        claims = {"iss": self.issuer, "sub": user or "", "aud": self.service, "iat": now, "nbf": now - 5, "exp": now + self.lifetime, "jti": str(time.time_ns())}
        body = f"{_part({'typ': 'JWT', 'alg': 'RS256', 'x5c': [chain]})}.{_part(claims | {'access': access})}"
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=body.encode(), capture_output=True, check=True).stdout
        return f"{body}.{_encoded(signed)}"


def _sorted(scope):
    place, _, actions = scope.rpartition(":")
    return f"{place}:{','.join(sorted(actions.split(',')))}"


def _encoded(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(value):
    return _encoded(json.dumps(value).encode())


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            query = parse_qs(urlparse(self.path).query)
            self._answer(self._basic(), [scope for text in query.get("scope", []) for scope in text.split(" ")])

        def do_POST(self):
            """Docker's clients ask this way first (OAuth2); what the answer 404 tells them is to ask with GET."""
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._send(404, {})

        def _basic(self):
            kind, _, word = self.headers.get("Authorization", "").partition(" ")
            return b64decode(word).decode().split(":", 1) if kind == "Basic" else None

        def _answer(self, account, scopes):
            if account and server.accounts.get(account[0]) != account[1]:
                self._send(401, {"details": "incorrect username or password"})
                return
            user = account[0] if account else None
            server.asked.append((user, [_sorted(scope) for scope in scopes]))
            self._send(200, {"token": server.token(user, scopes), "expires_in": server.lifetime})

        def _send(self, status, value):
            data = json.dumps(value).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler
