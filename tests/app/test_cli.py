"""The command line: results on stdout, messages on stderr, one clear line and exit code 2 on bad input."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import create_engine, text

from app.cli import COMMANDS, main


@dataclass(frozen=True)
class Run:
    """How a command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def bednight(*arguments: str, url: str, **env: str) -> Run:
    """Run a command in this process, with nothing of its environment but what is given."""
    stdout, stderr, code = StringIO(), StringIO(), 0
    with (
        patch.object(sys, "argv", ["bednight", *arguments]),
        patch.dict(os.environ, {"DATABASE_URL": url, **_keys_beside(url), **env}, clear=True),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Run(code, stdout.getvalue(), stderr.getvalue())


def _keys_beside(url: str) -> dict[str, str]:
    """The keys of this page's database, where there are some."""
    folder = Path(url.removeprefix("sqlite:///")).parent / "keys-beside"
    return {"BEDNIGHT_KEYS": str(folder)} if folder.exists() else {}


def done(*arguments: str, url: str, **env: str) -> str:
    run = bednight(*arguments, url=url, **env)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path, made_keys: Path) -> str:
    """One migrated database for the commands of this page, and its keys."""
    path = tmp_path_factory.mktemp("cli") / "bednight.db"
    shutil.copytree(made_keys, path.parent / "keys-beside")
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def agency(url: str) -> str:
    """An agency."""
    return done("agencies", "add", "Fulton County DFCS", "--kind", "child_protection", url=url)


def test_help_comes_with_examples_before_options(url: str) -> None:
    text_ = done("--help", url=url)
    assert text_.index("Examples:") < text_.index("bednight demo") < text_.index("Options:") < text_.index("Commands:")
    assert all(f"\n  {name} " in text_ for name, _, _ in COMMANDS)


@pytest.mark.parametrize("command", ["agencies", "users", "keys", "serve", "migrate", "audit", "sealing"])
def test_every_command_explains_itself(url: str, command: str) -> None:
    assert done(command, "--help", url=url).startswith(f"Usage: bednight {command}")


def test_help_imports_neither_the_application_nor_the_database() -> None:
    code = (
        "import sys; sys.argv = ['bednight', '--help']\n"
        "from app.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'fastapi', 'sqlalchemy', 'alembic', 'ortools', 'numpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "set()"


def test_from_an_agency_to_a_key(url: str, agency: str) -> None:
    assert re.fullmatch(r"agency_[a-z2-7]{20}", agency)
    made = bednight("keys", "add", agency, "--name", "intake", "--role", "supervisor", "--days", "9", url=url)
    secret = made.stdout.strip()
    assert re.fullmatch(r"bn_test_[0-9a-f]{40}", secret)
    assert secret not in made.stderr
    rows = json.loads(done("keys", "list", "--json", url=url))
    assert [(row["name"], row["role"], row["hint"]) for row in rows] == [("intake", "supervisor", secret[:12])]
    assert secret not in json.dumps(rows)
    done("keys", "revoke", rows[0]["id"], url=url)
    assert json.loads(done("keys", "list", "--json", url=url))[0]["revoked_at"] is not None


def test_a_live_deployment_makes_live_keys(url: str, agency: str) -> None:
    made = done("keys", "add", agency, "--name", "k", "--role", "partner", url=url, BEDNIGHT_LIVE="1")
    assert made.startswith("bn_live_")


def test_people_and_their_links(url: str, agency: str) -> None:
    added = done(
        *("users", "add", agency, "--name", "R. Diaz", "--email", "Diaz@Example.org", "--role", "facility_staff"),
        *("--facility", "fac_1", "--facility", "fac_2"),
        url=url,
        BEDNIGHT_URL="https://bednight.example.org/",
    )
    person, link = added.splitlines()
    assert re.fullmatch(r"https://bednight\.example\.org/enrol/[0-9a-f]{40}", link)
    again = [done("users", "enrol", person, *more, url=url) for more in ((), ("--lost",))]
    assert all(re.fullmatch(r"http://127\.0\.0\.1:8000/enrol/[0-9a-f]{40}", one) for one in again)
    listed = done("users", "list", "--agency", agency, url=url)
    assert listed.split("\t")[:5] == [person, agency, "facility_staff", "R. Diaz", "diaz@example.org"]
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/login/[0-9a-f]{40}", done("users", "link", person, url=url))
    done("users", "disable", person, url=url)
    assert bednight("users", "link", person, url=url).returncode == 2


@pytest.mark.parametrize(("live", "ends"), [("0", 2), ("1", 1)])
def test_a_link_for_a_demo_whose_clock_is_ahead_lasts_as_long_as_the_demos_own(
    tmp_path: Path, migrated_sqlite: Path, made_keys: Path, live: str, ends: int
) -> None:
    file = tmp_path / "bednight.db"
    shutil.copytree(made_keys, tmp_path / "keys-beside")
    file.write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{file}"
    agency = done("agencies", "add", "Ahead", "--kind", "shelter", url=url)
    person = done(
        *("users", "add", agency, "--name", "A", "--email", "a@example.org", "--role", "facility_staff"), url=url
    ).splitlines()[0]
    done("users", "link", person, url=url)
    ahead = "2999-01-01 00:00:00.000000"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE login_links SET expires_at = :ahead"), {"ahead": ahead})
    done("users", "link", person, url=url, BEDNIGHT_LIVE=live)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT expires_at FROM login_links")).all()
    engine.dispose()
    assert [row.expires_at for row in rows].count(ahead) == ends


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "No such command"),
        (("agencies", "add", "A", "--kind", "bakery"), "--kind"),
        (("agencies", "add", "Fulton County DFCS", "--kind", "school"), "bednight: An agency of this name exists."),
        (("agencies", "add", " ", "--kind", "school"), "Expected a name in plain letters, 200 at most."),
        (("agencies", "add", "A\u202eB", "--kind", "school"), "Expected a name in plain letters"),
        (
            ("users", "add", "AGENCY", "--name", "", "--email", "x@example.org", "--role", "partner"),
            "Expected a name in plain letters",
        ),
        (("keys", "add", "AGENCY", "--name", "", "--role", "partner"), "Expected a name in plain letters"),
        (
            ("keys", "add", "agency_none", "--name", "k", "--role", "partner"),
            "bednight: there is no such agency; to see them: bednight agencies list",
        ),
        (("users", "disable", "person_none"), "bednight: there is no such person; to see them: bednight users list"),
        (("users", "enrol", "person_none"), "bednight: there is no such person; to see them: bednight users list"),
        (("users", "link", "person_none"), "bednight: there is no such person; to see them: bednight users list"),
        (("keys", "add", "AGENCY", "--name", "k", "--role", "partner", "--days", "91"), "--days"),
        (
            ("keys", "add", "AGENCY", "--name", "k", "--role", "partner", "--permission", "audit_read"),
            "A key may hold no more than its role.",
        ),
        (
            ("users", "add", "AGENCY", "--name", "R", "--email", "none", "--role", "partner"),
            "An email address has an @.",
        ),
        (("keys", "revoke", "key_none"), "bednight: there is no such key; to see them: bednight keys list"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(url: str, agency: str, arguments: tuple[str, ...], message: str) -> None:
    run = bednight(*(agency if argument == "AGENCY" else argument for argument in arguments), url=url)
    assert run.returncode == 2
    assert run.stdout == ""
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_a_database_without_tables_is_refused_and_migrate_makes_them(tmp_path: Path) -> None:
    fresh = f"sqlite:///{tmp_path / 'new.db'}"
    run = bednight("agencies", "list", url=fresh)
    assert (run.returncode, run.stderr) == (2, "bednight: the database is not up to date; run: bednight migrate\n")
    assert not (tmp_path / fresh.rsplit("/", 1)[1]).exists()  # asking made none
    done("migrate", url=fresh)
    assert done("agencies", "list", url=fresh) == ""


@pytest.mark.parametrize(
    ("url", "env"),
    [
        ("nonsense", {}),
        ("sqlite:////nowhere/at/all.db", {}),
        ("mysql://x", {}),
        ("oracle://x", {}),
        ("postgresql+psycopg2://x", {}),
        ("nosuchkind://x", {}),
        ("sqlite://", {"BEDNIGHT_LIVE": "maybe"}),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(url: str, env: dict[str, str]) -> None:
    for command in (("agencies", "list"), ("migrate",)):
        run = bednight(*command, url=url, **env)
        assert run.returncode == 2
        assert run.stderr.startswith("bednight: ")
        assert run.stderr.count("\n") == 1


def test_audit_verify_passes_and_then_finds_the_change(tmp_path: Path, migrated_sqlite: Path) -> None:
    path = tmp_path / "bednight.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    url = f"sqlite:///{path}"
    for name in "abc":
        done("agencies", "add", name, "--kind", "school", url=url)
    assert (
        done("audit", "verify", url=url)
        == "3 rows, all hold. Whether all of them were written anew, only checkpoints can say."
    )
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_events_no_update"))
        connection.execute(text("UPDATE audit_events SET subject = 'agency_x' WHERE seq = 2"))
    engine.dispose()
    run = bednight("audit", "verify", url=url)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "Broken at row 2: the row was changed. The 1 rows before it hold.\n"


def test_checkpoints_bear_a_trail_out_from_outside(tmp_path: Path, migrated_sqlite: Path) -> None:
    path = tmp_path / "bednight.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    url, key, file, public = f"sqlite:///{path}", tmp_path / "key", tmp_path / "checkpoints", tmp_path / "public"
    env = {"BEDNIGHT_CHECKPOINTS": str(file), "BEDNIGHT_CHECKPOINT_KEY": str(key)}
    public.write_text(done("audit", "key", str(key), url=url))
    done("agencies", "add", "School 1", "--kind", "school", url=url)
    assert done("audit", "checkpoint", url=url, **env) == f"1 rows are vouched for in {file}."
    assert done("audit", "verify", url=url, **env) == "1 rows, all hold, as 1 signed checkpoints say."
    by_hand = ("audit", "verify", "--checkpoints", str(file), "--public-key", str(public))
    path.write_bytes(migrated_sqlite.read_bytes())
    done("agencies", "add", "School 2", "--kind", "school", url=url)
    assert "all hold" in done("audit", "verify", url=url)
    run = bednight(*by_hand, url=url)
    assert run.returncode == 1
    assert run.stderr.startswith("Broken at row 1: rows 1 to 1 are not those of the checkpoint of ")
    for arguments, said in (
        (by_hand[:4], "--public-key"),
        (("audit", "verify", "--checkpoints", str(tmp_path / "none")), "there is no file of checkpoints"),
        (("audit", "checkpoint"), "BEDNIGHT_CHECKPOINTS"),
        (("audit", "key", str(key)), "File exists"),
    ):
        run = bednight(*arguments, url=url)
        assert (run.returncode, run.stdout) == (2, "")
        assert said in run.stderr
