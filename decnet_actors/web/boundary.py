"""This module is the boundary between handlers and clients: every failure leaves as a problem document."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Middleware

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.web.problems import INTERNAL, from_operator_error, from_status, problem

Next: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
REQUEST_ID = web.RequestKey("request_id", str)


class Boundary:
    """Gives each request an id and turns what its handler raises into an answer.

    Args:
        new_id: makes request ids.
        report: told about our own defects: request id, method, path, error.

    """

    def __init__(self, new_id: Callable[[], str], report: Callable[[str, str, str, BaseException], None]) -> None:
        self._new_id = new_id
        self._report = report

    async def __call__(self, request: web.Request, handler: Next) -> web.StreamResponse:
        """Call the handler."""
        request_id = self._new_id()
        request[REQUEST_ID] = request_id
        response = await self._answer(request, handler, request_id)
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
        return response

    async def _answer(self, request: web.Request, handler: Next, request_id: str) -> web.StreamResponse:
        try:
            return await handler(request)
        except OperatorError as error:
            return from_operator_error(error, instance=request.path, request_id=request_id)
        except web.HTTPException as error:
            if error.status < 400:  # noqa: PLR2004  a redirect is an answer
                return error
            return from_status(error.status, instance=request.path, request_id=request_id, headers=error.headers)
        except (ConnectionResetError, asyncio.CancelledError):
            raise  # the client has gone; there is nobody to answer
        except Exception as error:
            self._report(request_id, request.method, request.path, error)
            if request.writer.output_size > 0:  # half an answer is out: a second one inside it would be garbage
                raise ConnectionResetError("the answer broke off") from error
            return problem(
                status=500,
                title=INTERNAL.title,
                detail="Something of ours failed. The daemon's log has the traceback under this request id.",
                code=INTERNAL.code,
                instance=request.path,
                request_id=request_id,
                fix=("decnetctl doctor",),
            )


def as_middleware(boundary: Boundary) -> Middleware:
    """Return the boundary in the shape aiohttp wants."""

    @web.middleware
    async def middleware(request: web.Request, handler: Next) -> web.StreamResponse:
        return await boundary(request, handler)

    return middleware
