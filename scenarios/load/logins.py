"""Users of the sign-in: they sign in, look at their profile, refresh, sign out, and begin again.

One request each turn, so that the pace is the load's and not the journey's. A step that fails, or answers
something else than it should, leads back to signing in. No two journeys in a row are of one length, and the first
one (and the first after a failure) differs most: so one request in four is a sign-in at any time, also while
signing in is slow and soon after an outage, when all of them sign in together.
"""

from __future__ import annotations

import itertools
import os
from typing import Any, ClassVar

from locust import FastHttpUser, constant_throughput, task
from locust.env import Environment

_MARGIN = 0.5
"""Seconds after the load's time-out at which a request is given up: it counts as bad long before."""
_GOLDEN = 0.6180339887498949
_SILVER = 0.4142135623730951
_ACCOUNTS = 300
_USUAL: tuple[int, ...] = (2, 3, 4)
"""How many requests follow a sign-in until the user signs out."""
_AFTER_TROUBLE: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
"""The same where many users have just signed in together: they part."""


class Login(FastHttpUser):
    """One user with a browser."""

    wait_time = constant_throughput(2)
    max_retries = 0
    _numbers: ClassVar[itertools.count[int]] = itertools.count()

    def __init__(self, environment: Environment) -> None:
        """Known only now: a worker elsewhere is told the time-out after it has read this file."""
        give_up = float(os.environ.get("GAMEDAY_LOAD_TIMEOUT", "2")) + _MARGIN
        self.network_timeout = self.connection_timeout = give_up
        super().__init__(environment)

    def on_start(self) -> None:
        """Take an account; send nothing yet."""
        self.number = next(self._numbers)
        self.user = f"user{self.number % _ACCOUNTS:03d}"
        self.token = ""
        self.journeys = 0
        self.lengths = _AFTER_TROUBLE
        self.steps: list[str] = []

    @task
    def next_request(self) -> None:
        """The next step of the journey."""
        if self.steps:
            good = getattr(self, self.steps.pop(0))()
        elif good := self.sign_in():
            self._set_out()
        if not good:
            self.token, self.steps, self.lengths = "", [], _AFTER_TROUBLE

    def _set_out(self) -> None:
        """Choose what follows this sign-in; spread evenly over users and journeys, and the same in every run."""
        share = (self.number * _GOLDEN + self.journeys * _SILVER) % 1.0
        follow = self.lengths[int(len(self.lengths) * share)]
        self.steps = ([*["profile"] * (follow - 2), "refresh"] if follow > 1 else []) + ["sign_out"]
        self.journeys += 1
        self.lengths = _USUAL

    def sign_in(self) -> bool:
        """A new token for name and password."""
        answer = self._ask("POST", "/login", {"user": self.user, "password": f"pw-{self.user}"})
        return self._keep_token(answer)

    def refresh(self) -> bool:
        """A new token for the old one."""
        return self._keep_token(self._ask("POST", "/refresh"))

    def profile(self) -> bool:
        """The user's own profile, and nobody else's."""
        return self._ask("GET", "/profile", expected={"user": self.user}) is not None

    def sign_out(self) -> bool:
        """The token is void from now on."""
        return self._ask("POST", "/logout", expected={"signed_out": True}) is not None

    def _keep_token(self, answer: dict[str, Any] | None) -> bool:
        self.token = str((answer or {}).get("token", ""))
        return bool(self.token)

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, str] | None = None,
        expected: dict[str, Any] | None = None,
    ) -> dict[str, Any] | None:
        """The answer if it is what this step should get, else None; Locust is told what was wrong."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        with self.client.request(method, path, json=body, headers=headers, catch_response=True) as answer:
            if answer.status_code != 200:  # noqa: PLR2004 - the one status that every step gets
                answer.failure(f"status {answer.status_code}: {(answer.text or '')[:200]}")
                return None
            try:
                found = answer.json()
            except ValueError:
                found = None
            if not isinstance(found, dict) or (expected is None and not found.get("token")):
                answer.failure("no token in the answer")
                return None
            wrong = [key for key, value in (expected or {}).items() if found.get(key) != value]
            if wrong:
                answer.failure(f"wrong in the answer: {', '.join(wrong)}")
                return None
            return found
