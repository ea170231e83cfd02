"""Commands and HTTP calls of a team's own: done within their time, their answer as text. No shell, no guessing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from gameday.errors import InputError, StackError
from gameday.model.external import Act

_LAST = 400
"""Characters of an error's end that are told."""


async def do(act: Act, arguments: Mapping[str, str], folder: Path) -> str:
    """Do it and give its answer. Raises StackError where it failed, or took too long."""
    try:
        async with asyncio.timeout(act.within):
            text = await (_command(act, arguments, folder) if act.run else _call(act, arguments))
    except TimeoutError:
        raise StackError(f"{shown(act, arguments)} took longer than {act.within:g} s") from None
    return _found(_filled(act.at, arguments), text, shown(act, arguments)) if act.at else text.strip()


def shown(act: Act, arguments: Mapping[str, str]) -> str:
    """The act as people would type it, without its token."""
    if act.run:
        return " ".join(_filled(act.run, arguments))
    return str(_filled(act.http, arguments))


def token_of(variable: str | None) -> str:
    """What a variable holds. Raises InputError where it is not set."""
    if variable is None:
        return ""
    if not os.environ.get(variable):
        raise InputError(f"the variable {variable} is not set; export it before the run")
    return os.environ[variable]


def _filled(value: Any, arguments: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in arguments.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, Mapping):
        return {key: _filled(inner, arguments) for key, inner in value.items()}
    return [_filled(inner, arguments) for inner in value] if isinstance(value, list) else value


async def _command(act: Act, arguments: Mapping[str, str], folder: Path) -> str:
    words = _filled(act.run, arguments)
    program = str((folder / words[0]).resolve()) if "/" in words[0] else words[0]
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *words[1:],
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as problem:
        raise StackError(f"{' '.join(words)} could not be started: {problem.strerror}") from problem
    try:
        out, err = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.returncode != 0:
        said = " ".join(err.decode(errors="replace").split())[-_LAST:]
        raise StackError(f"{' '.join(words)} ended with {process.returncode}: {said or 'it said nothing'}")
    return out.decode(errors="replace")


async def _call(act: Act, arguments: Mapping[str, str]) -> str:
    method, _, url = str(_filled(act.http, arguments)).partition(" ")
    token = token_of(act.token_env)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = _filled(act.json_, arguments)
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.request(method, url, json=body) as answer,
        ):
            text = await answer.text()
    except (aiohttp.ClientError, OSError) as problem:
        raise StackError(f"{method} {url}: {problem}") from problem
    if not answer.ok:
        raise StackError(f"{method} {url} answered {answer.status}: {' '.join(text.split())[:_LAST]}")
    return text


def _found(at: list[str], text: str, what: str) -> str:
    try:
        value = json.loads(text)
        for step in at:
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (ValueError, KeyError, IndexError, TypeError):
        raise StackError(f"{what}: there is no '{'.'.join(at)}' in its answer: {text[:_LAST]}") from None
    return value if isinstance(value, str) else json.dumps(value)
