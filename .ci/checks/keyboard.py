"""Types into a program at a terminal, as a person does who looks at the screen before the next keys.

    keyboard.py COMMAND [EXPECTED KEYS]…

runs a shell command in a terminal of its own. Each KEYS are typed when the screen has shown what the regular expression EXPECTED says
since the last keys; then the program has to end by itself, and with 0.
"""

import fcntl
import os
import pty
import re
import select
import shlex
import struct
import sys
import termios
import time

PATIENCE = 60  # seconds until a screen that does not come is a failure
ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?>=!]*[A-Za-z@`]|\][^\x07]*\x07|[()][A-Z0-9]|.)|[\x00-\x08\x0e-\x1a]")


def at_terminal(command, *steps):
    """The shell command that types the steps, EXPECTED and KEYS in turns, into a program."""
    return shlex.join([sys.executable, os.path.abspath(__file__), command, *steps])


class Terminal:
    """A program, and what it has shown since the last keys."""

    def __init__(self, command):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execvp("bash", ["bash", "-c", "exec " + command])
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 250, 0, 0))
        self.shown = b""

    def read(self, deadline):
        """Reads on; tells whether the program has its terminal still."""
        ready, _, _ = select.select([self.descriptor], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # EIO: the other side is closed
            return False
        self.shown += data
        return bool(data)

    def screen(self):
        return ESCAPES.sub(b" ", self.shown)

    def expect(self, pattern, deadline):
        while not re.search(pattern.encode(), self.screen()):
            if not self.read(deadline):
                raise EOFError

    def type(self, keys):
        self.shown = b""
        os.write(self.descriptor, keys.encode())

    def end(self, deadline):
        """Waits until the program ends, and returns its exit status."""
        while self.read(deadline):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def main(command, *steps):
    terminal = Terminal(command)
    waits_for = "the end"
    try:
        for pattern, keys in zip(steps[::2], steps[1::2], strict=True):
            waits_for = pattern
            terminal.expect(pattern, time.monotonic() + PATIENCE)
            terminal.type(keys)
        waits_for = "the end"
        status = terminal.end(time.monotonic() + PATIENCE)
    except (TimeoutError, EOFError) as failure:
        os.kill(terminal.pid, 9)
        sys.exit(f"{command}: {type(failure).__name__}, waiting for {waits_for!r}; it shows {terminal.screen()[-600:]!r}")
    if status != 0:
        sys.exit(f"{command}: exit {status}; it shows {terminal.screen()[-600:]!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
