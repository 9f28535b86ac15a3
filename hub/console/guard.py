"""What every answer carries and every request must pass: security headers, and a Host that is ours.

A page on loopback is within reach of every web page that its reader opens: with a name that resolves to 127.0.0.1 a
stranger's script would be same-origin with it (DNS rebinding), unless the Host header is checked. What another page asks for
by itself (an image, a script, the event stream) is refused as well: it could not read the answer, but take up its place.
"""

from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`, which also sees errors and streams."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def check_host(hosts: Collection[str]) -> Middleware:
    """Refuse requests to any name but loopback's and `hosts`, and from pages of other sites unless a person followed a link."""
    known = LOOPBACK | set(hosts)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = request.headers.get("Host", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name not in known:
            raise web.HTTPMisdirectedRequest(text="this name is not served here; use the configured host\n")
        if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.headers.get("Sec-Fetch-Mode") != "navigate":
            raise web.HTTPForbidden(text="not for pages of other sites\n")
        return await handler(request)

    return guard
