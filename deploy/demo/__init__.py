"""The demonstration: a whole linkage on one machine, every party in a process of its own."""
