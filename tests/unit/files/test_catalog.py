"""Names in, paths, data and models out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from gameday.catalog import Catalog
from gameday.errors import ExitCode, InputError
from gameday.model.inputs import Inputs
from gameday.places import Kind

ROOT = Path(__file__).resolve().parents[3]
LEAK = "leak"
SAMPLE = "auth-connection-leak"

Edit = Callable[[str, str, str], None]


def problems(project: Path, scenario: str = LEAK, **options: str) -> list[str]:
    """What keeps a scenario from being loaded."""
    with pytest.raises(InputError) as raised:
        Catalog(project).load(scenario, **options)
    assert raised.value.exit_code is ExitCode.BAD_INPUT
    return [str(problem) for problem in raised.value.problems]


def test_a_scenario_brings_all_that_it_names() -> None:
    """Its data, models, digests and paths; the plain data makes the same inputs again."""
    loaded = Catalog().load(SAMPLE)

    assert loaded.inputs == Inputs.of(loaded.raw)
    assert loaded.inputs.name == SAMPLE
    assert loaded.inputs.runbook_name == "database-connection-exhaustion"
    assert loaded.inputs.playbook_name == "roll-back-the-release"
    assert set(loaded.inputs.experiments) == {"bad-release"}
    assert loaded.paths["locustfile"] == ROOT / "scenarios/load/logins.py"
    assert loaded.digests.keys() == loaded.paths.keys()
    for key, path in loaded.paths.items():
        assert loaded.digests[key] == sha256(path.read_bytes()).hexdigest()


def test_values_are_kept_as_written() -> None:
    """The log stores what the person wrote, not what we made of it."""
    raw = Catalog().load(SAMPLE).raw

    assert raw["scenario"]["load"]["timeout"] == "2s"
    assert raw["scenario"]["expect"]["impact"]["when"] == "error_rate > 10%"
    assert raw["system"]["slo"]["availability"] == "99.9%"


def test_a_profile_is_merged_and_named() -> None:
    """The card says at which pace it was played."""
    loaded = Catalog().load(SAMPLE, profile="gameday")

    assert loaded.inputs.profile == "gameday"
    assert loaded.inputs.scenario.baseline == 120
    assert loaded.raw["profile"] == "gameday"


def test_another_playbook_by_name_or_path(project: Path) -> None:
    """As typed at the command line."""
    (project / "mine.yaml").write_text("as: bob\nacts: []\n")
    catalog = Catalog(project)

    assert catalog.load(LEAK, playbook="mine.yaml").inputs.playbook_name == "mine"
    by_name = catalog.load(LEAK, playbook="controls/noop-auth-connection-leak").inputs
    assert by_name.playbook_name == "noop-auth-connection-leak"


def test_the_nearest_project_hides_the_library(
    project: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any folder below it; what it does not have comes from the library."""
    edit("scenarios/systems/auth.yaml", "title: Sign-in", "title: Our own sign-in")
    shutil.rmtree(project / "scorecards")
    monkeypatch.chdir(project / "scenarios" / "load")
    loaded = Catalog().load(LEAK)

    assert loaded.inputs.system.title == "Our own sign-in"
    assert loaded.paths["rubric"] == ROOT / "scorecards/standard.yaml"


def test_a_scenario_given_by_path_sees_its_own_project(project: Path, edit: Edit, tmp_path: Path) -> None:
    """Wherever one stands."""
    edit("scenarios/systems/auth.yaml", "title: Sign-in", "title: Our own sign-in")
    path = project / "scenarios" / f"{LEAK}.yaml"

    assert Catalog(tmp_path).load(path).inputs.system.title == "Our own sign-in"


def test_gameday_toml_makes_a_project(tmp_path: Path) -> None:
    """Also without experiments of its own."""
    (tmp_path / "gameday.toml").write_text("[limits]\nfaults_at_once = 1\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    catalog = Catalog(tmp_path / "deep" / "er")

    assert catalog.roots()[0] == tmp_path
    assert catalog.config().limits.faults_at_once == 1


def test_without_rules_there_are_defaults(tmp_path: Path) -> None:
    """Local and compose, three faults, an hour."""
    config = Catalog(tmp_path).config()

    assert config.targets.stacks == ["local", "compose"]
    assert (config.limits.faults_at_once, config.limits.longest) == (3, 3600)


def test_an_experiment_has_variants_by_stack(project: Path) -> None:
    """One name in the scenario; the stack picks the file, and lists do not show it."""
    ours = project / "experiments" / "bad-release.yaml"
    variant = ours.with_name("bad-release.kubernetes.yaml")
    variant.write_text(ours.read_text().replace("Put a release out", "Set an image"))
    catalog = Catalog(project)

    assert catalog.load(LEAK, stack="kubernetes").inputs.experiments["bad-release"].title == "Set an image"
    assert catalog.load(LEAK, stack="local").inputs.experiments["bad-release"].title == "Put a release out"
    assert catalog.names(Kind.EXPERIMENT).count("bad-release") == 1
    assert "bad-release.kubernetes" not in catalog.names(Kind.EXPERIMENT)


def test_a_path_in_a_file_is_relative_to_it(project: Path, edit: Edit) -> None:
    """Also for what would resolve as a name."""
    (project / "scenarios" / "near.yaml").write_text((project / "experiments/nothing.yaml").read_text())
    edit(f"scenarios/{LEAK}.yaml", "experiment: bad-release", "experiment: ./near.yaml")
    edit(f"scenarios/{LEAK}.yaml", "with: {service: auth, version: v1.3.0}", "with: {}")

    assert Catalog(project).load(LEAK).paths["experiment:./near.yaml"].name == "near.yaml"


def test_names_of_every_kind() -> None:
    """What `gameday list` shows."""
    catalog = Catalog()

    for kind, folder, ending in (
        (Kind.SCENARIO, "scenarios", ".yaml"),
        (Kind.SYSTEM, "scenarios/systems", ".yaml"),
        (Kind.RUNBOOK, "scenarios/runbooks", ".md"),
        (Kind.EXPERIMENT, "experiments", ".yaml"),
    ):
        stems = sorted(path.stem for path in (ROOT / folder).glob(f"*{ending}"))
        variants = [stem for stem in stems if "." in stem]  # of a stack: nobody names those
        assert catalog.names(kind) == [stem for stem in stems if stem not in variants]
    assert catalog.names(Kind.RUBRIC) == ["standard"]
    assert "open-the-breaker" in catalog.names(Kind.PLAYBOOK)
    assert catalog.path(Kind.RUNBOOK, "slow-dependency") == ROOT / "scenarios/runbooks/slow-dependency.md"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("identity-latenzy", "there is no scenario 'identity-latenzy'; did you mean 'identity-latency'?"),
        ("x", "there is no scenario 'x'; `gameday list scenarios` shows the names"),
        ("no/such.yaml", "there is no file 'no/such.yaml' here"),
        ("a\0b", "there is no scenario 'a\0b'"),
        ("x" * 300, "there is no scenario 'xxx"),
    ],
)
def test_a_name_that_is_none(project: Path, name: str, problem: str) -> None:
    """The nearest is offered; no name makes a traceback."""
    (found,) = problems(project, name)

    assert found.startswith(problem)


def test_problems_of_all_files_come_together(project: Path, edit: Edit) -> None:
    """A name that is wrong here, a value that is wrong there, and what only both together show."""
    edit(f"scenarios/{LEAK}.yaml", "playbook: roll-back-the-release", "playbook: roll-back-the-relase")
    edit(f"scenarios/{LEAK}.yaml", "auth-error-rate, auth-connections", "auth-eror-rate, auth-connections")
    edit(f"scenarios/{LEAK}.yaml", "baseline: 8s", "baseline: 8")
    edit("scorecards/standard.yaml", "acknowledge: 5m", "acknowledge: 5")
    edit("experiments/bad-release.yaml", "func: deploy", "fun: deploy")
    edit("scenarios/runbooks/database-connection-exhaustion.md", "{#roll-back}", "")
    edit("scenarios/load/logins.py", "def on_start(self)", "def on_start(self")
    found = problems(project)

    assert [problem.split(": ")[1] for problem in found] == [
        "a python provider needs func",
        "8",
        "unknown monitor 'auth-eror-rate'; did you mean 'auth-error-rate'?",
        "there is no playbook 'roll-back-the-relase'; did you mean 'roll-back-the-release'?",
        "this is not Python",
        "step 'roll-back' is not in the text; write {#roll-back} where it is described",
        "5",
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version: v1.3.0}", "versoin: v1.3.0}", "unknown parameter 'versoin'; did you mean 'version'?"),
        ("version: v1.3.0}", "version: 1.3}", "version: 1.3 is not a string"),
        ("component: auth,", "component: atuh,", "unknown service 'atuh'; did you mean 'auth'?"),
        ("within: 45s", "within: 3m", "impact may take 180s, but the last fault is put back after 120s"),
        (
            "levers: [rollback, disable-flag]",
            "levers: [rollback]",
            "'disable-flag' mends by the table in the header",
        ),
        ("[rollback, disable-flag]", "[rollback, disable-flag, scale]", "'scale' does not mend by the table"),
        (
            "stable_for: 20s",
            "stable_for: 17s",
            "must be at least twice the longest relapse of the table: 18s",
        ),
        ("locustfile: load/logins.py", "locustfile: load/login.py", "there is no locustfile 'load/login.py'"),
        ("system: auth", "system: ath", "there is no system 'ath'; did you mean 'auth'?"),
    ],
)
def test_what_only_the_files_together_show(
    project: Path, edit: Edit, old: str, new: str, problem: str
) -> None:
    """Located in the scenario, in the line that is to be mended."""
    edit(f"scenarios/{LEAK}.yaml", old, new)
    found = problems(project)
    line = int(found[0].split(":")[1])

    assert len(found) == 1
    assert problem in found[0]
    assert (
        new.split(":", maxsplit=1)[0].strip("[{, ")
        in (project / f"scenarios/{LEAK}.yaml").read_text().splitlines()[line - 1]
    )


def test_the_name_of_an_experiment_that_is_wrong(project: Path, edit: Edit) -> None:
    """One sentence, not one for each of its arguments as well."""
    edit(f"scenarios/{LEAK}.yaml", "experiment: bad-release", "experiment: bad-relase")

    assert problems(project) == [
        "scenarios/leak.yaml:13:17: there is no experiment 'bad-relase'; did you mean 'bad-release'?"
    ]


def test_a_name_that_does_not_resolve_says_where_it_was_looked_for(
    project: Path, edit: Edit, tmp_path: Path
) -> None:
    """So that one sees that a folder is no project, or which one it is."""
    edit(f"scenarios/{LEAK}.yaml", "system: auth", "system: warehouse")
    ends = "gameday's own library; a project is a folder with experiments/ or gameday.toml"
    (tmp_path / "alone").mkdir()
    shutil.copy(project / f"scenarios/{LEAK}.yaml", tmp_path / "alone" / "mine.yaml")

    assert (
        f"looked in scenarios/systems of project and in {ends}"
        in problems(tmp_path, str(project / f"scenarios/{LEAK}.yaml"))[0]
    )
    assert any(
        f"looked in scenarios/systems of {ends}" in one for one in problems(tmp_path / "alone", "mine.yaml")
    )


def test_a_playbook_is_checked_against_its_scenario(project: Path) -> None:
    """Steps of another runbook and services of another system are found before anybody waits for them."""
    (project / "mine.yaml").write_text(
        "as: bob\n"
        "acts:\n"
        "  - {do: step, with: roll-bak}\n"
        "  - {do: declare, with: {severity: SEV1, affects: shop}}\n"
    )

    assert problems(project, playbook="mine.yaml") == [
        "mine.yaml:3:22: the runbook has no step 'roll-bak'; did you mean 'roll-back'?",
        "mine.yaml:4:51: unknown service 'shop'; there are auth, gateway, database, identity-provider",
    ]


def test_a_file_that_cannot_be_read_is_a_sentence(project: Path) -> None:
    """Bytes that are no text, in a file that the scenario names."""
    (project / "scenarios/systems/auth.yaml").write_bytes(b"\xff\xfe")

    assert problems(project) == [
        "scenarios/systems/auth.yaml:1:1: this is not UTF-8 text; save the file as UTF-8"
    ]
