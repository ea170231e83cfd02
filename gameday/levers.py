"""How a pull of a lever is written, at the command line, at the desk and in playbooks alike.

The words after the lever's name: the first bare word is its main parameter (service, flag or dependency), the
others are ``NAME=VALUE``::

    rollback auth                    disable-flag new-login-flow          scale auth replicas=3
    set-config auth pool_max=20      terminate-connections idle_for=5s    breaker identity-provider state=open

Knows the grammar and the names a lever declares; what the values may be, the stack says.
"""

from __future__ import annotations

from collections.abc import Sequence

from gameday.errors import InputError
from gameday.model.quantities import nearest
from gameday.ports import LeverCall, LeverSpec

MAIN_PARAMETERS = ("service", "flag", "dependency")


def find_lever(name: str, specs: Sequence[LeverSpec]) -> LeverSpec:
    """The lever of this name. Raises InputError with the nearest one that there is."""
    for spec in specs:
        if spec.name == name:
            return spec
    raise InputError(f"there is no lever '{name}'{nearest(name, [spec.name for spec in specs])}")


def check_names(call: LeverCall, specs: Sequence[LeverSpec]) -> LeverSpec:
    """The call's lever, after a look at its name and its arguments' names. Raises InputError."""
    spec = find_lever(call.name, specs)
    for name in call.arguments:
        if name not in spec.parameters:
            known = ", ".join(spec.parameters)
            raise InputError(
                f"lever {call.name} has no parameter '{name}'{nearest(name, list(spec.parameters))} "
                f"(it has {known}; for example: {spec.example})"
            )
    return spec


def read_call(words: Sequence[str], specs: Sequence[LeverSpec]) -> LeverCall:
    """The pull that these words ask for: the lever's name, then its arguments.

    Raises:
        InputError: no such lever or parameter, a second bare word, or a parameter given twice.
    """
    if not words:
        raise InputError(f"name a lever: {', '.join(spec.name for spec in specs)}")
    name, *rest = words
    spec = find_lever(name, specs)
    main = next((parameter for parameter in spec.parameters if parameter in MAIN_PARAMETERS), None)
    arguments: dict[str, str] = {}
    for word in rest:
        left, equals, right = word.partition("=")
        parameter, value = (left, right) if equals else (main, word)
        if parameter is None or (not equals and parameter in arguments):
            raise InputError(f"lever {name}: write '{word}' as NAME=VALUE (for example: {spec.example})")
        if parameter in arguments:
            raise InputError(f"lever {name}: {parameter} is given twice")
        arguments[parameter] = value
    call = LeverCall(name, arguments)
    check_names(call, specs)
    return call
