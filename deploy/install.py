"""Set up `.venv` from a lock with hashes: `python3 deploy/install.py [--dev]`. Needs Python 3.11 or newer and nothing else.

Runs with the machine's own Python, so it uses the standard library only. Does nothing when the environment is up to date.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NETWORK = ("Connection", "Temporary failure", "No matching distribution", "timed out", "NewConnectionError", "resolve",
           "ProxyError", "SSLError", "refused")  # fmt: skip


def fail(message: str) -> int:
    print(f"安装失败 / set-up failed: {message}", file=sys.stderr)
    return 1


def pip(*arguments: str) -> str:
    """Run pip; its last words if it failed, else nothing."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q",
               "--no-deps", *arguments]  # fmt: skip
    environment = {**os.environ, "PIP_RETRIES": "2", "PIP_DEFAULT_TIMEOUT": "20", "PIP_ROOT_USER_ACTION": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    return "" if done.returncode == 0 else (done.stderr.strip() or f"pip ended with {done.returncode}")


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this script alone is run by whatever Python there is
        return fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    lock = ROOT / "deploy" / ("requirements-dev.txt" if "--dev" in sys.argv else "requirements.txt")
    recipe = lock.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + sys.version.encode()
    stamp, done = VENV / f".{lock.stem}", hashlib.sha256(recipe).hexdigest()
    if stamp.is_file() and stamp.read_text() == done:
        return 0
    print(f"安装依赖 / installing {lock.name} into .venv (about a minute the first time) …", file=sys.stderr, flush=True)
    try:
        if not (VENV / "bin" / "python").exists():
            venv.create(VENV, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return fail(f"no virtual environment can be made ({error}); this Python may lack its venv module")
    trouble = pip("--require-hashes", "-r", str(lock)) or pip("--no-build-isolation", "-e", str(ROOT))
    if trouble:
        if any(word in trouble for word in NETWORK):
            return fail("the package index cannot be reached; connect to a network, or set pip's index, and try again")
        return fail(trouble.splitlines()[-1])
    stamp.write_text(done)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
