# SPDX-License-Identifier: Apache-2.0
"""The docker command line, pointed at one engine."""
import os
import shutil
import subprocess
from dataclasses import dataclass


@dataclass
class Result:
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self):
        return self.stdout.decode(errors="replace").strip()

    @property
    def err(self):
        return self.stderr.decode(errors="replace").strip()

    @property
    def lines(self):
        return self.out.splitlines()


class CommandLine:
    """Runs one client program with the environment that points it at an engine. Calling it runs a command to its end; `enter` comes before it."""

    def __init__(self, program, environment, enter=()):
        self.program = program
        self.enter = list(enter)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")} | environment

    def __call__(self, *arguments, stdin=b"", code=0, timeout=60, env=None, cwd=None):
        """Returns the Result; fails unless the exit code is `code` (None: any). `stdin` is bytes or an open file."""
        source = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        done = subprocess.run(
            [*self.enter, self.program, *map(str, arguments)], capture_output=True, timeout=timeout, env=self.environment | (env or {}), cwd=cwd, **source
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        if code is not None and result.code != code:
            command = " ".join(map(str, arguments))
            raise AssertionError(f"docker {command}: exit code {result.code}, not {code}\nstdout: {result.out[-2000:]}\nstderr: {result.err[-2000:]}")
        return result

    def start(self, *arguments, **options):
        """Starts a command with its three streams as pipes, or as `options` (of Popen) say."""
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0} | options
        return subprocess.Popen([*self.enter, self.program, *map(str, arguments)], env=self.environment, **options)


def docker_cli(socket, config):
    """The machine's docker client, with a configuration folder of its own."""
    program = shutil.which("docker")
    assert program, "no docker client on PATH: make deps installs one"
    return CommandLine(program, {"DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(config), "DOCKER_CLI_HINTS": "false"})
