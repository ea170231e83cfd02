"""What ``gameday run`` is asked to do: one order for each scenario, all read before one begins."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gameday.errors import InputError

if TYPE_CHECKING:
    from gameday.catalog import Catalog
    from gameday.load.driver import Address
    from gameday.runner.order import Order


def tagged(catalog: Catalog, tags: Sequence[str]) -> list[str]:
    """The scenarios that have one of these tags; raises InputError where there is none."""
    from gameday.catalog import Kind

    if not tags:
        return []
    found = []
    for name in catalog.names(Kind.SCENARIO):
        scenario = catalog.read(Kind.SCENARIO, catalog.path(Kind.SCENARIO, name)).reading.model
        if scenario and set(tags) & set(scenario.tags):
            found.append(name)
    if not found:
        raise InputError(f"no scenario has the tag {' or '.join(tags)}")
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """What the options say, the same for every scenario of one call."""

    kind: str
    attach: str | None = None
    keep: bool = False
    responder: str | None = None
    profile: str | None = None
    playbook: str | None = None
    out: Path = Path("runs")
    seed: int | None = None
    as_json: bool = False
    quiet: bool = False
    not_production: tuple[str, ...] = ()
    load_master: Address | None = None

    def words(self, name: str, run: str) -> list[str]:
        """The command line that runs one scenario in this way."""
        valued = {
            "--attach": self.attach,
            "--responder": self.responder,
            "--profile": self.profile,
            "--playbook": self.playbook,
            "--seed": self.seed,
            "--load-master": "{}:{}".format(*self.load_master) if self.load_master else None,
        }
        said = {"--keep": self.keep, "--json": self.as_json, "--quiet": self.quiet}
        return [
            *("run", "--id", run, "--stack", self.kind, "--out", str(self.out)),
            *(word for key, value in valued.items() if value is not None for word in (key, str(value))),
            *(key for key, asked in said.items() if asked),
            *(word for target in self.not_production for word in ("--not-production", target)),
            *("--", name),
        ]


def orders(catalog: Catalog, names: Sequence[str], choice: Choice) -> list[Order]:
    """What each scenario asks for; raises InputError with the problems of all of them."""
    found, problems = [], []
    for name in names:
        try:
            found.append(_order(catalog, name, choice))
        except InputError as wrong:
            problems += [problem for problem in wrong.problems if problem not in problems]
    if problems:
        raise InputError(problems)
    return found


def _order(catalog: Catalog, name: str, choice: Choice) -> Order:
    from gameday.cli import stacks
    from gameday.runner.order import Order

    config = catalog.config()
    external = catalog.external(config)
    clusters = config.targets.kubernetes
    stack = stacks.chosen(choice.kind, choice.attach, external, clusters)
    loaded = catalog.load(name, profile=choice.profile, stack=stack.kind, playbook=choice.playbook)
    use = loaded.inputs.scenario
    if use.last_end > config.limits.longest:
        raise InputError(
            f"{name}: the last fault ends after {use.last_end:g} s, but the project allows "
            f"{config.limits.longest:g} s; raise longest in [limits] of gameday.toml, or shorten the fault"
        )
    if len(use.faults) > config.limits.faults_at_once:
        raise InputError(
            f"{name}: {len(use.faults)} faults, but the project allows {config.limits.faults_at_once}; "
            "raise faults_at_once in [limits] of gameday.toml"
        )
    who = choice.responder or ("bot" if loaded.inputs.playbook else "people")
    if who == "bot" and loaded.inputs.playbook is None:
        raise InputError(f"{name}: --responder bot needs a playbook; name one with --playbook")
    return Order(
        inputs=loaded.inputs,
        raw=loaded.raw,
        digests=loaded.digests,
        locustfile=loaded.paths["locustfile"],
        stack=stack,
        owned=choice.attach is None and stack.kind != "external",
        keep=choice.keep,
        responder=who,  # type: ignore[arg-type]  # click.Choice has checked it
        out=choice.out,
        seed=secrets.randbits(31) if choice.seed is None else choice.seed,
        allowed=(
            *config.targets.stacks,
            *(("external",) if external else ()),
            *(("kubernetes",) if clusters else ()),
        ),
        not_production=choice.not_production,
        load_master=choice.load_master,
    )
