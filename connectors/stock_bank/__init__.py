"""An agency on another stack: a bank that takes part with stock clients and nothing of this repository."""
