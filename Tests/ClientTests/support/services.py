# SPDX-License-Identifier: Apache-2.0
"""An image with nginx, PostgreSQL and their clients from the distribution's packages, and clients for the tests themselves."""
import http.client
import os
import socket
import subprocess

import pg8000.native

from .engine import KIND
from .hosts import Namespace, family_of
from .images import CACHE, apt_sources

SERVICES = "services:latest"
PACKAGES = ("curl", "nginx-light", "postgresql")
PASSWORD = "secret"
# Packages of the machine's own suite that the image lacks, by what its dpkg says it has.
INSTALL = """set -e
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/dev/null install /debs/*.deb"""
NGINX = """cat > /etc/nginx/sites-enabled/default <<'END'
server { listen 80; listen [::]:80; root /srv; location = /who { return 200 "$remote_addr $server_addr\\n"; } }
END
head -c 30000000 /dev/urandom > /srv/big
exec nginx -g 'daemon off; error_log stderr;'"""
POSTGRES = f"""set -e
version=$(ls /etc/postgresql)
settings=/etc/postgresql/$version/main data=/var/lib/postgresql/$version/main
echo 'host all all all scram-sha-256' >> $settings/pg_hba.conf
run() {{ exec setpriv --reuid=postgres --regid=postgres --init-groups /usr/lib/postgresql/$version/bin/postgres "$@"; }}
test -e $data/../named || echo "ALTER USER postgres PASSWORD '{PASSWORD}'" | (run --single -D $data -c config_file=$settings/postgresql.conf postgres) > /dev/null
touch $data/../named
run -D $data -c config_file=$settings/postgresql.conf -c 'listen_addresses=*' -c unix_socket_directories= -c fsync=off -c ssl=off"""


def make_services_image(engine):
    """Gives `engine` the image SERVICES from a root file system that is made once and kept."""
    file = services_tar() if KIND == "docker" else services_tar_by(engine)
    with open(file, "rb") as archive:
        engine.docker("import", "-", SERVICES, stdin=archive, timeout=180)


def services_tar_by(engine):
    """The file with what `hull image bootstrap debian` makes and a container installs the packages on."""
    file = CACHE / "services-by-hull.tar"
    if file.exists():
        return file
    engine.hull("image", "bootstrap", "debian", "--tag", "debian:own", timeout=400)
    (engine.directory / "status").write_bytes(engine.docker("run", "--rm", "debian:own", "cat", "/var/lib/dpkg/status").stdout)
    debs = missing_packages(engine.directory)
    engine.docker("run", "--name", "made", "--network", "none", "-v", f"{debs}:/debs:ro", "debian:own", "sh", "-c", INSTALL, timeout=400)
    CACHE.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}")
    engine.docker("export", "-o", unfinished, "made", timeout=180)
    engine.docker("rm", "made")
    engine.docker("rmi", "debian:own")
    unfinished.rename(file)
    return file


def missing_packages(directory):
    """The folder with every package file that an image with `directory`/status needs for PACKAGES."""
    debs = directory / "debs"
    (debs / "partial").mkdir(parents=True)
    options = [f"Dir::State::status={directory}/status", f"Dir::Cache::archives={debs}", "APT::Sandbox::User=root", "Debug::NoLocking=1"]
    command = ["apt-get", "-qq", "-y", "--no-install-recommends", "--download-only", *(part for one in options for part in ("-o", one))]
    subprocess.run([*command, "install", *PACKAGES], check=True, timeout=400, capture_output=True)
    return debs


def services_tar(suite="bookworm"):
    """The same as a file, made once and kept, for an engine that cannot make it itself."""
    file = CACHE / f"services-{suite}.tar"
    if not file.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(f".{os.getpid()}")
        command = ["mmdebstrap", "--quiet", "--format=tar", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, str(unfinished), "-"]
        subprocess.run(command, input=apt_sources(suite).encode(), check=True, timeout=600)
        unfinished.rename(file)
    return file


class _Connection(http.client.HTTPConnection):
    def __init__(self, where, address, port):
        super().__init__(f"[{address}]" if ":" in address else address, port, timeout=20)
        self.where, self.address = where, address

    def connect(self):
        self.sock = self.where.socket(family_of(self.address), socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect((self.address, self.port))


def get(where: Namespace, address, path="/who", port=80):
    """The body that a web server answers."""
    connection = _Connection(where, address, port)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        return answer.read()
    finally:
        connection.close()


def connect(where: Namespace, address, port=5432):
    """A session with PostgreSQL."""
    with where.inside():
        return pg8000.native.Connection("postgres", host=address, port=port, password=PASSWORD, timeout=10)


def sql(where: Namespace, address, statement, port=5432):
    """The rows that PostgreSQL gives."""
    connection = connect(where, address, port)
    try:
        return connection.run(statement)
    finally:
        connection.close()
