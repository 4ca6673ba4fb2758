# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a play over 4 hosts, in a real browser: figures, hostile texts, accessibility, two widths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ansible_collections.threadworks.openai.tests.browser import SCHEMES, WIDTHS, Visit, chromium, visit
from ansible_collections.threadworks.openai.tests.integration.report_play import (
    BUDGET,
    HOSTILE,
    HOSTS,
    PRICES,
    REFUSED_EVERY,
    TICKETS,
    Played,
    script,
)
from ansible_collections.threadworks.openai.tests.integration.report_play import played as play_once

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_CELLS = "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def played(browser: Browser, tmp_path_factory: pytest.TempPathFactory, collections: Path) -> Played:
    """The play, once for all tests. Without a browser, nothing is played."""
    ended = play_once(tmp_path_factory, collections)
    assert ended.first.rc == 0, ended.first
    assert "[WARNING]: Callback" not in ended.first.stderr
    return ended


@pytest.fixture(scope="module")
def report(played: Played) -> str:
    """The URL of the page."""
    return (played.folder / "report.html").as_uri()


@pytest.fixture
def page(browser: Browser, report: str) -> Iterator[Visit]:
    """The report, with all conversations open."""
    with visit(browser, report) as visited:
        visited.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        yield visited
        assert visited.complaints == []


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _tiles(page: Visit) -> dict[str, tuple[str, str]]:
    found = page.page.eval_on_selector_all(
        ".tiles > div", "tiles => tiles.map(tile => [...tile.children].map(each => each.innerText.trim()))"
    )
    return {name: (figure, under) for name, figure, under in found}


def test_figures_equal_the_servers_own_count(page: Visit, played: Played) -> None:
    asked, written = (sum(usage[f"{name}_tokens"] for usage in played.usages) for name in ("input", "output"))
    calls = sum(len(answer.get("calls", [])) for answer in script())
    tiles = _tiles(page)
    runs = len(HOSTS) + len(TICKETS)
    assert tiles["Runs"] == (str(runs), f"{runs - 2} completed, 1 failed, 1 incomplete")
    assert _number(tiles["Tokens"][0]) == asked + written > 0
    assert tiles["Tokens"][1] == f"{asked:,} input, {written:,} output"
    cost = f"${(PRICES['input'] * asked + PRICES['output'] * written) / 1e6:.4f}"
    assert tiles["Cost"][0] == cost
    refused = 2 * len(range(0, len(HOSTS), REFUSED_EVERY))
    assert tiles["Tool calls"] == (str(calls), f"{calls - refused} allowed, {refused} refused")
    budgets, models, hosts = page.page.eval_on_selector_all(".plot", f"tables => tables.map({_CELLS})")
    assert budgets[0][:4] == ["inspections", "", "day", f"{BUDGET - asked - written:,} of {BUDGET:,} tokens"]
    assert sum(_number(row[2]) for row in models) == runs
    assert sum(_number(row[3]) for row in models) == sum(_number(row[3]) for row in hosts) == asked
    assert sum(_number(row[5]) for row in models) == sum(_number(row[5]) for row in hosts) == written
    rows = page.page.eval_on_selector(".runs", _CELLS)
    assert sum(_number(row[7]) for row in rows) == asked + written
    assert len({row[1] for row in rows}) == len(HOSTS) + 1


def test_failures_come_first(page: Visit) -> None:
    rows = page.page.eval_on_selector(".runs", _CELLS)
    assert {(row[0], row[1]) for row in rows[:2]} == {("failed", "db3"), ("incomplete", "web09")}
    said = page.page.inner_text("#attention")
    assert "The model is overloaded." in said
    assert "Ask for something that does not exist failed on localhost" in said
    assert {each.inner_text() for each in page.page.query_selector_all("#conversations h3 .host")[:2]} == {
        "db3",
        "web09",
    }
    assert page.page.inner_text(".verdict").startswith(
        f"2 of {len(HOSTS) + len(TICKETS)} runs did not complete. 1 task failed without a run."
    )


def test_a_conversation_can_be_read(page: Visit) -> None:
    talk = page.page.query_selector("details.talk:has(.host:text-is('web01'))")
    assert talk
    said = talk.inner_text()
    order = [
        "Host web01: is a file system running full",
        "allowed by the playbook",
        "Measure the file system",
        "/dev/vda1",
        "refused",
        "The arguments of disk_usage were refused: $.path: ",
        "The tool restart is not allowed.",
        "The root file system is 71 % full",
        "journalctl --vacuum-size=500M",
        "gpt-6-luna",
    ]
    places = [said.index(text) for text in order]
    assert places == sorted(places), said


def test_structured_output_is_a_table(page: Visit) -> None:
    (talk,) = page.page.query_selector_all("details.talk:has-text('The link to Oslo flaps')")
    table = talk.query_selector("table.data")
    assert table
    assert [cell.inner_text() for cell in table.query_selector_all(":scope > tbody > tr > th")] == [
        "team",
        "urgent",
        "steps",
    ]
    inner = table.query_selector("table.data")
    assert inner
    assert inner.evaluate(_CELLS) == [["Check the optics", "10"], ["Call the carrier", "25"]]


def test_hostile_texts_are_only_text(page: Visit) -> None:
    talk = page.page.query_selector("details.talk:has(.host:text-is('web05'))")
    assert talk
    (reply,) = (each.inner_text() for each in talk.query_selector_all(".turn.assistant .bubble"))
    assert reply == HOSTILE.replace("\u202e", r"\u202e").replace("\x1b", r"\u001b")
    elements = page.page.evaluate(
        "document.querySelectorAll('script, img, iframe, object, embed, link, form, i, b').length"
    )
    assert elements == 0
    links = page.page.eval_on_selector_all("a", "links => links.map(each => each.getAttribute('href'))")
    assert links
    assert all(link.startswith("#") for link in links)
    assert "Sorter <i>&</i>" in page.page.inner_text("#runs")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_each_width_and_scheme(browser: Browser, report: str, width: int, scheme: str) -> None:
    with visit(browser, report, width, scheme) as visited:
        assert visited.page.evaluate("document.documentElement.scrollWidth") == width
        assert visited.serious_findings() == []
        visited.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert visited.page.evaluate("document.documentElement.scrollWidth") == width
        assert visited.serious_findings() == []
        assert visited.complaints == []


def test_links_open_the_conversation(browser: Browser, report: str) -> None:
    with visit(browser, report) as visited:
        link = visited.page.query_selector(".runs tr:has(th:text-is('web01')) a")
        assert link
        talk = visited.page.query_selector("details.talk:has(.host:text-is('web01'))")
        assert talk
        assert not talk.evaluate("each => each.open")
        link.press("Enter")
        assert talk.evaluate("each => each.open")
        assert visited.complaints == []


def test_everything_is_printed(browser: Browser, report: str) -> None:
    with visit(browser, report) as visited:
        visited.page.emulate_media(media="print")
        text = "details.talk:has(.host:text-is('web01')) .turn.assistant .bubble"
        assert visited.page.is_visible(text)
        assert visited.page.pdf(format="A4").startswith(b"%PDF")
