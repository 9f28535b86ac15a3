"""`python -m schemas.publish` writes `schemas/published/`; with `--check` it exits 1 if that folder is out of date."""

import argparse
import sys

from schemas.publish import FOLDER, drift, write


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m schemas.publish", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if a file is not what the code says"
    )
    if not parser.parse_args().check:
        write()
        return 0
    drifted = drift()
    if drifted:
        names = "\n  ".join(drifted)
        sys.stderr.write(f"{FOLDER.name}/ is out of date; run `python -m schemas.publish` and commit:\n  {names}\n")
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
