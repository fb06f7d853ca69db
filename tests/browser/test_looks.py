"""Every page, light and dark, narrow and wide: read by axe, within bounds, on few bytes, with a silent console."""

import os
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from app.access import signin
from app.access.models import Agency, Person
from app.access.policy import Role
from app.db import new_id
from app.emergency.models import EmergencyAccess, EmergencyReason
from app.notices.channel import Notices
from app.outbox.delivery import deliver_due
from app.referrals.models import Referral
from app.reports.models import PublishedTable, TableKind
from app.reports.whatifs import RERUN, RULE_ALONE
from app.sealing.words import seal_words
from app.sharing.codes import Given, Purpose
from app.sharing.models import Relation, Release
from app.sharing.service import grant
from app.tasks.models import TaskKind
from app.tasks.service import open_task
from tests.actors import add_person
from tests.browser.conftest import Site, rank, save_shot
from tests.proofs import TIMES

Scheme = Literal["light", "dark"]
EVERY: list[tuple[Scheme, int]] = [(scheme, width) for scheme in ("light", "dark") for width in (320, 390, 1280)]
LOOKS = EVERY if TIMES > 1 else [EVERY[0], EVERY[4], EVERY[2]]
"""Each scheme and each width at least once; every one of both where proofs are run in full."""
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
SHOTS = Path(folder) if (folder := os.environ.get("BEDNIGHT_SHOTS")) else None

MOST_BYTES = 50_000
MOST_REQUESTS = 5
SMALLEST, PRIMARY = 24, 44

# Spacing that a reader may set (WCAG 1.4.12), without an inline style.
SPACING = """() => { const sheet = new CSSStyleSheet();
  sheet.replaceSync('*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}p{margin-bottom:2em!important}');
  document.adoptedStyleSheets = [sheet]; }"""
# What is wider than the page, by tag and text.
TOO_WIDE = """() => [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility()
    && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.unseen,.defs,.skip'))
  .map((e) => e.tagName + ' ' + e.textContent.trim().slice(0, 40)).slice(0, 5)"""
# Controls with their size; a choice is as large as the label around it, a link in running text is as high as its line.
TARGETS = """() => [...document.querySelectorAll('a,button,select,input:not([type=hidden]),summary')]
  .filter((e) => e.checkVisibility() && !e.closest('.skip'))
  .map((e) => { const box = (e.closest('label') || e).getBoundingClientRect();
    return [(e.textContent || e.name || '').trim().slice(0, 30), box.width, box.height,
      e.matches('button,.btn,select,summary') || !!e.closest('label.pick')]; })"""


def form_with_problems(page: Page, site: Site) -> None:
    page.goto(site.base + "/referrals/new")
    page.fill("#age", "fifteenish")
    page.check("input[name=infants][value=some]")
    page.check("input[name=conditions][value=none]")
    page.check("input[name=conditions][value=arson]")
    page.get_by_role("button", name="Find beds").click()
    page.wait_for_selector("#errors")


def opened(page: Page, path: str, site: Site) -> None:
    page.goto(site.base + path)


def with_tasks(page: Page, site: Site) -> None:
    """Tasks of several kinds, one of them overdue, and something that was told."""
    now = site.database.clock.now()
    with site.database.writing() as session:
        people = select(Person.agency_id).where(Person.role == Role.INTAKE_COORDINATOR)
        agency_id = session.scalars(people).first()
        referral = session.scalars(select(Referral).where(Referral.agency_id == agency_id)).first()
        assert agency_id is not None
        assert referral is not None
        for hours, kind in ((-1, TaskKind.REPORT_NCMEC), (3, TaskKind.FOLLOW_UP), (20, TaskKind.ARRIVAL)):
            open_task(
                session,
                kind,
                agency_id=agency_id,
                subject=("referral", referral.id),
                now=now,
                due_at=now + timedelta(hours=hours),
                once=f"looks:{kind}",
            )
    deliver_due(site.database, [Notices()])
    opened(page, "/tasks", site)


def a_house(page: Page, site: Site) -> None:
    """A house that excludes the young person, with an exception on record for one of its rules."""
    rank(page, site, "R-0406")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.get_by_role("button", name="Exception or payer:").first.click()
    page.wait_for_url("**/house?facility=*")
    if (fold := page.locator("summary", has_text="Record an exception")).count():
        fold.first.click()
        page.get_by_label("Who decided").first.fill("program manager")
        page.get_by_label("Why", exact=True).first.fill("no other bed tonight")
        page.get_by_role("button", name="Record it").first.click()
        page.wait_for_load_state()


def who_looked(page: Page, site: Site) -> None:
    """The list of who looked at a record."""
    rank(page, site, "R-0412")
    opened(page, f"/referrals/{page.url.split('/referrals/')[1].split('/')[0]}/looks", site)


def shared_with(page: Page, site: Site) -> None:
    """What is shared with whom: a paper on record, and another with something missing in it."""
    rank(page, site, "R-0412")
    opened(page, f"/referrals/{page.url.split('/referrals/')[1].split('/')[0]}/releases", site)
    page.locator("#recipient").select_option(index=1)
    page.get_by_label("What it is needed for").select_option("treatment")
    page.get_by_label("Birth date").first.check()
    page.get_by_label("The young person", exact=True).check()
    page.get_by_label("an abuser of the young person").select_option("no")
    page.get_by_label("was told what is shared").check()
    sign = page.get_by_role("button", name="It is signed on paper")
    sign.click()
    page.get_by_role("button", name="Take it back now").wait_for()
    sign.click()
    page.wait_for_selector(".wrongtext")


def who_it_is(page: Page, site: Site) -> None:
    """The form of who the young person is."""
    rank(page, site, "R-0412")
    opened(page, f"/referrals/{page.url.split('/referrals/')[1].split('/')[0]}/identity", site)


def in_an_emergency(page: Page, site: Site) -> None:
    """What it takes to see a record that nobody let one see, with what is missing in it."""
    opened(page, "/emergency", site)
    page.get_by_role("button", name="Open this record").click()
    page.wait_for_selector(".wrongtext")


def reviewed(page: Page, site: Site) -> None:
    """A supervisor's page, with a colleague's access to judge, and the banner of an access of one's own."""
    now = site.database.clock.now()
    with site.database.writing() as session:
        other = session.scalars(select(Person).where(Person.role == Role.INTAKE_COORDINATOR)).first()
        referral = session.scalars(select(Referral)).first()
        assert other is not None
        assert referral is not None
        me = add_person(session, site.database.clock, Role.SUPERVISOR, session.get_one(Agency, other.agency_id))
        let_in = grant(session, referral.minor_id, me.agency_id, Relation.EMERGENCY, now, now, person_id=other.id)
        session.flush()
        access_id, said = new_id("emg"), "in hospital, and cannot speak"
        row = EmergencyAccess(
            id=access_id, referral_id=referral.id, person_id=other.id, agency_id=me.agency_id,
            owner_id=referral.agency_id, grant_id=let_in.id, reason=EmergencyReason.MEDICAL,
            sealed_words=seal_words(session, referral.minor_id, EmergencyAccess, "words", access_id, said),
            opened_at=now,
            until=now + timedelta(hours=1),
            review_due_at=now + timedelta(hours=72),
        )  # fmt: skip
        session.add(row)
        me.emergency_until = now + timedelta(hours=1)
        link = signin.issue_link(session, me.id, now)
    page.goto(site.base + link)
    page.get_by_role("button", name="Sign in").click()
    opened(page, "/emergency/reviews", site)
    assert page.get_by_role("button", name="Give it back").is_visible()


def told_us(page: Page, site: Site) -> None:
    """What a paper tells an agency that runs no house."""
    now = site.database.clock.now()
    with site.database.writing() as session:
        agency_id = session.scalars(select(Person.agency_id).where(Person.role == Role.INTAKE_COORDINATOR)).first()
        referral = session.scalars(select(Referral)).first()
        assert agency_id is not None
        assert referral is not None
        paper = Release(
            id=new_id("rel"), minor_id=referral.minor_id, agency_id=agency_id, purpose=Purpose.SCHOOLING,
            fields=["born_on", "counties", "languages"], signers=[{"relation": "minor", "abuser": None}],
            given=Given.WRITTEN, valid_from=now, valid_until=now + timedelta(days=9), created_at=now,
            recorded_by="person_1",
        )  # fmt: skip
        session.add(paper)
    opened(page, "/shared", site)
    page.get_by_role("link", name="Schooling").first.click()
    page.wait_for_url("**/shared/rel_*")


def a_record(page: Page, site: Site) -> None:
    """A flagged young person who went missing, with what is owed, and something entered wrongly."""
    opened(page, "/minors/new", site)
    for name, value in (("level", "at_risk"), ("basis", "screening"), ("indicator", "hotels")):
        page.check(f"input[name={name}][value={value}]")
    page.locator("summary").first.click()
    page.get_by_label("Screening tool", exact=True).fill("CSE-IT")
    page.get_by_label("Its version").fill("2.0")
    page.get_by_label("Day of the screening").fill("11/1/2026")
    page.get_by_label("What it came to").select_option("clear_concern")
    page.get_by_role("button", name="Flag", exact=True).click()
    page.wait_for_url("**/minors/min_*")
    page.get_by_label("What was done, or happened").select_option("missing")
    page.get_by_label("One line").fill("left with a bag before the school bus came")
    page.get_by_role("button", name="Enter", exact=True).click()
    page.get_by_text("left with a bag").wait_for()


def duplicates(page: Page, site: Site) -> None:
    """Two records of one name, and how alike they are."""
    for _ in range(2):
        a_record(page, site)
        here = page.url
        opened(page, here.removeprefix(site.base) + "/identity", site)
        page.get_by_label("Given names").fill("Jane")
        page.get_by_label("Family name").fill("Doe")
        page.get_by_role("button", name="Keep").click()
        page.wait_for_load_state()
    opened(page, here.removeprefix(site.base) + "/duplicates", site)
    page.get_by_role("button", name="The same young person").first.wait_for()


def its_record(page: Page, site: Site, more: str = "") -> None:
    """The first record of the agency's own that the demo has, or a page of it."""
    opened(page, "/minors", site)
    page.locator("main a", has_text="M-").first.click()
    page.wait_for_url("**/minors/min_*")
    if more:
        opened(page, page.url.removeprefix(site.base) + more, site)


def conferred(page: Page, site: Site) -> None:
    """A conference that was held, with what was decided."""
    opened(page, "/conferences", site)
    page.locator("h2", has_text="Held").locator("xpath=following-sibling::ul").get_by_role("link").first.click()
    page.wait_for_url("**/conferences/conf_*")


def administered(page: Page, path: str, site: Site) -> None:
    """A page of the lead's administrator, who may write on it."""
    with site.database.writing() as session:
        me = session.scalars(select(Person).where(Person.role == Role.ADMINISTRATOR)).one()
        link = signin.issue_link(session, me.id, site.database.clock.now())
    page.goto(site.base + link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    opened(page, path, site)


def gap_audit(page: Page, site: Site) -> None:
    """A funder's newest quarter, with counts that are not shown among those that are."""
    counts: dict[TableKind, dict[str, int | None]] = {
        TableKind.NETWORK: {"asked": 336, "placed": 96, "never": 240},
        TableKind.TURNED_AWAY: {
            "all": 198, "let": 138, "any:funding.residence": 158, "only:funding.residence": 140,
            "any:funding.age_band": None, "only:funding.age_band": None, "only:funding.custody": 35,
            "any:funding.custody": None, "only:funding.age_band+funding.residence": 12,
            "only:funding.age_band+funding.custody": None,
        },
        TableKind.BY_AGE: {"by_age:12_14": 41, "by_age:15_17": 140, "by_age:others": 17},
        TableKind.BY_RESIDENCE: {"by_residence:13089": 90, "by_residence:13121": 85, "by_residence:others": None},
        TableKind.FAIR_AGE: {
            f"fair_age:{measure}:{group}": count
            for group, counts in {"12_14": (90, None, None, 31), "15_17": (246, 70, 176, 250)}.items()
            for measure, count in zip(("asked", "placed", "never", "waited"), counts, strict=True)
        },
        TableKind.FAIR_RESIDENCE: {
            f"fair_residence:{measure}:{group}": count
            for group, counts in {
                "13121": (120, 30, 90, 80), "13089": (95, 60, 35, 40), "13067": (60, None, None, 20),
                "13135": (31, 31, 0, 0), "others": (30, None, None, 25),
            }.items()
            for measure, count in zip(("asked", "placed", "never", "waited"), counts, strict=True)
        },
        TableKind.UNMET: {"all": 202, "only:funding.residence": 177, "only:funding.custody": 25},
        TableKind.NIGHTS: {
            "could": 644, "paid": None, "unspent": None, "nights": 92, "full": 0, "open": 92, "turning": 48,
            "quiet": 44,
        },
        TableKind.CAPS: {
            "reached": 61, "went:another_house": 24, "went:waited": 21, "went:others": 16, "cap:nights30": None,
            "cap:year60": None,
        },
    }  # fmt: skip
    now = site.database.clock.now()
    with site.database.writing() as session:
        me = session.scalars(select(Person).where(Person.role == Role.FUNDER_ANALYST)).one()
        for kind, cells in counts.items():
            row = PublishedTable(
                id=new_id("table"), kind=kind,
                fund_id=None if kind is TableKind.NETWORK or kind.startswith("fair_") else "fund_metro30",
                first=date(2026, 7, 1), until=date(2026, 10, 1), published_at=now, most_small=10, width=9,
                floor_reason=None, withheld=False, sums=[], once=kind,
                cells=[{"name": f"2026-Q3|x|{name}", "count": count} for name, count in cells.items()],
            )  # fmt: skip
            session.add(row)
        link = signin.issue_link(session, me.id, now)
    page.goto(site.base + link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/reports")


def whatifs(page: Page, site: Site) -> None:
    """The grid of a funder's fund: numbers, some that are not shown, and one change of which nothing could be."""
    changes: dict[str, tuple[int | None, ...] | None] = {
        "max_age+1": (0, 198, 0, 0, 0, 0), "counties+near": (21, 177, None, 0, 214, None), "counties+state": None,
        "clock.nights30=14": (0, 198, 12, None, None, 161), "clock.nights30=none": (None, None, None, 0, None, 0),
    }  # fmt: skip
    with site.database.writing() as session:
        for change, counts in changes.items():
            named = zip((*RULE_ALONE, *RERUN), counts or (), strict=bool(counts))
            row = PublishedTable(
                id=new_id("table"), kind=TableKind.WHATIF, change=change, fund_id="fund_metro30",
                first=date(2026, 7, 1), until=date(2026, 10, 1), published_at=site.database.clock.now(), most_small=10,
                width=9, floor_reason=None, withheld=counts is None, sums=[], once=change,
                cells=[
                    {"name": f"2026-Q3|fund_metro30|whatif:{change}:{name}", "count": count} for name, count in named
                ],
            )  # fmt: skip
            session.add(row)
        me = session.scalars(select(Person).where(Person.role == Role.FUNDER_ANALYST)).one()
        link = signin.issue_link(session, me.id, site.database.clock.now())
    page.goto(site.base + link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/reports")
    page.goto(f"{site.base}/reports/2026-Q3/whatifs")


def set_up(page: Page, site: Site) -> None:
    opened(page, "/security", site)
    page.get_by_role("button", name="Set up a password").click()
    page.wait_for_url("**/enrol/*")


PAGES: dict[str, Callable[[Page, Site], object]] = {
    "home": lambda page, site: opened(page, "/", site),
    "tasks": with_tasks,
    "a house": a_house,
    "beds": lambda page, site: opened(page, "/beds", site),
    "new referral": lambda page, site: opened(page, "/referrals/new", site),
    "new referral with problems": form_with_problems,
    "three beds": lambda page, site: rank(page, site, "R-0412"),
    "no bed": lambda page, site: rank(page, site, "R-0391"),
    "a house not available": lambda page, site: rank(page, site, "R-0396"),
    "county not known": lambda page, site: rank(page, site, "R-0411"),
    "who is flagged": lambda page, site: opened(page, "/minors", site),
    "a new flag": lambda page, site: opened(page, "/minors/new", site),
    "a record": a_record,
    "a record that is shared, referred and conferred about": its_record,
    "what is shared, as a grid": lambda page, site: its_record(page, site, "/releases"),
    "what is shared, for the young person": lambda page, site: its_record(page, site, "/releases/print?language=es"),
    "papers of a record": lambda page, site: its_record(page, site, "/papers"),
    "case conferences": lambda page, site: opened(page, "/conferences", site),
    "a case conference": conferred,
    "agreements": lambda page, site: administered(page, "/agreements", site),
    "who offers what": lambda page, site: administered(page, "/continuum", site),
    "where abuse is reported": lambda page, site: administered(page, "/reporting-lines", site),
    "duplicates": duplicates,
    "who looked": who_looked,
    "shared with whom": shared_with,
    "who the young person is": who_it_is,
    "shared with us": told_us,
    "emergency access": in_an_emergency,
    "emergency reviews": reviewed,
    "the gap audit": gap_audit,
    "what other limits would have done": whatifs,
    "not found": lambda page, site: opened(page, "/referrals/ref_none", site),
    "signed out": lambda page, site: opened(page, "/signed-out", site),
    "sign in": lambda page, site: opened(page, "/sign-in", site),
    "set up a sign-in": set_up,
    "your sign-in": lambda page, site: opened(page, "/security", site),
    "prove it": lambda page, site: opened(page, "/prove", site),
}


@pytest.fixture(scope="module", params=PAGES)
def shown(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[tuple[str, Page]]:
    """A page of a signed-in coordinator, with everything folded open: one for all that is asked of it."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = site.sign_in(context)
    PAGES[request.param](page, site)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    yield request.param, page
    context.close()


def looks_of(page: Page, name: str | None = None) -> list[str]:
    """What axe finds on a page, light and dark, narrow and wide, and what is wider than the page at 320 px."""
    found = []
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        save_shot(page, SHOTS, f"{(name or page.title()).replace(' ', '-')}-{width}-{scheme}")
        report = Axe().run(page, options=RULES).response
        found += [
            f"{scheme} {width} {row['id']}: {row['help']} {[node['target'] for node in row['nodes']][:3]}"
            for row in report["violations"]
        ]
        found += [f"{scheme} {width}: wider than the page: {wide}" for wide in _too_wide(page)]
    return found


def test_axe_finds_nothing(shown: tuple[str, Page]) -> None:
    name, page = shown
    assert looks_of(page, name) == []


def test_nothing_runs_out_of_the_page(shown: tuple[str, Page]) -> None:
    _, page = shown
    page.set_viewport_size({"width": 320, "height": 640})
    wide = {"at 320 px": _too_wide(page)}
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        wide[f"at 200 % text, {width} px"] = _too_wide(page)
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.evaluate(SPACING)
    page.set_viewport_size({"width": 320, "height": 640})
    wide["with text spacing"] = _too_wide(page)
    page.evaluate("document.adoptedStyleSheets = []")
    assert {when: what for when, what in wide.items() if what} == {}


def _too_wide(page: Page) -> list[str]:
    if page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        return []
    return [str(one) for one in page.evaluate(TOO_WIDE)] or ["the page itself"]


def test_every_control_can_be_hit(shown: tuple[str, Page]) -> None:
    _, page = shown
    small = []
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        for text, wide, high, primary in page.evaluate(TARGETS):
            least = PRIMARY if primary else SMALLEST
            if high < least - 0.5 or wide < SMALLEST:
                small.append(f"{width}: {text} {wide:.0f} x {high:.0f}")
    assert small == []


def test_few_bytes_own_host_and_a_silent_console(shown: tuple[str, Page], site: Site) -> None:
    name, page = shown
    said: list[str] = []
    sizes: dict[str, int] = {}
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfinished", lambda one: sizes.update({one.url: one.sizes()["responseBodySize"]}))
    # A form sent once more is what a reload would do.
    page.goto(page.url if "problems" not in name else f"{site.base}/referrals/new", wait_until="networkidle")
    expected = ["Failed to load resource: the server responded with a status of 404 (Not Found)"] * (
        name == "not found"
    )
    assert said == expected
    assert all(url.startswith(site.base) for url in sizes)
    assert len(sizes) <= MOST_REQUESTS
    assert sum(sizes.values()) <= MOST_BYTES


@pytest.mark.parametrize("code", ["R-0412", "R-0391", "R-0394"])
def test_an_answer_prints_on_two_pages_with_every_reason(phone: Page, site: Site, code: str) -> None:
    rank(phone, site, code)
    paper = phone.pdf(format="Letter")
    assert 1 <= len(re.findall(rb"/Type\s*/Page[^s]", paper)) <= 2
    phone.emulate_media(media="print")
    assert not phone.get_by_role("button").filter(visible=True).count()
    assert phone.get_by_text("Contains confidential data").is_visible()


def test_status_is_a_word(phone: Page, site: Site) -> None:
    """In grey nothing is lost: each state that has a colour has a word."""
    rank(phone, site, "R-0412")
    for tag in phone.locator(".tag").filter(visible=True).all():
        assert tag.inner_text().strip()
    rank(phone, site, "R-0393")
    bar = phone.locator("article").first
    assert "Paid:" in bar.inner_text()


def test_a_page_can_be_enlarged(phone: Page) -> None:
    content = phone.locator("meta[name=viewport]").get_attribute("content") or ""
    assert "maximum-scale" not in content
    assert "user-scalable" not in content
