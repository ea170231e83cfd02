"""Ways to break a system: experiments, and the fault proxy that some of them talk to."""
