"""The loop that hub and connectors run: take a batch, verify, decide, ONE SQL transaction, publish."""
