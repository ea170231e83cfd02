"""The load: Locust in a subprocess, and what its clients saw."""
