"""Banks: XML packets that carry many requests and are answered at once."""

from connectors.bank.connector import BankConnector

PROTOCOL = BankConnector
