"""Which addresses a partner's name may lead to.

The name is the operator's, but whoever runs its DNS says where it leads: to this machine's own services, or to the address
from which a cloud gives out credentials. A partner that really is there is configured by its address instead of a name.
"""

import ipaddress
import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import ResolveResult

_METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")))
"""Where clouds answer their guests, besides the link-local 169.254.169.254: Alibaba, Azure, AWS and Google by IPv6."""


class AddressRefusedError(OSError):
    """A name leads where no partner is. The message holds the name alone."""


class PartnerResolver(ThreadedResolver):
    """Resolves names as the system does, and refuses one if any of its addresses is this host's, its link's or its cloud's."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if host != "localhost" and any(is_inner(each["host"]) for each in found):
            raise AddressRefusedError(host)
        return found


def is_inner(address: str) -> bool:
    """Whether nobody's system but this host's own, or its cloud's, can be at this address."""
    ip = ipaddress.ip_address(address)
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA
