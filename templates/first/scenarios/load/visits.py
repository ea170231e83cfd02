"""What users do, as a Locust file: sign in, look at the profile three times, begin again. gameday sets how many."""

import itertools

from locust import FastHttpUser, constant_throughput, task

NUMBERS = itertools.count()


class Visitor(FastHttpUser):
    """One user. A request that fails is told to Locust by the client itself; what comes too late, gameday counts."""

    wait_time = constant_throughput(2)  # gameday gives each user slots of its own; see `period` of `load`

    def on_start(self) -> None:
        """The sample system knows user000 to user299; the password is `pw-` and the name."""
        self.name = f"user{next(NUMBERS) % 300:03d}"
        self.token = ""
        self.looks = 0

    @task
    def next_request(self) -> None:
        """One request each turn, so that the pace is the load's and not the journey's."""
        if self.looks:
            self.looks -= 1
            self.client.get("/profile", headers={"Authorization": f"Bearer {self.token}"})
            return
        answer = self.client.post("/login", json={"user": self.name, "password": f"pw-{self.name}"})
        if answer.ok:
            self.token, self.looks = answer.json()["token"], 3
