"""Whatever happens in a run: it ends in time, and all that was touched goes back to what it was."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gameday import events as e
from gameday.events import Record
from gameday.history import History
from gameday.plan import EndRespond
from gameday.recovery import differences, in_words, oldest, restorations, taken_before
from tests.simulate.driver import BEFORE, GameDay, World, raw

INVENTORY: dict[str, dict[str, Any]] = {
    "auth": {"version": "v1", "replicas": 2, "flag.new": False},
    "database": {"proxy.toxics": {}, "primary": "running"},
    "identity-provider": {"proxy.toxics": {}},
}
THINGS = [(component, aspect) for component, aspects in INVENTORY.items() for aspect in aspects]

touched = st.sets(st.sampled_from(THINGS), min_size=1)
deeds = st.lists(
    st.tuples(st.sampled_from(["fault", "lever"]), touched, st.integers(0, 3), st.booleans()), max_size=12
)


class Run:
    """A log, and the state of a stack that its recipes and deeds are about."""

    def __init__(self) -> None:
        self.history = History()
        self.state = copy.deepcopy(INVENTORY)
        self.say(e.InventoryTaken(when="before", things=INVENTORY))

    def say(self, event: e.Event) -> None:
        """One more record."""
        seq = len(self.history) + 1
        self.history = self.history.append(Record(seq=seq, t=seq, wall="", source="", event=event))

    def touch(self, owner: str, things: set[tuple[str, str]], value: int) -> None:
        """Write the recipe, then change the things, all or only the first of them."""
        recipe: dict[str, dict[str, Any]] = {}
        for component, aspect in sorted(things):
            recipe.setdefault(component, {})[aspect] = self.state[component][aspect]
        self.say(e.RecipeWritten(owner=owner, things=recipe))
        for component, aspect in things:
            self.state[component][aspect] = f"state {value}"

    def recover(self) -> None:
        """What the runner does at the end."""
        for restoration in restorations(self.history):
            for component, aspects in restoration.things.items():
                self.state[component].update(aspects)


@given(deeds)
def test_any_sequence_of_faults_and_levers_ends_with_the_inventory_of_before(
    happened: list[tuple[str, set[tuple[str, str]], int, bool]],
) -> None:
    """Each touched thing goes back once, to its oldest state; a second time nothing is left to do."""
    run = Run()
    for number, (kind, things, value, put_back) in enumerate(happened):
        run.touch(f"{kind}:{number}", things, value)
        if kind == "fault" and put_back:
            for component, aspects in oldest(run.history, only=f"fault:{number}").items():
                run.state[component].update(aspects)
            run.say(e.FaultReverted(fault=str(number), ok=True))

    once = [
        (component, aspect)
        for restoration in restorations(run.history)
        for component, aspects in restoration.things.items()
        for aspect in aspects
    ]
    run.recover()

    before = taken_before(run.history)
    assert before is not None
    assert run.state == INVENTORY
    assert differences(before, run.state) == {}
    assert len(once) == len(set(once))
    assert set(once) == {thing for _, things, _, _ in happened for thing in things}


@given(deeds)
def test_faults_are_put_back_before_levers_and_the_newest_first(
    happened: list[tuple[str, set[tuple[str, str]], int, bool]],
) -> None:
    """The order of recovery: what faults touched, newest first; then what only levers touched, newest first."""
    run = Run()
    for number, (kind, things, value, _) in enumerate(happened):
        run.touch(f"{kind}:{number}", things, value)

    order = [restoration.owner.partition(":") for restoration in restorations(run.history)]

    assert order == sorted(order, key=lambda owner: (owner[0] != "fault", -int(owner[2])))


@given(st.dictionaries(st.sampled_from(THINGS), st.integers(0, 3)))
def test_what_is_different_is_named(changes: dict[tuple[str, str], int]) -> None:
    """Every thing that is not as before is in the differences, with the state it should have, and in words."""
    after = copy.deepcopy(INVENTORY)
    for (component, aspect), value in changes.items():
        after[component][aspect] = f"state {value}"

    left = differences(INVENTORY, after)

    assert {(component, aspect) for component in left for aspect in left[component]} == set(changes)
    assert all(left[component][aspect] == INVENTORY[component][aspect] for component, aspect in changes)
    assert len(in_words(left, after)) == len(changes)


seconds = st.integers(0, 12).map(float)


@example(
    faults=[(0, 1), (0, 2)], hurts=0.0, mends={}, relapse=None, pulls=[], responder="bot", impact="allowed"
)
@settings(max_examples=25)
@given(
    faults=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), min_size=1, max_size=3),
    hurts=st.none() | seconds,
    mends=st.dictionaries(st.sampled_from(["rollback", "restart"]), seconds),
    relapse=st.none() | seconds,
    pulls=st.lists(st.tuples(st.sampled_from(["rollback", "restart"]), st.integers(0, 5)), max_size=3),
    responder=st.sampled_from(["bot", "people", "none"]),
    impact=st.sampled_from(["none", "allowed", {"when": "error_rate > 10%", "within": "5s"}]),
)
def test_every_run_ends_in_its_time(  # noqa: PLR0917 - what a run is made of
    faults: list[tuple[int, int]],
    hurts: float | None,
    mends: dict[str, float],
    relapse: float | None,
    pulls: list[tuple[str, int]],
    responder: str,
    impact: Any,
) -> None:
    """Respond ends once, by the last fault's time at the latest, for a reason that the log bears out."""
    uses = {
        f"f{number}": {"experiment": "bad-release", "at": f"{at}s", "for": f"{lasts}s"}
        for number, (at, lasts) in enumerate(faults)
    }
    acts = [{"do": "lever", "after": f"{after}s", "with": {"name": name}} for name, after in pulls]
    relapses = {} if relapse is None else dict.fromkeys(mends, relapse)
    world = World(hurts_after=hurts, mends=mends, relapses=relapses)

    day = GameDay(raw(faults=uses, acts=acts, expect={"impact": impact}), world, responder).play()

    start = day.situation.plan_start
    assert start is not None
    assert isinstance(day.ended, EndRespond)
    assert day.now <= start + day.inputs.scenario.last_end + 0.2
    put_back = [word for word in day.words() if word.startswith("put back")]
    assert len(put_back) == len(set(put_back))
    if day.ended.reason == "mitigated":
        assert not any(day.world.fails(day.now - second / 10) for second in range(49))
        assert not any(day.now < start + use.at for use in day.inputs.scenario.faults.values())
    restored = [event.things for _, event in day.situation.history.of(e.ThingsRestored)]
    assert {"auth": dict(BEFORE["auth"])} in restored
