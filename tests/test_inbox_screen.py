"""Stories that people live through on the screen, in a real Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from alerts import case as moves
from monitor.accounts import Role
from tests.browser import chromium, faults
from tests.inbox import PASSWORD, Inbox, desk_at, joined_at

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
PATIENCE = 30_000
"""Milliseconds; a busy computer may take long for a page."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        expect.set_options(timeout=PATIENCE)
        yield made


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(desk_at(tmp_path)) as made:
        yield made


class Screen:
    """What one person sees; whatever goes wrong in the page is kept."""

    def __init__(self, browser: Browser, served: Inbox, **looks: Any) -> None:
        self.served = served
        self.context = browser.new_context(base_url=served.url, **looks)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on(
            "console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def sign_in(self, name: str, role: Role = Role.AGENT) -> Page:
        self.context.add_cookies([{"name": "session", "value": self.served.key(name, role), "url": self.served.url}])
        self.page.goto("/")
        alive(self.page)
        return self.page

    def enter_password(self, name: str) -> None:
        self.page.goto("/")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def kati(browser: Browser, served: Inbox) -> Iterator[Page]:
    """Kati, an agent, at her desk."""
    screen = Screen(browser, served)
    yield screen.sign_in("kati")
    screen.context.close()
    assert screen.wrong == []


def alive(page: Page) -> None:
    """Its scripts run: it hears of what happens, and of keys."""
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def waiting(page: Page) -> Any:
    return page.locator(".case .open bdi")


def test_an_agent_signs_in_sees_a_case_arrive_claims_it_and_says_that_it_is_answered(
    browser: Browser, served: Inbox
) -> None:
    screen = Screen(browser, served)
    screen.enter_password(served.account("kati"))
    kati = screen.page
    alive(kati)
    kati.evaluate("window.sameDocument = true")
    expect(waiting(kati)).to_have_text(["@tom", "@mari"])
    served.desk.post("refund please", "liis", ago=30)
    served.desk.tick(after=1)
    expect(waiting(kati)).to_have_text(["@tom", "@liis", "@mari"])
    expect(kati.locator("#news")).to_have_text("A case has arrived.")
    assert kati.title().startswith("Inbox (3)")
    row = kati.locator(".case", has_text="@liis")
    row.get_by_role("button", name="Claim").click()
    expect(row.locator(".state")).to_have_text("kati")
    row.get_by_role("button", name="Answered").click()
    expect(waiting(kati)).to_have_text(["@tom", "@mari"])
    expect(kati.locator("#tally")).to_contain_text("1 answered today")
    assert kati.evaluate("window.sameDocument")
    assert served.desk.kinds(3)[-2:] == ["claimed", "answered"]
    kati.get_by_role("button", name="Sign out").click()
    expect(kati.get_by_label("Password")).to_be_visible()
    screen.context.close()
    assert screen.wrong == []


def test_the_hour_counts_down_and_runs_out_before_ones_eyes(served: Inbox, kati: Page) -> None:
    clock = kati.locator(".case", has_text="@mari").locator(".clock")
    before = clock.inner_text()
    expect(clock).not_to_have_text(before)
    served.desk.clock.forward(60)
    served.desk.tick()
    expect(kati.locator(".case.late")).to_have_count(2)
    expect(clock).to_contain_text("late")


def test_filters_and_search_leave_what_was_asked_for(kati: Page) -> None:
    kati.get_by_label("Search").fill("parc")
    expect(waiting(kati)).to_have_text(["@mari"])
    assert "q=parc" in kati.url
    kati.get_by_label("In hand of").select_option("kati")
    expect(kati.get_by_text("No case is like this.")).to_be_visible()
    kati.reload()
    expect(kati.get_by_label("Search")).to_have_value("parc")
    kati.get_by_label("In hand of").select_option("-")
    kati.get_by_label("Search").fill("")
    expect(waiting(kati)).to_have_text(["@tom", "@mari"])
    kati.get_by_role("link", name="Late").click()
    expect(waiting(kati)).to_have_text(["@tom"])


def test_everything_can_be_done_without_a_mouse(served: Inbox, kati: Page) -> None:
    press = kati.keyboard.press
    press("?")
    expect(kati.get_by_role("dialog")).to_contain_text("next, previous case")
    press("Escape")
    press("j")
    press("j")
    press("k")
    expect(kati.locator("#open-1, #open-2").and_(kati.locator(":focus"))).to_contain_text("@tom")
    press("c")
    row = kati.locator(".case", has_text="@tom")
    expect(row.locator(".state")).to_have_text("kati")
    press("Enter")
    expect(kati.get_by_role("heading", name="@tom")).to_be_visible()
    alive(kati)
    press("a")
    expect(kati.get_by_role("button", name="Reopen")).to_be_visible()
    press("u")
    expect(waiting(kati)).to_have_text(["@mari"])
    alive(kati)
    press("/")
    kati.keyboard.type("nothing like it")
    expect(kati.get_by_text("No case is like this.")).to_be_visible()


def test_a_case_is_given_away_snoozed_and_dismissed_on_its_page(served: Inbox, kati: Page) -> None:
    served.account("rein", password="")
    kati.get_by_role("link", name="@mari").click()
    expect(kati.locator("mark")).to_have_text("my parcel is late, where is it")
    kati.get_by_label("Give to").fill("rein")
    kati.get_by_role("button", name="Assign").click()
    expect(kati.locator(".head .state")).to_have_text("rein")
    kati.get_by_label("Snooze for").select_option("60")
    kati.get_by_role("button", name="Snooze").click()
    expect(kati.locator(".head .state")).to_contain_text("snoozed until")
    kati.get_by_label("It is").select_option("not_ours")
    kati.get_by_label("Why").fill("another shop's <parcel>")
    kati.get_by_role("button", name="Dismiss").click()
    expect(kati.locator("#timeline")).to_contain_text("kati dismissed it as not ours: another shop's <parcel>")
    kati.get_by_role("button", name="Reopen").click()
    expect(kati.get_by_role("button", name="Claim")).to_be_visible()


def test_a_case_is_split_and_joined_again_without_a_mouse(served: Inbox, kati: Page) -> None:
    mari, other = joined_at(served.desk)
    kati.goto(f"/cases/{mari}")
    alive(kati)
    split = kati.get_by_role("button", name="Another matter is what u/mari_maasikas wrote on Reddit")
    split.focus()
    served.desk.app.act(mari, lambda case, now: moves.claim(case, "rein", now))
    expect(kati.locator(".head .state")).to_have_text("rein")
    expect(split).to_be_focused()
    kati.keyboard.press("Enter")
    expect(kati.get_by_role("heading", name="u/mari_maasikas")).to_contain_text(f"case {other}")
    expect(kati.locator(".post")).to_have_count(1)
    kati.get_by_role("link", name=f"case {mari}").last.focus()
    kati.keyboard.press("Enter")
    kati.get_by_label("Same as").focus()
    kati.keyboard.type(str(other))
    kati.keyboard.press("Enter")
    expect(kati.locator(".post")).to_have_count(2)
    expect(kati.locator("#timeline")).to_contain_text(f"kati joined case {other} to it")


def test_on_a_phone_another_matter_is_under_the_thumb_and_a_refusal_in_sight(browser: Browser, served: Inbox) -> None:
    screen = Screen(browser, served, **PHONE)
    page = screen.sign_in("kati")
    mari, other = joined_at(served.desk)
    page.route(re.compile(r"/live\?"), lambda route: route.abort())  # the page does not hear what a colleague does
    page.goto(f"/cases/{mari}")
    button = page.get_by_role("button", name="Another matter")
    box = button.bounding_box()
    assert box
    assert box["height"] >= 40
    served.desk.app.split(mari, "p3", "rein")
    button.tap()
    expect(page.get_by_text(f"Not done: post 3 is no customer's post of case {mari}.")).to_be_in_viewport()
    page.get_by_label("Same as").fill(str(other))
    page.get_by_role("button", name="Join").tap()
    button.tap()
    expect(page.get_by_role("heading", name="u/mari_maasikas")).to_contain_text(f"case {other}")
    screen.context.close()


def test_what_a_colleague_does_meanwhile_is_seen_once_the_network_is_back(browser: Browser, served: Inbox) -> None:
    kati, rein = Screen(browser, served), Screen(browser, served)
    mine, theirs = (
        screen.sign_in(name).locator(".case", has_text="@mari") for screen, name in ((kati, "kati"), (rein, "rein"))
    )
    kati.context.set_offline(True)
    theirs.get_by_role("button", name="Claim").click()
    expect(theirs.locator(".state")).to_have_text("rein")
    expect(mine.locator(".state")).to_have_text("Nobody yet")
    kati.context.set_offline(False)
    expect(mine.locator(".state")).to_have_text("rein")
    for screen in (kati, rein):
        screen.context.close()


def test_who_comes_second_is_told_in_the_list(served: Inbox, browser: Browser) -> None:
    screen = Screen(browser, served)
    page = screen.sign_in("kati")
    page.route(re.compile(r"/live\?"), lambda route: route.abort())  # the page has not heard of it
    page.reload()
    served.desk.app.act(1, lambda case, now: moves.claim(case, "rein", now))
    page.locator("#claim-1").click()
    expect(page.get_by_text("Not done: case 1 is already claimed by rein.")).to_be_visible()
    expect(page.locator("#case-1 .state")).to_have_text("rein")
    screen.context.close()


def test_nothing_that_a_customer_writes_runs(served: Inbox, kati: Page) -> None:
    served.desk.post("late <script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>", "<svg onload=x>")
    served.desk.tick(after=1)
    expect(waiting(kati)).to_have_count(3)
    kati.locator(".open", has_text="svg").click()
    expect(kati.locator("#thread")).to_contain_text("<script>window.hacked = 1</script>")
    assert kati.evaluate("window.hacked") is None


PAGES = (
    "/", "/?state=answered", "/cases/1", "/figures", "/figures?by=hour", "/?state=all&figure=overdue", "/digests",
    "/sources", "/people", "/api/v1/",
)  # fmt: skip
LOOKS = {"by day": {"color_scheme": "light"}, "by night": {"color_scheme": "dark"}, "on a phone": PHONE}


@pytest.mark.parametrize("looks", LOOKS)
def test_no_page_has_a_fault_that_keeps_people_out(browser: Browser, served: Inbox, looks: str) -> None:
    served.program(name="robot")
    served.desk.post("late here too", "mari", thread="elsewhere")
    served.desk.tick(1)
    screen = Screen(browser, served, **LOOKS[looks], reduced_motion="reduce")
    screen.page.goto("/sign-in")
    assert faults(screen.page) == []
    page = screen.sign_in("kati", Role.ADMIN)
    served.account("rein", password="")
    served.desk.app.editions.keep(served.desk.app.editions.edition("Lainepost"))
    for path in PAGES:
        page.goto(path)
        page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    assert screen.wrong == []
    screen.context.close()


def test_on_a_phone_a_thumb_is_enough(browser: Browser, served: Inbox) -> None:
    screen = Screen(browser, served, **PHONE)
    page = screen.sign_in("kati")
    button = page.locator(".case", has_text="@tom").get_by_role("button", name="Claim")
    box = button.bounding_box()
    assert box
    assert box["height"] >= 40
    button.tap()
    expect(page.locator(".case", has_text="@tom").locator(".state")).to_have_text("kati")
    page.get_by_text("Filters").tap()
    page.get_by_label("In hand of").select_option("kati")
    expect(waiting(page)).to_have_text(["@tom"])
    screen.context.close()


def test_from_a_number_of_the_figures_one_comes_to_the_cases_behind_it(served: Inbox, kati: Page) -> None:
    kati.keyboard.press("f")
    expect(kati.get_by_role("heading", name="Figures")).to_be_visible()
    kati.get_by_role("navigation", name="Parted by").get_by_role("link", name="Language").click()
    row = kati.locator(".figures tbody tr", has_text="English")
    row.get_by_role("link", name="missed the target").click()
    expect(kati.locator(".behind")).to_contain_text("missed the target, language English")
    kati.get_by_label("Search").fill("nothing like it")
    expect(kati.get_by_text("No case is like this.")).to_be_visible()
    kati.get_by_role("link", name="All cases instead").click()
    expect(kati.locator(".behind")).to_have_count(0)
    kati.get_by_role("link", name="Figures").click()
    kati.locator("rect.overdue").first.click()
    expect(waiting(kati)).to_have_text(["@tom"])


def test_a_prepared_answer_is_copied_by_key(browser: Browser, served: Inbox) -> None:
    screen = Screen(browser, served)
    screen.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = screen.sign_in("kati")
    page.get_by_role("link", name="@mari").click()
    alive(page)
    page.keyboard.press("y")
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert "@mari" in page.evaluate("navigator.clipboard.readText()")
    screen.context.close()


def test_the_digest_is_read_in_the_browser(browser: Browser, served: Inbox) -> None:
    served.desk.app.editions.keep(served.desk.app.editions.edition("Lainepost"))
    screen = Screen(browser, served)
    page = screen.sign_in("kati")
    page.get_by_role("link", name="Digests").click()
    page.locator(".papers a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lainepost")
    assert page.locator("svg, img").count()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    screen.context.close()
    assert screen.wrong == []


def test_without_scripts_every_page_still_does_its_job(browser: Browser, served: Inbox) -> None:
    screen = Screen(browser, served, java_script_enabled=False)
    page = screen.page
    screen.enter_password(served.account("kati"))
    page.get_by_label("Search").fill("parc")
    page.get_by_role("button", name="Show").click()
    expect(waiting(page)).to_have_text(["@mari"])
    page.get_by_role("button", name="Claim").click()
    expect(page.locator(".state")).to_have_text("kati")
    page.get_by_role("link", name="@mari").click()
    page.get_by_role("button", name="Answered").click()
    expect(page.get_by_text("kati said that it is answered")).to_be_visible()
    mari, other = joined_at(served.desk)
    page.goto(f"/cases/{mari}")
    page.get_by_role("button", name="Another matter").click()
    expect(page.get_by_role("heading", name="u/mari_maasikas")).to_contain_text(f"case {other}")
    page.get_by_role("link", name=f"case {mari}").last.click()
    page.get_by_label("Same as").fill(str(other))
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".post")).to_have_count(2)
    screen.context.close()
