"""What a redis-server 7.0.15 of Debian 12 answered to COMMAND, COMMAND DOCS and CONFIG GET; facts, recorded by us."""
