"""Which system a run means, and whether the project allows it: told from the files, before anything is asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gameday.cli.program import app
from gameday.errors import InputError, Refused


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project for a staging system of one's own."""
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init", ".", "--external"]).exit_code == 0
    return tmp_path


def plan(*words: str) -> Result:
    """What a run with these words would do."""
    return CliRunner().invoke(app, ["run", "first-game-day", "--stack", "external", "--plan", *words])


def test_the_one_that_is_allowed_needs_no_name(project: Path) -> None:
    """By itself, by its name and by its path: the same; it is left as it is afterwards."""
    for words in ((), ("--attach", "ours"), ("--attach", "staging/ours.yaml")):
        found = plan(*words)
        assert found.exit_code == 0, found.output
        assert "on          the standing external stack" in found.output
        assert "left standing afterwards" in found.output
        assert "touches   identity-provider" in found.output


def test_of_several_one_must_be_named(project: Path) -> None:
    """The names are told."""
    shutil.copy(project / "staging" / "ours.yaml", project / "staging" / "theirs.yaml")
    config = project / "gameday.toml"
    config.write_text(
        config.read_text().replace('["staging/ours.yaml"]', '["staging/ours.yaml", "staging/theirs.yaml"]')
    )

    assert isinstance(plan().exception, InputError)
    assert "say --attach NAME (ours, theirs)" in str(plan().exception)
    assert plan("--attach", "theirs").exit_code == 0


def test_what_is_not_allowed_is_refused(project: Path) -> None:
    """A file that the project does not name, and any at all where it names none."""
    other = plan("--attach", "staging/other.yaml")
    assert isinstance(other.exception, Refused)
    assert "is not among the allowed external stacks (ours)" in str(other.exception)

    (project / "gameday.toml").write_text('[targets]\nstacks = ["local"]\n')
    assert isinstance(plan().exception, InputError)
    assert "gameday.toml allows none" in str(plan().exception)


def test_a_mistake_in_its_file_is_located(project: Path) -> None:
    """Line and column, and nothing is asked of anybody."""
    file = project / "staging" / "ours.yaml"
    file.write_text(file.read_text().replace("gateway: http://", "gateway: ftp://"))

    found = plan().exception

    assert isinstance(found, InputError)
    assert "staging/ours.yaml:" in str(found)
    assert "is no address; write it as http://host:port" in str(found)


def namespaces(folder: Path, *rows: str) -> Result:
    """What a run on a cluster would do, where a project allows these namespaces."""
    allowed = ", ".join(
        f'{{ context = "{row.partition("/")[0]}", namespace = "{row.partition("/")[2]}" }}' for row in rows
    )
    (folder / "gameday.toml").write_text(f'[targets]\nstacks = ["local"]\nkubernetes = [{allowed}]\n')
    return CliRunner().invoke(app, ["run", "identity-latency", "--stack", "kubernetes", "--plan"])


def test_a_namespace_is_never_taken_by_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None allowed, or several, and none named: said, with what there is; one alone needs no name."""
    monkeypatch.chdir(tmp_path)

    none = namespaces(tmp_path).exception
    assert isinstance(none, InputError)
    assert "gameday.toml allows none" in str(none)
    several = namespaces(tmp_path, "kind/one", "kind/two").exception
    assert isinstance(several, InputError)
    assert "kind/one, kind/two" in str(several)
    assert namespaces(tmp_path, "kind/one").exit_code == 0


def test_a_namespace_that_is_not_allowed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name; of one name in two contexts, the context must be said."""
    monkeypatch.chdir(tmp_path)
    namespaces(tmp_path, "kind/one", "other/one", "kind/two")

    def attach(name: str) -> Result:
        words = ["run", "identity-latency", "--stack", "kubernetes", "--attach", name, "--plan"]
        return CliRunner().invoke(app, words)

    assert isinstance(attach("three").exception, Refused)
    assert "CONTEXT/NAMESPACE" in str(attach("one").exception)
    for name in ("other/one", "two"):
        found = attach(name)
        assert found.exit_code == 0, found.output


def test_a_missing_library_is_said_with_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra of the package, before anything is asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gameday.cli.stacks.util.find_spec", lambda _: None)

    found = namespaces(tmp_path, "kind/one").exception

    assert isinstance(found, Refused)
    assert "pip install 'gameday-runner[kubernetes]'" in str(found)


def bring_up(folder: Path, rows: str, *more: str) -> BaseException | None:
    """What `gameday stack up --stack kubernetes` says, where a project has these rows."""
    (folder / "gameday.toml").write_text(f"[targets]\nkubernetes = [{rows}]\n")
    return CliRunner().invoke(app, ["stack", "up", "--stack", "kubernetes", *more]).exception


def test_a_stack_is_brought_up_in_an_allowed_namespace_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same rules as for a run; nothing is noted where it is refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    two = '{context = "kind", namespace = "one"}, {context = "kind", namespace = "two"}'
    live = '{context = "prod-eu", namespace = "one"}'

    refused = [bring_up(tmp_path, two), bring_up(tmp_path, two, "--in", "three"), bring_up(tmp_path, live)]

    assert [type(one) for one in refused] == [InputError, Refused, Refused]
    assert [str(one).split(" ")[0] for one in refused] == ["which", "'three'", "'prod-eu'"]
    assert "--not-production prod-eu" in str(refused[2])
    assert not (tmp_path / "state").exists()


def test_without_a_kubeconfig_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the file that was looked for; the note of the stack is taken back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    found = bring_up(tmp_path, '{context = "kind", namespace = "one"}')

    assert str(found) == (
        "context kind: there is no kubeconfig at /nowhere/config; KUBECONFIG says where one is"
    )
    assert list((tmp_path / "state").iterdir()) == []


def test_a_kubeconfig_of_several_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """chaosk8s takes the list for one name, finds no such file and asks this machine instead."""
    (tmp_path / "one").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'one'}:{tmp_path / 'two'}")

    found = bring_up(tmp_path, '{context = "kind", namespace = "one"}')

    assert "chaostoolkit-kubernetes reads only one" in str(found)
    assert "kubectl --context kind config view --flatten --minify" in str(found)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            'addresses = {gateway = "staging.example"}',
            "'staging.example' is neither host:port nor http://host:port",
        ),
        ('addresses = {gateway = "ftp://a:80"}', "'ftp://a:80' is neither"),
        ('addresses = {platform = "a:70000"}', "'a:70000' is neither"),
        ('addresses = {gatway = "a:80"}', "gatway"),
        ('node = ["a"]', "unknown key 'node'"),
    ],
)
def test_what_a_namespace_s_row_may_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, said: str
) -> None:
    """Located, with what is wrong."""
    monkeypatch.chdir(tmp_path)

    found = bring_up(tmp_path, f'{{context = "kind", namespace = "one", {row}}}')

    assert isinstance(found, InputError)
    assert "gameday.toml:2:" in str(found)
    assert said in str(found)
