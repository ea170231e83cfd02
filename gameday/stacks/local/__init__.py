"""The embedded stack: PostgreSQL with a streaming replica, Caddy, the sample system and a fault proxy, by pip alone."""
