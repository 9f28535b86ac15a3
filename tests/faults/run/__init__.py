"""The long run: everything as real processes on a real Kafka, faults drawn from a seed, and a judge. See docs/reliability.md."""
