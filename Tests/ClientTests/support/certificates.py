# SPDX-License-Identifier: Apache-2.0
"""A certificate authority that nobody knows, with certificates for servers and clients, made by openssl."""
import subprocess
from pathlib import Path


class Authority:
    """Keys and certificates in `folder`; `ca` is the authority's own certificate."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ca, self.key = self.folder / "ca.crt", self.folder / "ca.key"
        self._openssl("req", "-x509", *_KEY, "-subj", "/CN=a private authority", "-days", "2", "-keyout", self.key, "-out", self.ca)

    def server(self, address):
        """(certificate, key) of a server at an IP address."""
        return self._issue(f"server-{address}", f"subjectAltName=IP:{address}\nextendedKeyUsage=serverAuth")

    def client(self):
        """(certificate, key) of a client."""
        return self._issue("client", "extendedKeyUsage=clientAuth")

    def _issue(self, name, extensions):
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        if not certificate.exists():
            wish, wanted = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
            wanted.write_text(extensions)
            self._openssl("req", *_KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", wish)
            issuer = ("-CA", self.ca, "-CAkey", self.key, "-CAcreateserial")
            self._openssl("x509", "-req", "-in", wish, *issuer, "-days", "2", "-extfile", wanted, "-out", certificate)
        return certificate, key

    def install(self, folder, client=False):
        """Puts the authority's certificate, and a client's, where docker's clients look for those of one registry (certs.d/HOST:PORT)."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.crt").write_bytes(self.ca.read_bytes())
        if client:
            for name, source in zip(("client.cert", "client.key"), self.client()):
                (folder / name).write_bytes(source.read_bytes())

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
