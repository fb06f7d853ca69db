"""Settings come from the environment; one that cannot be used is named, with what is expected."""

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.config import Settings, SettingsError


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings().database_url == "sqlite:///bednight.db"
    assert not Settings().login_links


def test_every_setting_is_read() -> None:
    given = Settings.from_env(
        {
            "DATABASE_URL": "postgresql://somewhere/bednight",
            "BEDNIGHT_TIME_ZONE": "America/Chicago",
            "BEDNIGHT_NIGHT_TURNS_AT": "08:30",
            "BEDNIGHT_LIVE": "1",
            "BEDNIGHT_ON_CALL_PHONE": "404 555 0100",
            "BEDNIGHT_URL": "https://Bednight.example.org/",
            "BEDNIGHT_LOGIN_LINKS": "yes",
            "BEDNIGHT_SESSION_MINUTES": "60",
            "BEDNIGHT_IDLE_MINUTES": "5",
            "BEDNIGHT_MAX_BODY_BYTES": "2000",
            "BEDNIGHT_WEBHOOK_HOSTS": "Hooks.example.org, 10.1.2.0/24,::1",
            "BEDNIGHT_SIGN_IN_HOSTS": "login.example.org",
            "BEDNIGHT_WORKER_INSIDE": "0",
            "BEDNIGHT_SHIFT_CHANGES": "15:00, 07:00,23:00",
            "BEDNIGHT_CLEANING_MINUTES": "90",
            "BEDNIGHT_CHECKPOINTS": "/mnt/elsewhere/checkpoints",
            "BEDNIGHT_CHECKPOINT_KEY": "key.pem",
            "BEDNIGHT_KEYS": "/mnt/elsewhere/keys",
            "BEDNIGHT_DATA_KEYS": "postgresql://elsewhere/keys",
        }
    )
    assert given == Settings(
        database_url="postgresql://somewhere/bednight",
        time_zone=ZoneInfo("America/Chicago"),
        night_turns_at=time(8, 30),
        live=True,
        on_call_phone="404 555 0100",
        url="https://bednight.example.org",
        login_links=True,
        session_lasts=timedelta(hours=1),
        session_idles=timedelta(minutes=5),
        max_body_bytes=2000,
        webhook_hosts=("hooks.example.org", "10.1.2.0/24", "::1"),
        sign_in_hosts=("login.example.org",),
        worker_inside=False,
        shift_changes=(time(7), time(15), time(23)),
        cleaning_lasts=timedelta(minutes=90),
        checkpoints=Path("/mnt/elsewhere/checkpoints"),
        checkpoint_key=Path("key.pem"),
        keys=Path("/mnt/elsewhere/keys"),
        data_keys="postgresql://elsewhere/keys",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BEDNIGHT_TIME_ZONE", "Nowhere/Land"),
        ("BEDNIGHT_TIME_ZONE", "../etc/passwd"),
        ("BEDNIGHT_NIGHT_TURNS_AT", "nine"),
        ("BEDNIGHT_LIVE", "maybe"),
        ("BEDNIGHT_URL", "http://bednight.example.org"),
        ("BEDNIGHT_URL", "https://bednight.example.org/app"),
        ("BEDNIGHT_IDLE_MINUTES", "0"),
        ("BEDNIGHT_IDLE_MINUTES", "²"),
        ("BEDNIGHT_MAX_BODY_BYTES", "-1"),
        ("BEDNIGHT_WEBHOOK_HOSTS", "https://hooks.example.org"),
        ("BEDNIGHT_WEBHOOK_HOSTS", "hooks.example.org;other.example.org"),
        ("BEDNIGHT_WEBHOOK_HOSTS", "10.1.2.3/8"),
        ("BEDNIGHT_WORKER_INSIDE", "maybe"),
        ("BEDNIGHT_SHIFT_CHANGES", "07:00,three"),
        ("BEDNIGHT_CLEANING_MINUTES", "0"),
    ],
)
def test_a_bad_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: value})
