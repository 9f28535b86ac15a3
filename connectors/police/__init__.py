"""The police (公安机关): information (协查), watch (临控) and road control (路面控车), answered by signed webhook."""

from connectors.police.connector import PoliceConnector

PROTOCOL = PoliceConnector
