"""A whole game day on a manual clock: the pure parts of gameday, and a world that behaves as a test says.

What the runner does with tasks, children and sockets is done here at once: requests come from the world, scrapes
show what the world exports, acts of the playbook are recorded as the desk records them.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gameday import events as e
from gameday.events import Event, Record
from gameday.guards import tripped
from gameday.model.inputs import Inputs
from gameday.monitors import Watches, step
from gameday.plan import SETTLE, EndRespond, PutBack, SawImpact, due, judge_baseline
from gameday.recovery import oldest, restorations
from gameday.respond import bot as bots
from gameday.respond.acts import record_of
from gameday.situation import Situation

TICK = 0.1
RATE = 100
_PER_TICK = 10
_TICKS_A_SCRAPE = 2
_END = 400.0

EXPERIMENT: Mapping[str, Any] = {
    "title": "Put a release out",
    "description": "Rolls a release out.",
    "extensions": [
        {
            "name": "gameday",
            "parameters": {
                "touches": ["auth"],
                "proves": "in_place",
                "takes": {"inject": "1s", "revert": "1s"},
            },
        }
    ],
    "method": [
        {"type": "action", "name": "deploy", "provider": {"type": "python", "module": "m", "func": "f"}},
        {"type": "probe", "name": "in_place", "provider": {"type": "python", "module": "m", "func": "f"}},
    ],
}
THIRD_PARTY: Mapping[str, Any] = {key: value for key, value in EXPERIMENT.items() if key != "extensions"}
INPUTS: Mapping[str, Any] = {
    "name": "leak",
    "scenario": {
        "title": "A release leaks connections",
        "system": "auth",
        "load": {"locustfile": "load/logins.py", "users": 50, "timeout": "2s"},
        "baseline": "3s",
        "steady_state": ["error_rate < 1%", "latency_p95 < 500ms"],
        "faults": {"release": {"experiment": "bad-release", "at": "0s", "for": "60s"}},
        "expect": {
            "impact": {"when": "error_rate > 10%", "within": "10s"},
            "detect": {"monitors": ["errors"], "within": "30s"},
            "stable_for": "5s",
        },
    },
    "system": {
        "title": "Sign-in",
        "services": {"auth": {"replicas": 2}, "database": {}, "identity-provider": {"external": True}},
        "monitors": {
            "errors": {"when": "error_rate > 5% for 2s", "severity": "SEV2"},
            "connections": {"when": "database_connections > 80%", "severity": "SEV3"},
        },
    },
    "experiments": {"bad-release": EXPERIMENT},
    "rubric": {},
}
BEFORE: Mapping[str, Mapping[str, Any]] = {
    "auth": {"version": "v1.2.3", "replicas": 2, "setting.pool_max": 20},
    "identity-provider": {"proxy.toxics": {}},
}


def raw(
    *, expect: Mapping[str, Any] | None = None, acts: Iterable[Any] = (), **scenario: Any
) -> dict[str, Any]:
    """The inputs with these keys of the scenario and of its ``expect`` replaced, and a playbook of these acts."""
    made = copy.deepcopy(dict(INPUTS))
    made["scenario"] |= scenario
    made["scenario"]["expect"] |= expect or {}
    if acts := list(acts):
        made["playbook"] = {"as": "alice", "acts": acts}
    return made


@dataclass
class World:
    """How the system behaves; times in seconds of the run's clock."""

    hurts_after: float | None = 1.0
    """Seconds from a trigger to the first failing request; None: never."""
    mends: Mapping[str, float] = field(default_factory=lambda: {"rollback": 1.0})
    """Lever -> seconds from its pull until requests succeed again."""
    relapses: Mapping[str, float] = field(default_factory=dict)
    """Lever -> seconds of good service until it breaks again."""
    heals_after: float | None = None
    """Seconds from the trigger until it is well by itself."""
    missing: float = 0.0
    """Seconds from a trigger for which a replica is missing, though nobody feels it."""
    problem: str | None = "503"
    """How requests fail; None: they hang for ever."""
    exports: bool = True
    """Whether its gateway tells its metrics."""
    frozen: bool = False
    """Whether its gateway tells the counters of the first second for ever."""
    broken_from: float | None = None
    broken_to: float = float("inf")
    again_from: float = float("inf")
    missing_to: float = 0.0

    def triggered(self, at: float) -> None:
        """A fault's injecting activity began."""
        self.missing_to = at + self.missing
        if self.hurts_after is not None:
            self.broken_from, self.broken_to = at + self.hurts_after, float("inf")
            if self.heals_after is not None:
                self.broken_to = at + self.heals_after

    def pulled(self, lever: str, at: float) -> None:
        """A lever was pulled."""
        if lever in self.mends:
            self.broken_to = at + self.mends[lever]
            self.again_from = self.broken_to + self.relapses.get(lever, float("inf"))

    def put_back(self, at: float) -> None:
        """The runner took the fault away. What was well before stays so: other faults may be put back later."""
        if self.again_from <= at:
            self.broken_from, self.broken_to = self.again_from, at
        else:
            self.broken_to = min(self.broken_to, at)
        self.again_from = float("inf")

    def fails(self, at: float) -> bool:
        """Whether a request sent now fails."""
        return self.broken_from is not None and (
            self.broken_from <= at < self.broken_to or at >= self.again_from
        )


class GameDay:
    """One run; ``play`` it once, then read ``happened``."""

    def __init__(self, inputs: dict[str, Any], world: World | None = None, responder: str = "none") -> None:
        self.inputs = Inputs.of(inputs)
        self.world = world or World()
        self.responder = responder
        self.situation = Situation(self.inputs)
        self.now = 0.0
        self.ended: EndRespond | e.GuardTripped | None = None
        self.happened: list[tuple[float, str]] = []
        self._watches, self._guarding, self._bot = Watches(), dict[str, float](), bots.Bot()
        self._number, self._pulls = 0, 0
        self._numbers = itertools.count(1)
        self._done = self._failed = 0
        self._ends: list[tuple[float, int, str]] = []
        self.say(
            e.RunStarted(
                run="r",
                versions={},
                host={},
                seed=0,
                stack="fake",
                responder="none",
                inputs=inputs,
                digests={},
            )
        )

    def say(self, event: Event, t: float | None = None) -> None:
        """Append one event to the log."""
        at = self.now if t is None else t
        record = Record(seq=next(self._numbers), t=at, wall="", source="test", event=event)
        self.situation.feed(record)
        words = _WORDS.get(type(event))
        if words:
            self.happened.append((round(at, 1), words(event)))

    def words(self) -> list[str]:
        """What happened, without the instants."""
        return [word for _, word in self.happened]

    def when(self, word: str) -> float:
        """The instant of what happened first under this word."""
        return next(at for at, happened in self.happened if happened.startswith(word))

    # The run

    def play(self) -> GameDay:
        """From the first request to the end of Recover."""
        self.say(e.InventoryTaken(when="before", things=_plain(BEFORE)))
        self.say(e.LoadSteady(users=50))
        judged: e.Event | None = None
        while not isinstance(judged, e.BaselineJudged):
            self._tick()
            if judged := judge_baseline(self.situation, self.now):
                self.say(judged)
        if not judged.held:
            return self
        start = self.now + SETTLE
        for name in self.inputs.scenario.faults:
            self.say(e.RecipeWritten(owner=f"fault:{name}", things=_plain({"auth": BEFORE["auth"]})))
        self.say(e.PlanStarted(at=start))
        while self.ended is None and self.now < _END:
            self._tick()
            self._inject(start)
            if self.situation.triggered is not None:
                self._respond()
        for restoration in restorations(self.situation.history):
            self.say(e.ThingsRestored(things=_plain(restoration.things), by="runner", ok=True))
        return self

    def _tick(self) -> None:
        self.now = round(self.now + TICK, 3)
        self._send()
        if round(self.now / TICK) % _TICKS_A_SCRAPE == 0:
            self._scrape()
        self._watches, events = step(
            self.inputs.system.monitors, self._watches, self.situation.exported, self.now
        )
        for event in events:
            self.say(event)

    def _send(self) -> None:
        sent = []
        for index in range(_PER_TICK):
            at = self.now - TICK + index / RATE
            self._number += 1
            sent.append((self._number, at))
            if not self.world.fails(at):
                self._ends.append((at + 0.05, self._number, ""))
            elif self.world.problem is not None:
                self._ends.append((at + 0.01, self._number, self.world.problem))
        over = [end for end in self._ends if end[0] <= self.now]
        self._ends = [end for end in self._ends if end[0] > self.now]
        self._done += len(over)
        self._failed += sum(bool(problem) for _, _, problem in over)
        self.say(
            e.Requests(
                offered=[at for _, at in sent],
                sent_id=[number for number, _ in sent],
                sent_at=[at for _, at in sent],
                sent_name=["login"] * len(sent),
                ended_id=[number for _, number, _ in over],
                ended_at=[at for at, _, _ in over],
                ended_problem=[problem for _, _, problem in over],
            )
        )

    def _scrape(self) -> None:
        if self.world.exports and not (self.world.frozen and self.now > 1):
            self._last = {
                "requests_total": float(self._done),
                "requests_failed_total": float(self._failed),
            }
        if self.world.exports:
            self.say(e.Scraped(job="gateway", ok=True, series=self._last))
        self.say(e.Scraped(job="database", ok=True, series={"connections": 10.0, "connections_max": 100.0}))
        ready = 1.0 if self.world.fails(self.now) or self.now < self.world.missing_to else 2.0
        self.say(e.Scraped(job="platform", ok=True, series={"replicas_ready": ready}))

    def _inject(self, start: float) -> None:
        begun = {event.fault for _, event in self.situation.history.of(e.FaultTriggered)}
        for name, use in self.inputs.scenario.faults.items():
            if use.after and use.after not in begun:
                continue
            if name not in begun and self.now >= start + use.at:
                at = start + use.at
                self.say(e.FaultTriggered(fault=name, planned=at, at=at), t=at)
                self.say(e.FaultInjected(fault=name, ok=True))
                self.world.triggered(at)

    def _respond(self) -> None:
        guard, self._guarding = tripped(self.situation, self._guarding, self.now)
        if guard:
            self.ended = guard
            self.say(guard)
            return
        for item in due(self.situation, self.responder, self.now):
            if isinstance(item, SawImpact):
                self.say(e.ImpactObserved(at=item.at))
            elif isinstance(item, PutBack):
                self.say(e.FaultReverting(fault=item.fault, by="runner"))
                things = oldest(self.situation.history, only=f"fault:{item.fault}")
                self.say(e.ThingsRestored(things=_plain(things), by="runner", ok=True))
                self.say(e.FaultReverted(fault=item.fault, ok=True))
                self.world.put_back(self.now)
            else:
                self.ended = item
                self.say(e.RespondEnded(reason=item.reason, detail=item.detail))
                return
        self._act()

    def _act(self) -> None:
        playbook = self.inputs.playbook
        if playbook is None:
            return
        self._bot, act = bots.step(playbook, self._bot, self.situation, self.now)
        if isinstance(act, bots.GaveUp):
            if "gave up" not in " ".join(self.words()):
                self.happened.append((round(self.now, 1), f"gave up: {act.reason}"))
        elif act is not None and act.do == "lever":
            self.pull(str(bots.words_of(act)["name"]))
        elif act is not None and act.do != "wait":
            self.say(record_of(act.do, playbook.as_, True, bots.words_of(act), self.inputs))

    def pull(self, lever: str, things: Mapping[str, Any] | None = None) -> None:
        """Pull a lever as the desk does: recipe first."""
        self._pulls += 1
        who: dict[str, Any] = {"by": "alice", "act": self._pulls, "lever": lever}
        recipe = _plain(things or {"auth": {"version": "v1.3.0"}})
        self.say(e.RecipeWritten(owner=f"lever:{self._pulls}", things=recipe))
        self.say(e.LeverBegan(**who, arguments={}))
        self.world.pulled(lever, self.now)
        self.say(e.LeverEnded(**who, ok=True, changed=True, did=lever))


def _plain(things: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {component: dict(aspects) for component, aspects in things.items()}


_WORDS: Mapping[type[Event], Any] = {
    e.BaselineJudged: lambda x: (
        "baseline held" if x.held else f"baseline did not hold: {'; '.join(x.problems)}"
    ),
    e.BaselinePostponed: lambda x: f"baseline begins again: {'; '.join(x.problems)}",
    e.FaultTriggered: lambda x: f"triggered {x.fault}",
    e.ImpactObserved: lambda _: "impact",
    e.AlertPending: lambda x: f"pending {x.monitor}",
    e.AlertFired: lambda x: f"fired {x.monitor}",
    e.AlertEnded: lambda x: f"ended {x.monitor}",
    e.MonitorBlind: lambda x: f"blind {x.monitor}",
    e.MonitorSighted: lambda x: f"sighted {x.monitor}",
    e.Acknowledged: lambda x: f"{x.by} acknowledged",
    e.Declared: lambda x: f"{x.by} declared {x.severity}",
    e.Verified: lambda x: f"{x.by} verified",
    e.Resolved: lambda x: f"{x.by} resolved",
    e.LeverBegan: lambda x: f"pulled {x.lever}",
    e.GuardTripped: lambda x: f"guard {x.guard}",
    e.FaultReverting: lambda x: f"put back {x.fault}",
    e.RespondEnded: lambda x: x.reason,
    e.ThingsRestored: lambda x: f"restored {x.things}",
}
