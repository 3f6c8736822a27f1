# SPDX-License-Identifier: Apache-2.0
"""docker run -it, exec -it, attach: what a person at a terminal sees."""
import hashlib

import pytest
from support.waiting import until


def await_size(shell, size):
    """The client tells the window's size after the start: a shell may see the old one first."""

    def right():
        shell.line("stty size")
        return shell.expect(r"\r\n(?:\x1b\[\?2004l\r)?(\d+ \d+)\r\n")[1].decode() == size

    until(right, f"the window is {size}")


def test_a_shell_has_job_control_and_follows_the_window(terminal, debian):
    """The issue's first line: a working shell with job control, and the right size after a resize."""
    shell = terminal("run", "-it", "--rm", debian, "bash", "--norc", rows=30, columns=100)
    shell.expect(r"# ")
    await_size(shell, "30 100")
    shell.line("sh -c 'echo is''running; exec sleep 500'")
    shell.expect("isrunning\r\n")
    shell.send("\x1a")
    shell.expect(r"\[1\]\+  Stopped")
    shell.line("bg; jobs")
    shell.expect(r"\[1\]\+  Running .* &\r\n")
    shell.line("fg; true")
    shell.expect(r"sleep 500'\r\n")
    # The shell says which job it resumes before it hands the terminal over: a key in between is its own.
    until(lambda: shell.send("\x03") or shell.sees(r"\^C.*# ", 1), "the interrupt ends the foreground job")
    shell.resize(50, 132)
    await_size(shell, "50 132")
    shell.line("tty; echo code=$?")
    shell.expect(r"/dev/(pts/0|console)\r\ncode=0")
    shell.line("exit 3")
    assert shell.wait() == 3


def test_a_full_screen_program_is_told_of_a_resize(terminal, debian):
    shell = terminal("run", "-it", "--rm", debian, "bash", "--norc")
    shell.expect("# ")
    await_size(shell, "24 80")
    # The kernel signals a moment before the new size can be read: look again until it is there.
    shell.line("trap told=1 WINCH; echo $((1 + 1)) traps; while sleep 0.05; do test $told && echo changed to $(stty size); done")
    shell.expect("2 traps")
    shell.resize(40, 90)
    shell.expect("changed to 40 90")


def test_a_terminal_is_one_stream_with_carriage_returns(terminal):
    screen = terminal("run", "-it", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; test -t 0 && test -t 1 && test -t 2 && echo terminals")
    screen.expect("out\r\nerr\r\nterminals\r\n")
    assert screen.wait() == 0


def test_term_is_set_with_a_terminal(terminal):
    screen = terminal("run", "-it", "--rm", "busybox", "sh", "-c", "echo =$TERM=")
    screen.expect("=xterm=")


def test_interrupt_reaches_the_foreground_process(terminal):
    screen = terminal("run", "-it", "--rm", "busybox", "sh", "-c", "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.05; done")
    screen.expect("ready\r\n")
    screen.send("\x03")
    screen.expect("caught")
    assert screen.wait() == 7


def test_end_of_input_ends_the_shell(terminal):
    shell = terminal("run", "-it", "--rm", "busybox")
    shell.expect("# ")
    shell.send("\x04")
    assert shell.wait() == 0


def test_detach_keys_leave_the_container_running(terminal, docker, name):
    shell = terminal("run", "-it", "--name", name, "busybox")
    shell.expect("# ")
    shell.send("\x10\x11")
    assert shell.wait() == 0
    assert docker("inspect", "-f", "{{.State.Status}}", name).out == "running"
    again = terminal("attach", name)
    again.line("echo still $((6 * 7))")
    again.expect("still 42")
    again.line("exit 4")
    assert again.wait() == 4


def test_detach_keys_can_be_chosen(terminal, docker, name):
    shell = terminal("run", "-it", "--detach-keys", "ctrl-a,d", "--name", name, "busybox")
    shell.expect("# ")
    shell.send("\x10\x11")
    shell.line("echo not $((1 + 1))")
    shell.expect("not 2")
    shell.send("\x01d")
    assert shell.wait() == 0
    assert docker("inspect", "-f", "{{.State.Running}}", name).out == "true"


def test_half_of_the_detach_keys_are_ordinary_input(terminal):
    screen = terminal("run", "-it", "--rm", "busybox", "sh", "-c", "stty raw -echo; echo ready; dd bs=1 count=2 2>/dev/null | od -An -tx1")
    screen.expect("ready")
    screen.send("\x10z")
    screen.expect("10 7a")


def test_bad_detach_keys_are_refused(docker, run):
    identity = run()
    assert docker("exec", "--detach-keys", "ctrl-nonsense,xx", identity, "true", code=None).code in (1, 125, 126)


def test_exec_has_a_terminal_of_its_own(terminal, run, docker):
    identity = run()
    shell = terminal("exec", "-it", identity, "sh", rows=33, columns=111)
    shell.expect("# ")
    await_size(shell, "33 111")
    shell.line("tty; echo $TERM")
    shell.expect(r"/dev/pts/\d+\r\nxterm")
    shell.resize(44, 122)
    await_size(shell, "44 122")
    shell.line("exit 6")
    assert shell.wait() == 6


def test_exec_detaches_and_goes_on(terminal, run, docker):
    identity = run()
    shell = terminal("exec", "-it", identity, "sh", "-c", "echo ready; while ! test -e /stop; do sleep 0.05; done; touch /ended")
    shell.expect("ready")
    shell.send("\x10\x11")
    shell.wait()
    docker("exec", identity, "touch", "/stop")
    until(lambda: docker("exec", identity, "test", "-e", "/ended", code=None).code == 0, "the detached exec ends by itself")


def test_two_people_can_watch_one_terminal(terminal, run):
    identity = run("-it", command=("sh",))
    first, second = terminal("attach", identity), terminal("attach", identity)
    first.line("echo typed $((20 + 3))")
    first.expect("typed 23")
    second.line("echo typed $((20 + 4))")
    second.expect("typed 24")
    first.expect("typed 24")


def test_a_large_paste_arrives_whole(terminal):
    """More than one buffer of input at once, and the echo of it at the same time."""
    shell = terminal("run", "-it", "--rm", "busybox", "sh", "-c", "stty raw -echo; echo ready; head -c 100000 | md5sum")
    shell.expect("ready")
    data = bytes(32 + n % 90 for n in range(100_000))
    for start in range(0, len(data), 4096):
        shell.send(data[start : start + 4096])
    shell.expect(hashlib.md5(data).hexdigest())


def test_tty_without_a_terminal_is_refused_by_the_client_or_works_for_output(docker):
    assert docker("run", "-t", "--rm", "busybox", "echo", "hi").stdout == b"hi\r\n"


@pytest.mark.parametrize("rows, columns", [(5, 20), (24, 80), (500, 1000)])
def test_windows_of_every_size(terminal, rows, columns):
    shell = terminal("run", "-it", "--rm", "busybox", rows=rows, columns=columns)
    shell.expect("# ")
    await_size(shell, f"{rows} {columns}")
