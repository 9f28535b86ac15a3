"""The business registry (市场监管登记机关): inquiry into equity and registration, freeze of equity, release."""

from connectors.business_registry.connector import BusinessRegistryConnector

PROTOCOL = BusinessRegistryConnector
