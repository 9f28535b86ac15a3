"""How fast the hub is with everything on, beside bare loops that keep no promise: `python -m tests.bench`."""
