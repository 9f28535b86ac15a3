"""Sources of leads (执行线索): governance centres (综治中心), grid offices, creditors' portals."""

from connectors.leads.connector import LeadsConnector

PROTOCOL = LeadsConnector
