"""The external identity provider: a process of its own that quickly says yes.

``POST /verify {"user": NAME}`` answers ``{"verified": true}``; ``GET /healthz``; ``GET /metrics``.
"""

from __future__ import annotations

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    ProcessCollector,
    generate_latest,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gameday.staging.journal import open_journal
from gameday.staging.serving import serve, where_argument


def make_app() -> Starlette:
    """The application with a registry of its own."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    verified = Counter("identity_verifications", "Users verified", registry=registry)

    async def verify(request: Request) -> Response:
        body = await request.json()
        verified.inc()
        return JSONResponse({"user": body["user"], "verified": True})

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/verify", verify, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/metrics", metrics),
        ]
    )


if __name__ == "__main__":
    open_journal(service="identity-provider")
    serve(make_app(), where_argument())
