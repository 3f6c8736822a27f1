# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal: a program behind a pseudo-terminal, keys in, screen out."""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time


class Terminal:
    """Starts `argv` as the foreground session of a new terminal of `rows` × `columns`."""

    def __init__(self, argv, environment, rows=24, columns=80):
        self.master, slave = os.openpty()
        self._size(rows, columns)
        self.process = subprocess.Popen(
            argv, env=environment, stdin=slave, stdout=slave, stderr=slave, close_fds=True, start_new_session=True, preexec_fn=_take_terminal
        )
        os.close(slave)
        self.screen = b""

    def _size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        """Changes the window; the kernel tells the program with SIGWINCH."""
        self._size(rows, columns)

    def send(self, keys):
        os.write(self.master, keys.encode() if isinstance(keys, str) else keys)

    def line(self, text):
        self.send(text + "\r")

    def expect(self, pattern, timeout=15):
        """Reads until `pattern` (a regular expression) shows up; returns the match and forgets what came before its end."""
        pattern = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.S)
        end = time.monotonic() + timeout
        while True:
            match = pattern.search(self.screen)
            if match:
                self.screen = self.screen[match.end() :]
                return match
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"{pattern.pattern!r} did not show up; the screen: {self.screen[-1500:]!r}")

    def sees(self, pattern, timeout):
        """Whether `pattern` shows up within `timeout` seconds."""
        try:
            return self.expect(pattern, timeout)
        except AssertionError:
            return None

    def _read(self, seconds):
        if seconds <= 0 or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # EIO: nobody has the other side open
            return False
        self.screen += piece
        return bool(piece)

    def wait(self, timeout=15):
        """The exit code, reading what is still written meanwhile so that the program can end."""
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"the program did not end; the screen: {self.screen[-1500:]!r}")
            self._read(0.02)
        while self._read(0.02):
            pass
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
