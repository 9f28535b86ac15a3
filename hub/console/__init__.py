"""The status page: what flows, each request's timeline, dead letters; health and metrics. Read-only, masked, live."""
