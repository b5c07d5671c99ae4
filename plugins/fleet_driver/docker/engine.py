"""This module asks the Docker Engine, bounds every answer's time, and says what goes wrong in the driver's words."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
from aiodocker import Docker, DockerError

from decnet_actors.contracts.fleet_driver import DriverUnreachableError
from plugins.fleet_driver.docker.errors import EngineError

ANSWER = 20.0  # seconds the engine may take for one answer; it starts a container in less than one
OLDEST_API = (1, 41)  # Docker 20.10, what Debian 11 and 12 have
MAX_CHANGES = 4 * 1024 * 1024  # bytes of a list of changed paths
_DELETED = 2  # a kind of change
_CHUNK = 64 * 1024  # bytes
_AWAY = 900  # aiodocker's status for an engine that nobody reaches

Json = dict[str, Any]  # Any: what the engine tells; the readers of its fields know them


class Engine:
    """The engine behind one socket of this machine.

    Every method raises ``DriverUnreachableError`` when the engine does not answer, ``EngineError`` when it refuses.
    """

    def __init__(self, socket: str, *, within: float = ANSWER) -> None:
        self._socket = socket
        self._within = within
        self._docker: Docker | None = None

    async def open(self) -> None:
        """Find out whether the engine is there and new enough; may be called again.

        Raises:
            ValueError: it is too old.

        """
        async with self.asking() as docker:
            told = await docker.version()
        version = tuple(int(part) for part in str(told["ApiVersion"]).split("."))
        if version < OLDEST_API:
            wanted = ".".join(map(str, OLDEST_API))
            raise ValueError(
                f"the Docker Engine {told['Version']} on {self._socket} is too old: its API is {told['ApiVersion']}, "
                f"and {wanted} is needed (Docker 20.10)"
            )

    async def aclose(self) -> None:
        """Let go of the engine."""
        docker, self._docker = self._docker, None
        if docker is not None:
            await docker.close()

    async def has_image(self, name: str) -> bool:
        """Return whether the image is on this machine."""
        return await self._found(lambda docker: docker.images.inspect(name)) is not None

    async def network(self, name: str) -> Json | None:
        """Return what is known of a network; ``None`` if there is none."""

        async def look(docker: Docker) -> Json:
            return await (await docker.networks.get(name)).show()

        return await self._found(look)

    async def inspect(self, name: str) -> Json | None:
        """Return what is known of a container, by name or id; ``None`` if there is none."""

        async def look(docker: Docker) -> Json:
            return await docker.containers.container(name).show()

        return await self._found(look)

    async def containers(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Return the ids of the containers that have all these labels, running or not."""
        filters = json.dumps({"label": [f"{name}={value}" for name, value in labels.items()]})
        async with self.asking() as docker:
            return tuple(one.id for one in await docker.containers.list(all="true", filters=filters))

    async def make(self, name: str, wanted: Json) -> str:
        """Make a container and return its id; it does not run yet, and no image is pulled."""
        async with self.asking() as docker:
            return (await docker.containers.create(wanted, name=name)).id

    async def start(self, container: str) -> None:
        """Start a container; nothing happens when it runs."""
        async with self.asking() as docker:
            await docker.containers.container(container).start()

    async def remove(self, container: str) -> None:
        """Kill and remove a container; nothing happens when there is none."""

        async def away(docker: Docker) -> Json:
            await docker.containers.container(container).delete(force=True, v=True)
            return {}

        await self._found(away)

    async def archive(self, container: str, path: str, limit: int) -> bytes:
        """Return the beginning of a tar archive of a path in a container, ``limit`` bytes at most."""
        async with self._archive("GET", container, path) as answer:
            return await _beginning(answer, limit)

    async def changes(self, container: str) -> tuple[str, ...]:
        """Return the paths that were added to a container or changed in it; none when they are too many to read."""
        async with (
            self.asking() as docker,
            docker._query(f"containers/{container}/changes", "GET") as answer,  # noqa: SLF001  as for archives
        ):
            told = await _beginning(answer, MAX_CHANGES)
            answer.close()
        rows = (json.loads(told) if len(told) < MAX_CHANGES else None) or ()
        return tuple(row["Path"] for row in rows if row["Kind"] != _DELETED)

    async def extract(self, container: str, folder: str, archive: bytes) -> None:
        """Put what a tar archive holds into a directory of a container."""
        async with self._archive("PUT", container, folder, archive):
            pass

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Docker]:
        """Yield the client for as long as an answer may take, and say what goes wrong with it in our words."""
        if self._docker is None:
            self._docker = Docker(f"unix://{self._socket}")
        with self.wording():
            try:
                async with asyncio.timeout(self._within):
                    yield self._docker
            except TimeoutError:
                raise self._away(f"no answer within {self._within:g} s") from None

    @contextmanager
    def wording(self) -> Iterator[None]:
        """Say what goes wrong with the client in our words, however long it takes."""
        try:
            yield
        except DockerError as error:
            if error.status == _AWAY:
                raise self._away(error.__context__) from None  # all that is known is in the sentence
            raise EngineError(error.status, str(error.message)) from error
        except aiohttp.ClientError as error:  # aiodocker says in its own words only that nobody listens
            raise self._away(error) from None

    @asynccontextmanager
    async def _archive(
        self, method: str, container: str, path: str, data: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield the answer, unread: aiodocker reads an archive whole, and how large it is a visitor decides."""
        url, params = f"containers/{container}/archive", {"path": path}
        async with (
            self.asking() as docker,
            docker._query(url, method, params=params, data=data) as answer,  # noqa: SLF001  see above
        ):
            try:
                yield answer
            finally:
                answer.close()

    async def _found(self, look: Any) -> Json | None:  # Any: aiodocker's own coroutines have no common type
        try:
            async with self.asking() as docker:
                found: Json = await look(docker)
                return found
        except EngineError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _away(self, reason: object) -> DriverUnreachableError:
        said = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
        return DriverUnreachableError(
            f"the Docker Engine on {self._socket} does not answer ({said}): systemctl status docker"
        )


async def _beginning(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """Return the first bytes of an answer, ``limit`` at most."""
    found = bytearray()
    async for chunk in answer.content.iter_chunked(_CHUNK):
        found += chunk[: limit - len(found)]
        if len(found) == limit:
            break
    return bytes(found)
