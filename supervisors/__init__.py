"""The generic runtime: actors, supervision, bus, control socket, plugins, configuration."""
