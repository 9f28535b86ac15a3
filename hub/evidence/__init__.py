"""Evidence bundles: one request's messages, signatures, log entries and proofs in one file that a stranger can verify."""
