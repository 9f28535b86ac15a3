"""The partners' own systems, to develop and demonstrate against: real servers in processes of their own, with faults on
request. They share no code with the connectors, so that a misreading of a protocol cannot hide on both sides."""
