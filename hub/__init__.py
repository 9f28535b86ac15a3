"""The hub: rules, engine, bus, store, trust and console. It knows no connector."""
