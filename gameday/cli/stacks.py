"""Which adapter is which stack, and where standing stacks of this user are remembered."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from gameday.errors import InputError, Refused
from gameday.live import state_home
from gameday.ports import Stack

if TYPE_CHECKING:
    from gameday.model.config import Cluster

DEFAULT_NAME = "staging"
KINDS = ("local", "compose", "kubernetes", "external")
"""Those of this version."""
OURS = ("local", "compose", "kubernetes")
"""Those that gameday brings up itself."""


def fresh(kind: str, logs: Path | None = None) -> Stack:
    """A stack of a kind, not yet up, in a folder of its own.

    Raises:
        Refused: there is no such stack in this version.
    """
    _refuse_unknown(kind)
    if kind == "compose":
        from gameday.stacks.compose.adapter import ComposeStack

        return ComposeStack()
    if kind == "external":
        raise InputError(
            "an external stack is never brought up; say which one: --stack external --attach FILE"
        )
    if kind == "kubernetes":
        raise InputError(
            "a namespace is never chosen by silence; kubernetes in [targets] of gameday.toml says which"
        )
    from gameday.stacks.local.adapter import LocalStack

    return LocalStack(Path(tempfile.gettempdir()) / f"gameday-{secrets.token_hex(4)}", logs=logs)


def again(kind: str, handle: Mapping[str, str]) -> Stack:
    """The stack that a run's log or the list of standing stacks names, not yet attached."""
    _refuse_unknown(kind)
    if kind == "compose":
        from gameday.stacks.compose.adapter import ComposeStack

        return ComposeStack.from_handle(handle)
    if kind == "external":
        return _external(Path(handle["file"]))
    if kind == "kubernetes":
        from gameday.stacks.kubernetes.adapter import KubernetesStack

        _refuse_without_libraries()
        return KubernetesStack.from_handle(handle)
    from gameday.stacks.local.adapter import LocalStack

    return LocalStack.from_handle(handle)


def _refuse_unknown(kind: str) -> None:
    if kind not in KINDS:
        raise Refused(f"stack '{kind}' is not available in this version; there are: {', '.join(KINDS)}")


def _file(name: str) -> Path:
    if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-_"):
        raise InputError(f"'{name}' is no name for a stack: lower case, digits, - and _")
    return state_home() / "stacks" / f"{name}.json"


def remember(name: str, stack: Stack) -> None:
    """Note a standing stack under a name. Raises InputError where the name is taken."""
    path = _file(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(
            f"a stack '{name}' stands already; take it down with: gameday stack down {name}"
        ) from None
    with os.fdopen(descriptor, "w") as file:
        json.dump({"kind": stack.kind, "handle": dict(stack.handle())}, file)


def _external(file: Path) -> Stack:
    from gameday.places import Kind
    from gameday.shelf import Shelf
    from gameday.stacks.external.adapter import ExternalStack

    reading = Shelf().read(Kind.STACK, file).reading
    if reading.model is None:
        raise InputError(reading.problems)
    return ExternalStack(file, reading.model)


def _refuse_without_libraries() -> None:
    missing = [name for name in ("kubernetes_asyncio", "chaosk8s") if util.find_spec(name) is None]
    if missing:
        raise Refused(
            f"the kubernetes stack needs {' and '.join(missing)}: pip install 'gameday-runner[kubernetes]'"
        )


def namespace(name: str | None, allowed: Sequence[Cluster]) -> Stack:
    """Of the namespaces that the project allows: the one of this name (or ``CONTEXT/NAMESPACE``); else the only one.

    Raises:
        InputError: there are several, or none.
        Refused: this one is not among them, or what the stack needs is not installed.
    """
    from gameday.stacks.kubernetes.adapter import KubernetesStack

    cluster = _allowed_namespace(name, allowed)
    _refuse_without_libraries()
    return KubernetesStack(
        cluster.context,
        cluster.namespace,
        nodes=cluster.nodes,
        addresses={str(service): place for service, place in cluster.addresses.items()},
        alerting=cluster.alerting,
        registry=cluster.registry or "",
    )


def chosen(
    kind: str, name: str | None, allowed: Sequence[Path] = (), clusters: Sequence[Cluster] = ()
) -> Stack:
    """What ``--stack`` and ``--attach`` mean, not yet up or attached: a fresh one, or one that stands.

    A compose project that somebody else has brought up is attached to by its name. An external stack is a file of
    those that the project allows; where it allows one only, that one.

    Raises:
        InputError: there is no such stack.
        Refused: the project does not allow it.
    """
    if kind == "external":
        return _external(_allowed(name, allowed))
    if kind == "kubernetes" and name not in names():
        return namespace(name, clusters)
    if name is None:
        return fresh(kind)
    if kind == "compose" and name not in names():
        return again(kind, {"project": name})
    stack = recall(name)
    if (
        stack.kind == "kubernetes"
    ):  # it may have been brought up from another project, which allows other ones
        return namespace("{context}/{namespace}".format(**stack.handle()), clusters)
    return stack


def _allowed(name: str | None, allowed: Sequence[Path]) -> Path:
    if name is None:
        if len(allowed) != 1:
            known = ", ".join(file.stem for file in allowed) or "gameday.toml allows none"
            raise InputError(f"which external stack? say --attach NAME ({known})")
        return allowed[0]
    for file in allowed:
        if name == file.stem or Path(name).resolve() == file.resolve():
            return file
    raise Refused(
        f"'{name}' is not among the allowed external stacks ({', '.join(file.stem for file in allowed) or 'none'}); "
        "external in [targets] of gameday.toml says which files are"
    )


def _allowed_namespace(name: str | None, allowed: Sequence[Cluster]) -> Cluster:
    """Of those that the project allows: the one of this name (or ``CONTEXT/NAMESPACE``); else the only one."""
    known = ", ".join(f"{each.context}/{each.namespace}" for each in allowed) or "gameday.toml allows none"
    found = [each for each in allowed if name in {None, each.namespace, f"{each.context}/{each.namespace}"}]
    if len(found) == 1:
        return found[0]
    if name is None:
        raise InputError(
            f"which namespace? say --attach NAMESPACE (stack up: --in NAMESPACE), of those in gameday.toml ({known})"
        )
    if found:
        raise InputError(f"which context? say CONTEXT/NAMESPACE ({known})")
    raise Refused(
        f"'{name}' is not among the allowed namespaces ({known}); kubernetes in [targets] of gameday.toml says which"
    )


def recall(name: str) -> Stack:
    """The standing stack of a name, not yet attached. Raises InputError if none is noted."""
    path = _file(name)
    if not path.is_file():
        others = f" (there are {', '.join(names())})" if names() else ""
        raise InputError(f"no stack '{name}' stands{others}; bring one up with: gameday stack up {name}")
    noted = json.loads(path.read_text())
    return again(noted["kind"], noted["handle"])


def meant(name: str | None) -> str:
    """The stack that a person means: the one named, else the only one that stands, else the usual name."""
    if name:
        return name
    standing = names()
    if len(standing) > 1:
        raise InputError(f"which stack? {', '.join(standing)} stand")
    return standing[0] if standing else DEFAULT_NAME


def forget(name: str) -> None:
    """Remove a note. Idempotent."""
    path = _file(name)
    path.unlink(missing_ok=True)
    for folder in (path.parent, state_home()):
        try:
            folder.rmdir()
        except OSError:
            return


def names() -> list[str]:
    """The noted stacks."""
    return sorted(path.stem for path in (state_home() / "stacks").glob("*.json"))
