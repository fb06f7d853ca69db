"""What a deployment may set, read from the environment once and never changed after."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_NEW_YORK = ZoneInfo("America/New_York")
_YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the variable and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment's settings; the defaults are those of a single host with SQLite."""

    database_url: str = "sqlite:///bednight.db"
    time_zone: ZoneInfo = _NEW_YORK
    night_turns_at: time = time(9, 0)
    live: bool = False
    """Real minors are in the database: only `bn_live_` keys open it, and only `bn_test_` keys open any other."""
    on_call_phone: str | None = None
    url: str | None = None
    """Where people reach the deployment, without a path; None: wherever a request says that it came to."""
    login_links: bool = False
    """One-time sign-in links are answered, on loopback only."""
    session_lasts: timedelta = timedelta(hours=12)
    session_idles: timedelta = timedelta(minutes=15)
    max_body_bytes: int = 1_000_000
    webhook_hosts: tuple[str, ...] = ()
    """Where webhooks may go: host names; addresses and networks name what else is private and refused."""
    sign_in_hosts: tuple[str, ...] = ()
    """Where agencies' own sign-ins may stand, in the same form: their issuers, and what those name besides."""
    worker_inside: bool | None = None
    """The worker runs inside the server; None: where the database is SQLite, which has one worker at a time."""
    shift_changes: tuple[time, ...] = ()
    """Local times at which a house is reminded to confirm its beds; none: as soon as they are about to grow old."""
    cleaning_lasts: timedelta = timedelta(hours=4)
    checkpoints: Path | None = None
    """The file of signed checkpoints of the audit trail, where whoever runs the database cannot change it."""
    checkpoint_key: Path | None = None
    """The private key that signs them (PEM)."""
    keys: Path | None = None
    """The folder of the keys that seal who somebody is; `bednight sealing init` makes it."""
    data_keys: str | None = None
    """The database of data keys, which must not be the one that they open; None: a file in that folder."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """Read `DATABASE_URL` and `BEDNIGHT_*`; raises SettingsError on a value that cannot be used."""
        env = os.environ if env is None else env
        given = {
            "database_url": env.get("DATABASE_URL") or None,
            "time_zone": _zone(env, "BEDNIGHT_TIME_ZONE"),
            "night_turns_at": _time_of_day(env, "BEDNIGHT_NIGHT_TURNS_AT"),
            "live": _flag(env, "BEDNIGHT_LIVE"),
            "on_call_phone": env.get("BEDNIGHT_ON_CALL_PHONE") or None,
            "url": _origin(env, "BEDNIGHT_URL"),
            "login_links": _flag(env, "BEDNIGHT_LOGIN_LINKS"),
            "session_lasts": _span(env, "BEDNIGHT_SESSION_MINUTES"),
            "session_idles": _span(env, "BEDNIGHT_IDLE_MINUTES"),
            "max_body_bytes": _positive(env, "BEDNIGHT_MAX_BODY_BYTES"),
            "webhook_hosts": _hosts(env, "BEDNIGHT_WEBHOOK_HOSTS"),
            "sign_in_hosts": _hosts(env, "BEDNIGHT_SIGN_IN_HOSTS"),
            "worker_inside": _flag(env, "BEDNIGHT_WORKER_INSIDE"),
            "shift_changes": _times(env, "BEDNIGHT_SHIFT_CHANGES"),
            "cleaning_lasts": _span(env, "BEDNIGHT_CLEANING_MINUTES"),
            "checkpoints": _file(env, "BEDNIGHT_CHECKPOINTS"),
            "checkpoint_key": _file(env, "BEDNIGHT_CHECKPOINT_KEY"),
            "keys": _file(env, "BEDNIGHT_KEYS"),
            "data_keys": env.get("BEDNIGHT_DATA_KEYS") or None,
        }
        return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def _zone(env: Mapping[str, str], name: str) -> ZoneInfo | None:
    if not (text := env.get(name)):
        return None
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(f"{name} must be a time zone such as America/Chicago") from None


def _time_of_day(env: Mapping[str, str], name: str) -> time | None:
    if not (text := env.get(name)):
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{name} must be a time of day such as 09:00") from None


def _times(env: Mapping[str, str], name: str) -> tuple[time, ...] | None:
    if not (text := env.get(name)):
        return None
    try:
        return tuple(sorted({time.fromisoformat(part.strip()) for part in text.split(",")}))
    except ValueError:
        raise SettingsError(f"{name} must be times of day such as 07:00,15:00,23:00") from None


def _origin(env: Mapping[str, str], name: str) -> str | None:
    if not (text := env.get(name)):
        return None
    origin = text.rstrip("/").lower()
    if not re.fullmatch(r"https://[a-z0-9.-]+(:[0-9]{1,5})?|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?", origin):
        raise SettingsError(f"{name} must be where people reach it, such as https://bednight.example.org")
    return origin


def _flag(env: Mapping[str, str], name: str) -> bool | None:
    if (text := env.get(name)) is None:
        return None
    if text.lower() not in _YES:
        raise SettingsError(f"{name} must be 1 or 0")
    return _YES[text.lower()]


def _span(env: Mapping[str, str], name: str) -> timedelta | None:
    minutes = _positive(env, name)
    return None if minutes is None else timedelta(minutes=minutes)


def _hosts(env: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    if not (text := env.get(name)):
        return None
    hosts = tuple(filter(None, (entry.strip().lower() for entry in text.split(","))))
    for host in hosts:
        try:
            if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", host):
                ip_network(host)
        except ValueError:
            raise SettingsError(
                f"{name} must list hosts, addresses or networks, such as hooks.example.org,10.1.2.0/24"
            ) from None
    return hosts


def _file(env: Mapping[str, str], name: str) -> Path | None:
    return Path(text) if (text := env.get(name)) else None


def _positive(env: Mapping[str, str], name: str) -> int | None:
    if not (text := env.get(name)):
        return None
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise SettingsError(f"{name} must be a whole number above 0")
    return int(text)
