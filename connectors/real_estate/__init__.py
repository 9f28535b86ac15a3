"""Real-estate registries (不动产登记): XML over HTTP, submit and poll by ticket."""

from connectors.real_estate.connector import RealEstateConnector

PROTOCOL = RealEstateConnector
