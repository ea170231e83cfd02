"""The HTTP API of Toxiproxy 2.12: routes, status codes and bodies. Knows nothing of sockets."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from gameday.faults.proxy.body import Fields
from gameday.faults.proxy.collection import ProxyCollection, Wanted
from gameday.faults.proxy.errors import ApiError
from gameday.faults.proxy.proxy import Proxy

COMPATIBLE_WITH = "2.12.0"
"""The version of Toxiproxy whose API this is. The ``Server`` header says who really answers."""

_SERVER = "gameday-fault-proxy"
_JSON = "application/json"
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(collection: ProxyCollection) -> web.Application:
    """The API over these proxies."""
    app = web.Application(middlewares=[_plainly])
    app.add_routes(_Routes(collection).table())
    return app


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(value, separators=(",", ":")).encode(), content_type=_JSON
    )


def _refusal(status: int, text: str) -> web.Response:
    # The real server calls its errors text, JSON or not; its clients do not look.
    response = web.Response(status=status, text=f"{text}\n")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _error(body: dict[str, Any]) -> web.Response:
    return _refusal(body["status"], json.dumps(body, separators=(",", ":")))


@web.middleware
async def _plainly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into an answer, and browsers away (a page must not reach this API)."""
    response: web.StreamResponse
    try:
        if request.headers.get("User-Agent", "").startswith("Mozilla/"):
            response = _refusal(403, "User agent not allowed")
        else:
            response = await handler(request)
    except ApiError as refused:
        response = _error(refused.body())
    except web.HTTPNotFound:
        response = _refusal(404, "404 page not found")
    except web.HTTPMethodNotAllowed as refused:
        response = web.Response(status=405, headers={"Allow": ", ".join(sorted(refused.allowed_methods))})
    except web.HTTPException as refused:
        response = _error({"error": refused.reason, "status": refused.status})
    except Exception as bug:  # noqa: BLE001 - one request must not end the server; it is logged
        _log.exception("%s %s failed", request.method, request.path)
        response = _error({"error": str(bug), "status": 500})
    response.headers["Server"] = _SERVER
    return response


class _Routes:
    """One method for each route."""

    def __init__(self, collection: ProxyCollection) -> None:
        self._all = collection

    def table(self) -> list[web.RouteDef]:
        proxy, toxics, toxic = (
            "/proxies/{proxy}",
            "/proxies/{proxy}/toxics",
            "/proxies/{proxy}/toxics/{toxic}",
        )
        return [
            web.get("/version", self.version, allow_head=False),
            web.get("/proxies", self.list_proxies, allow_head=False),
            web.post("/proxies", self.create_proxy),
            web.post("/populate", self.populate),
            web.post("/reset", self.reset),
            web.get(proxy, self.show_proxy, allow_head=False),
            web.post(proxy, self.update_proxy),
            web.patch(proxy, self.update_proxy),
            web.delete(proxy, self.delete_proxy),
            web.get(toxics, self.list_toxics, allow_head=False),
            web.post(toxics, self.create_toxic),
            web.get(toxic, self.show_toxic, allow_head=False),
            web.post(toxic, self.update_toxic),
            web.patch(toxic, self.update_toxic),
            web.delete(toxic, self.delete_toxic),
        ]

    async def version(self, _: web.Request) -> web.Response:
        text = json.dumps({"version": COMPATIBLE_WITH}) + "\n"
        return web.Response(body=text.encode(), headers={"Content-Type": "application/json;charset=utf-8"})

    async def list_proxies(self, _: web.Request) -> web.Response:
        return _json({name: proxy.as_json() for name, proxy in sorted(self._all.proxies.items())})

    async def create_proxy(self, request: web.Request) -> web.Response:
        proxy = await self._all.create(Wanted.read(Fields.of(await request.read())))
        return _json(proxy.as_json(), 201)

    async def populate(self, request: web.Request) -> web.Response:
        done: list[Proxy] = []
        error: dict[str, Any] = {}
        try:
            await self._all.populate(Wanted.read_all(Fields.each(await request.read())), done)
        except ApiError as refused:
            error = refused.body()
        proxies = [proxy.as_json() for proxy in done] or None
        return _json({**error, "proxies": proxies}, error.get("status", 201))

    async def reset(self, _: web.Request) -> web.Response:
        await self._all.reset()
        return web.Response(status=204)

    async def show_proxy(self, request: web.Request) -> web.Response:
        return _json(self._proxy(request).as_json())

    async def update_proxy(self, request: web.Request) -> web.Response:
        name = self._proxy(request).name
        proxy = await self._all.change(name, Fields.of(await request.read()))
        return _json(proxy.as_json())

    async def delete_proxy(self, request: web.Request) -> web.Response:
        await self._all.remove(request.match_info["proxy"])
        return web.Response(status=204)

    async def list_toxics(self, request: web.Request) -> web.Response:
        return _json([toxic.as_json() for toxic in self._proxy(request).toxics()])

    async def create_toxic(self, request: web.Request) -> web.Response:
        self._proxy(request)
        given = Fields.of(await request.read())
        return _json(self._proxy(request).add_toxic(given).as_json())

    async def show_toxic(self, request: web.Request) -> web.Response:
        return _json(self._proxy(request).toxic(request.match_info["toxic"]).as_json())

    async def update_toxic(self, request: web.Request) -> web.Response:
        name = self._proxy(request).toxic(request.match_info["toxic"]).name
        given = Fields.of(await request.read())
        return _json(self._proxy(request).update_toxic(name, given).as_json())

    async def delete_toxic(self, request: web.Request) -> web.Response:
        self._proxy(request).remove_toxic(request.match_info["toxic"])
        return web.Response(status=204)

    def _proxy(self, request: web.Request) -> Proxy:
        return self._all.get(request.match_info["proxy"])
