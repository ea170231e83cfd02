"""The embedded stack: database, gateway, sample system and fault proxy, installed by pip alone."""
