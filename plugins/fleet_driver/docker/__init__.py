"""This module is the fleet driver that puts a real container behind each decky; the sockets in it stay ours."""

from decnet_actors.contracts.plugin import Plugin
from plugins.fleet_driver.docker.config import DockerConfig
from plugins.fleet_driver.docker.driver import DockerDriver

PLUGIN = Plugin(
    id="fleet_driver.docker",
    config=DockerConfig,
    create=lambda config, _deps: DockerDriver(config),
    summary="Deckies in containers of this machine's Docker Engine, with nothing let out of them",
)
