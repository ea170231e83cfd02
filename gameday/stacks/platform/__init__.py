"""The platform of the sample system, whatever it is made of: its API, levers, looks, roll-outs and fail-overs."""
