"""The proxy as somebody starts it."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

PROGRAM = [sys.executable, "-m", "gameday.faults.proxy"]


def ended(*options: str) -> tuple[int, str]:
    """Exit code and what it said."""
    done = subprocess.run([*PROGRAM, *options], capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_when_asked(tmp_path: Path, number: signal.Signals) -> None:
    """Port 0 is a free one, the first line names it, the configured proxies stand, and a signal is exit 0."""
    config = tmp_path / "proxies.json"
    config.write_text(json.dumps([{"name": "db", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}]))
    command = [*PROGRAM, "--port", "0", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        url = line.removeprefix("fault proxy on ").strip()
        with urllib.request.urlopen(f"{url}/proxies") as answer:  # noqa: S310 - our own server
            listen = json.load(answer)["db"]["listen"].rsplit(":", 1)
        with socket.create_connection((listen[0], int(listen[1])), timeout=5):
            process.send_signal(number)
            assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_a_port_in_use_is_a_sentence() -> None:
    """Exit 3, and the address in the words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert ended("--port", str(port)) == (
            3,
            f"gameday: the fault proxy cannot listen on 127.0.0.1:{port}: address already in use\n",
        )


def test_a_configured_proxy_that_cannot_listen_is_a_sentence(tmp_path: Path) -> None:
    """Exit 3 before anything else is served."""
    config = tmp_path / "proxies.json"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        config.write_text(json.dumps([{"name": "db", "listen": listen, "upstream": "127.0.0.1:9"}]))
        code, said = ended("--port", "0", "--config", str(config))

    assert code == 3
    assert said == f"gameday: the fault proxy cannot start: listen tcp: {listen}: address already in use\n"


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("", "1:1", "is not JSON"),
        ('[\n  {"name": }]', "2:12", "is not JSON"),
        ("[" * 100_000, "1:1", "is nested too deeply"),
        ("[]\n[]", "2:1", "something follows the list"),
        ("{}", "1:1", "must be a list"),
        ('[{"name": "x"}]', "1:1", "missing required field: upstream at proxy 1"),
        ('[{"name": "x", "upstream": 5}]', "1:1", "proxy 1.upstream must be a string"),
    ],
)
def test_a_bad_configuration_is_located(tmp_path: Path, text: str, where: str, words: str) -> None:
    """Exit 2 with file, line and column."""
    config = tmp_path / "proxies.json"
    config.write_text(text)
    code, said = ended("--port", "0", "--config", str(config))

    assert code == 2
    assert said.startswith(f"gameday: {config}:{where}: ")
    assert words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(("option", "value"), [("--config", "no/such/file"), ("--port", "70000")])
def test_bad_options_are_exit_2(option: str, value: str) -> None:
    """No traceback for a file that is not there or a port that is none."""
    code, said = ended("--port", "0", option, value)

    assert code == 2
    assert value in said
    assert "Traceback" not in said


def test_running_out_of_descriptors_is_weathered() -> None:
    """Clients beyond the limit wait; when others have gone, it goes on."""
    with (
        socket.create_server(("127.0.0.1", 0)) as upstream,
        subprocess.Popen([*PROGRAM, "--port", "0"], stdout=subprocess.PIPE, text=True) as process,
        ExitStack() as clients,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("fault proxy on ").strip()
        given = {"name": "x", "upstream": f"127.0.0.1:{upstream.getsockname()[1]}", "listen": "127.0.0.1:0"}
        with urllib.request.urlopen(f"{url}/proxies", json.dumps(given).encode()) as answer:  # noqa: S310 - our own
            port = int(json.load(answer)["listen"].rsplit(":", 1)[1])
        limit = len(list(Path(f"/proc/{process.pid}/fd").iterdir())) + 5
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        for _ in range(8):
            clients.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        time.sleep(0.3)
        busy = psutil.Process(process.pid).cpu_times().user
        time.sleep(0.3)
        assert psutil.Process(process.pid).cpu_times().user - busy < 0.2
        clients.close()
        upstream.settimeout(5)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"on")
            seen = b""
            while seen != b"on":
                with upstream.accept()[0] as dialled:
                    seen = dialled.recv(2)
        process.terminate()
        assert process.wait(10) == 0
