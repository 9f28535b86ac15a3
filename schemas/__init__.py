"""The contract that all parties share: what travels, its identifiers and its error codes. Imports nothing of ours."""
