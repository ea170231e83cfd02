"""What users do, as a Locust file: sign in, and look at the profile. gameday says how many users there are."""

import itertools
import random

from locust import FastHttpUser, constant_throughput, task

NUMBERS = itertools.count()


class Visitor(FastHttpUser):
    """One user. A request that fails is told to Locust by the client itself; what comes too late, gameday counts."""

    wait_time = constant_throughput(2)  # gameday gives each user slots of its own; see `period` of `load`

    def on_start(self) -> None:
        """The sample system knows user000 to user299; the password is `pw-` and the name."""
        self.name = f"user{next(NUMBERS) % 300:03d}"
        self.token = ""

    @task
    def next_request(self) -> None:
        """One request each turn, so that the pace is the load's and not the journey's.

        One in four signs in, by chance: users who all did the same in turn would fall into step, and for seconds at a
        time nobody would sign in. That would look as if a slow sign-in had mended itself.
        """
        if self.token and random.random() < 0.75:
            self.client.get("/profile", headers={"Authorization": f"Bearer {self.token}"})
            return
        answer = self.client.post("/login", json={"user": self.name, "password": f"pw-{self.name}"})
        if answer.ok:
            self.token = answer.json()["token"]
