"""The compose stack: the sample system in containers of a Docker engine, and what its platform does with them."""
