"""Run a program that cannot outlive its parent, even one that is killed with SIGKILL.

    python -I -S launch.py PARENT_PID PROGRAM [ARGUMENT...]

Linux: the kernel kills the program when the thread that started this script ends (prctl(2), PR_SET_PDEATHSIG; it
survives execve). Elsewhere: this script stays, and kills the program when its standard input, a pipe from the parent,
closes.
It is a script of its own because code between fork and exec (`preexec_fn`) is not safe beside threads.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

_PR_SET_PDEATHSIG = 1


def _bind_and_exec(parent: int, program: list[str]) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - no shell is the point


def _run_and_watch(program: list[str]) -> int:
    child = subprocess.Popen(program, stdin=subprocess.DEVNULL, close_fds=False)  # noqa: S603 - our own caller's command

    def watch() -> None:
        while os.read(0, 1):
            pass
        child.kill()

    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    threading.Thread(target=watch, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    if sys.platform == "linux":
        _bind_and_exec(int(sys.argv[1]), sys.argv[2:])
    sys.exit(_run_and_watch(sys.argv[2:]))
