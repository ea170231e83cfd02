"""``gameday run --plan``: what a run would touch, from its files alone. Starts nothing and asks nobody."""

from __future__ import annotations

from typing import Any

from gameday.model.experiment import Experiment
from gameday.model.scenario import FaultUse, Impact
from gameday.report.figures import budget
from gameday.runner.order import Order
from gameday.runner.refusals import refuse_what_cannot_be_done

_LABEL = 12


def planned(order: Order, attach: str | None) -> dict[str, Any]:
    """The plan as plain data, durations in seconds.

    Raises:
        Refused: the run itself would be refused, for a reason that can be told without touching anything.
    """
    refuse_what_cannot_be_done(order)
    inputs = order.inputs
    use, load = inputs.scenario, inputs.scenario.load
    return {
        "scenario": inputs.name,
        "profile": inputs.profile,
        "stack": {
            "kind": order.stack.kind,
            "standing": attach or ("" if order.owned else next(iter(order.stack.handle().values()))),
            "kept": order.keep or not order.owned,
        },
        "load": {"users": load.users, "per_second": load.users / load.period, "timeout": load.timeout},
        "baseline": {
            "holds": use.baseline,
            "steady_state": [condition.text for condition in use.steady_state],
        },
        "faults": {
            name: _fault(fault, inputs.experiments[fault.experiment]) for name, fault in use.faults.items()
        },
        "impact": use.expect.impact.when.text if isinstance(use.expect.impact, Impact) else use.expect.impact,
        "responder": {
            "who": inputs.playbook.as_ if order.responder == "bot" and inputs.playbook else order.responder,
            "playbook": inputs.playbook_name if order.responder == "bot" else "",
            "levers": _levers(order),
        },
        "guards": [guard.text for guard in use.guards],
        "last_fault_ends": use.last_end,
    }


def _fault(fault: FaultUse, experiment: Experiment) -> dict[str, Any]:
    ours = experiment.ours
    return {
        "experiment": fault.experiment,
        "title": experiment.title,
        "at": fault.at,
        "after": fault.after,
        "ends": fault.at + fault.for_,
        "with": ours.values(fault.with_) if ours else dict(fault.with_),
        "touches": ours.touched(fault.with_) if ours else None,
        "takes": {"inject": ours.takes.inject, "revert": ours.takes.revert} if ours else None,
    }


def _levers(order: Order) -> list[str]:
    """What the script pulls; what people pull is theirs to choose."""
    playbook = order.inputs.playbook
    if order.responder != "bot" or playbook is None:
        return []
    said = [act.with_ for act in playbook.acts if act.do == "lever"]
    return [str(words.get("name")) if isinstance(words, dict) else words for words in said]


def as_text(plan: dict[str, Any]) -> str:
    """For people, a line a thing."""
    stack = plan["stack"]
    where = (
        f"the standing {stack['kind']} stack '{stack['standing']}'"
        if stack["standing"]
        else f"a fresh {stack['kind']} stack"
    )
    after = "left standing afterwards" if stack["kept"] else "taken down at the end"
    load, base, who = plan["load"], plan["baseline"], plan["responder"]
    profile = f", profile {plan['profile']}" if plan["profile"] else ""
    rows = [
        ("on", f"{where}, {after}"),
        ("load", f"{load['users']} users, {load['per_second']:g} requests/s in all"),
        (
            "baseline",
            f"{budget(base['holds'])} of {', '.join(base['steady_state'])}; else nothing is injected",
        ),
    ]
    for name, fault in plan["faults"].items():
        given = ", ".join(f"{key}={value}" for key, value in fault["with"].items())
        what = f"{fault['experiment']}{f' ({given})' if given else ''}"
        once = f", once '{fault['after']}' is in place," if fault["after"] else ""
        rows.append(
            (
                "fault",
                f"{name}: {what}, from T+{fault['at']:g} s{once} to T+{fault['ends']:g} s at the latest",
            )
        )
        touched = "nothing of the stack" if fault["touches"] == [] else ", ".join(fault["touches"] or ())
        rows.append(("  touches", touched or "not said: the experiment has no block that tells"))
    by = f"{who['who']} (scripted, {who['playbook']})" if who["playbook"] else who["who"]
    rows.append(("responder", f"{by}{': pulls ' + ', '.join(who['levers']) if who['levers'] else ''}"))
    rows.append(("stops at", ", ".join(plan["guards"]) or "no guard"))
    rows.append(
        (
            "over",
            f"{budget(plan['last_fault_ends'])} after the first injection at the latest; all is put back",
        )
    )
    lines = "\n".join(f"  {label.ljust(_LABEL)}{text}" for label, text in rows)
    return f"{plan['scenario']}{profile}: what a run would do. Nothing was touched.\n{lines}"
