"""Steps: watches, leads, entrusted matters, closed rounds, certificates."""
