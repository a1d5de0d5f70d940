"""The review page as a real browser shows it, with real processes behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from browser import Browser
from candidate_rows import candidate, lines, note, reviewing, serving, write

from gsi_bench_hf.review import merged
from gsi_bench_hf.review.session import Session

SCRIPT = "Move <script>document.title = 'hacked'</script> & <img src=x onerror=\"document.title = 'hacked'\"> \"it\"."
READY = "document.getElementById('card').getAttribute('aria-busy') === 'false'"
WORDS = "document.getElementById('words')?.textContent"
ENABLED = "!document.getElementById('accept').disabled"
STATUS = "document.getElementById('status').textContent"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    with Session(folder, "ann") as session, serving(session) as url:
        yield url


def until(browser: Browser, condition: str) -> None:
    end = time.monotonic() + 60
    while not browser.ask(f"Boolean({condition})"):
        assert time.monotonic() < end, f"{condition}; the page says: {browser.ask('document.body.innerText')}"
        time.sleep(0.02)


def see(browser: Browser, url: str, width_px: int = 1280, *, dark: bool = False) -> None:
    browser.open(url, width_px=width_px, dark=dark)
    until(browser, READY)


def decided(browser: Browser, count: int, of: int = 5) -> None:
    until(browser, f"document.getElementById('counts').textContent.startsWith('{count} of {of}') && {READY}")


def hidden(browser: Browser, name: str) -> bool:
    return not browser.ask(f"document.getElementById('{name}').checkVisibility()")


def test_a_folder_is_decided_with_the_keyboard_alone(browser, url, folder):
    see(browser, url)
    here = urlsplit(url)
    browser.press("a")
    decided(browser, 1)
    assert browser.ask(WORDS) == candidate(1)["instruction"]
    browser.press("e")
    browser.type(" Gently.")
    browser.press("Enter", ctrl=True)
    decided(browser, 2)
    browser.press("r")
    browser.press("2")
    decided(browser, 3)
    browser.press("r")
    for letter in "fog":  # which goes to where another reason is written
        browser.press(letter)
    browser.press("Enter")
    decided(browser, 4)
    browser.press("r")
    browser.press("Enter")
    decided(browser, 5)
    assert "All candidates are decided." in browser.ask("document.getElementById('card').textContent")
    assert [(line["id"], line["decision"], line["reason"]) for line in lines(folder, "ann")] == [
        ("real-00000", "accept", ""),
        ("real-00001", "edit", ""),
        ("real-00002", "reject", "it is not clear which object is meant"),
        ("real-00003", "reject", "fog"),
        ("real-00004", "reject", ""),
    ]
    assert lines(folder, "ann")[1]["instruction"] == candidate(1)["instruction"] + " Gently."
    asked = {urlsplit(url)[:2] for url in browser.requested if not url.startswith("data:")}
    assert asked == {here[:2]}  # nothing from anywhere else


def test_back_is_decided_otherwise_and_the_last_word_counts(browser, url, folder):
    see(browser, url)
    browser.press("a")
    decided(browser, 1)
    browser.press("u")
    until(browser, f"{READY} && document.querySelector('.verdict.accept')")
    browser.press("r")
    browser.press("1")
    decided(browser, 1)
    until(browser, f"{WORDS} === {candidate(1)['instruction']!r}")
    assert [line["decision"] for line in lines(folder, "ann")] == ["accept", "reject"]
    assert list(merged(folder).rejected) == ["real-00000"]


def test_arrows_and_the_filter_lead_about(browser, url, folder):
    note(folder, "bob", {0: "accept"})  # whose decisions ann does not see
    see(browser, url)
    for key, number in (("ArrowRight", 1), ("j", 2), ("ArrowLeft", 1), ("k", 0), ("ArrowLeft", 0)):
        browser.press(key)
        until(
            browser, f"{READY} && {WORDS} === {candidate(number)['instruction']!r} && location.hash === '#{number + 1}'"
        )
    browser.press("ArrowRight")
    until(browser, f"{READY} && location.hash === '#2'")
    browser.press("a")
    decided(browser, 1)
    browser.ask(
        "(f => { f.value = 'accept'; f.dispatchEvent(new Event('change')) })(document.getElementById('filter'))"
    )
    until(browser, f"{READY} && location.hash === '#2'")
    assert browser.ask("document.getElementById('next').disabled && document.getElementById('previous').disabled")
    browser.ask(
        "(f => { f.value = 'reject'; f.dispatchEvent(new Event('change')) })(document.getElementById('filter'))"
    )
    until(browser, "document.getElementById('card').textContent.includes('Nothing here under “rejected”')")
    assert browser.ask("document.getElementById('accept').disabled")


def test_a_held_key_and_keys_of_the_browser_decide_nothing(browser, url, folder):
    see(browser, url)
    for how in ("repeat: true", "ctrlKey: true", "metaKey: true", "altKey: true", "isComposing: true"):
        browser.ask(
            f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: 'a', code: 'KeyA', bubbles: true, {how}}}))"
        )
    browser.press("e")
    for letter in "arxb":
        browser.press(letter)
    browser.press("Escape")
    assert hidden(browser, "editor")
    assert not hidden(browser, "accept")
    assert browser.ask("document.getElementById('show-box').checked")
    assert not (folder / "decisions.ann.jsonl").exists()
    browser.press("a")
    decided(browser, 1)


def test_two_keys_at_once_decide_one(browser, url, folder):
    see(browser, url)
    press = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', code: 'KeyA', bubbles: true}))"
    browser.ask(f"{press}; {press}; {press}")
    decided(browser, 1)
    assert [line["id"] for line in lines(folder, "ann")] == ["real-00000"]


def test_the_chinese_is_not_forgotten(browser, url, folder):
    see(browser, url)
    browser.press("e")
    assert hidden(browser, "stale")
    browser.type(" Now.")
    assert not hidden(browser, "stale")
    browser.ask("document.getElementById('instruction-zh').focus()")
    browser.type("现在。")
    assert hidden(browser, "stale")
    browser.press("Enter", ctrl=True)
    decided(browser, 1)
    assert lines(folder, "ann")[0]["instruction_zh"] == candidate(0)["instruction_zh"] + "现在。"


def test_text_of_the_data_is_text(browser, tmp_path):
    extra = {"provenance": {**candidate(0)["provenance"], "extra": '{"note": "<b id=evil>x</b>"}'}}
    target = {**candidate(0)["target"], "description": SCRIPT}
    words = {"instruction": SCRIPT, "instruction_zh": SCRIPT, "id": SCRIPT}
    folder = write(tmp_path / SCRIPT.replace("/", "."), [candidate(0, target=target, **words, **extra)])
    with Session(folder, "ann") as session, serving(session) as url:
        see(browser, url)
        assert browser.ask(WORDS) == SCRIPT
        assert browser.ask("document.title") == f"{folder.name} – gsi-bench review"
        assert browser.ask("document.querySelectorAll('#evil, script:not([src])').length") == 0
        browser.press("r")
        browser.ask("document.getElementById('reason').focus()")
        browser.type(SCRIPT)
        browser.press("Enter")
        decided(browser, 1, of=1)
        assert browser.ask("document.title") == f"{folder.name} – gsi-bench review"
    assert (lines(folder, "ann")[0]["id"], lines(folder, "ann")[0]["reason"]) == (SCRIPT, SCRIPT)


def test_what_was_typed_survives_the_browser(browser, url):
    see(browser, url)
    browser.press("e")
    browser.type(" Half a sen")
    see(browser, url)  # loaded anew
    assert not hidden(browser, "editor")
    assert browser.ask("document.getElementById('instruction').value").endswith(" Half a sen")
    browser.press("Escape")  # which leaves it for good
    see(browser, url)
    assert hidden(browser, "editor")


def test_when_the_process_is_killed_nothing_saved_is_lost_and_nothing_else_counts(browser, folder):
    with reviewing(folder, "--reviewer", "ann") as process:
        see(browser, process.url)
        browser.press("a")
        decided(browser, 1)
        browser.press("e")
        browser.type(" Again.")
        process.kill()
        browser.press("Enter", ctrl=True)
        until(browser, f"{STATUS}.startsWith('Not saved: gsi-bench does not answer.')")
        assert browser.ask("document.getElementById('instruction').value").endswith(" Again.")
        assert browser.ask("document.getElementById('counts').textContent").startswith("1 of 5")
    with reviewing(folder, "--reviewer", "ann") as process:
        see(browser, process.url)
        decided(browser, 1)
        assert browser.ask(WORDS) == candidate(1)["instruction"]
    assert [line["id"] for line in lines(folder, "ann")] == ["real-00000"]


def test_a_full_disk_is_said_on_the_page(browser, url, folder):
    see(browser, url)
    (folder / "decisions.ann.jsonl").symlink_to("/dev/full")
    browser.press("a")
    until(browser, f"{STATUS}.includes('no space left to write')")
    assert browser.ask(WORDS) == candidate(0)["instruction"]
    (folder / "decisions.ann.jsonl").unlink()
    browser.press("a")
    decided(browser, 1)


def test_two_reviewers_at_once_and_what_they_settle(browser, folder):
    with reviewing(folder, "--reviewer", "ann") as ann, reviewing(folder, "--reviewer", "bob") as bob:
        for process, keys in ((ann, ("a", "a", "r1")), (bob, ("a", "r3", "r3"))):
            see(browser, process.url)
            for count, press in enumerate(keys, start=1):
                for key in press:
                    browser.press(key)
                decided(browser, count)
        bob.interrupt()
        printed = ann.interrupt()
    assert "together: 1 accepted, 1 rejected, 1 in conflict, 2 to be decided" in printed
    assert "agreement on 2 of 3 whether to keep, alpha 0.4" in printed
    with reviewing(folder, "--reviewer", "cleo", "--settle") as process:
        see(browser, process.url)
        decided(browser, 0, of=1)
        shown = browser.ask("[...document.querySelectorAll('.votes li p')].map(p => p.textContent)")
        assert shown[0].startswith("ann accepted it: “")
        assert shown[1] == "bob rejected it: the object can't be there"
        browser.press("2")
        decided(browser, 1, of=1)
        assert "All conflicts are settled." in browser.ask("document.getElementById('card').textContent")
        assert "agreement on 2 of 3" in process.interrupt()
    found = merged(folder)
    assert (list(found.accepted), list(found.rejected)) == (["real-00000"], ["real-00001", "real-00002"])
    assert lines(folder, "cleo")[0]["settles"] is True


def test_the_layers_are_switched_with_keys(browser, url):
    see(browser, url)
    for key, drawn in (("m", ".frame path.mask"), ("o", ".objects text"), ("x", ".boxes path.after")):
        visible = f"document.querySelector('{drawn}').getBoundingClientRect().width > 0"
        before = browser.ask(visible)
        browser.press(key)
        assert browser.ask(visible) is not before
    browser.press("b")
    place = "JSON.stringify(document.querySelector('.view.%s .frame').getBoundingClientRect())"
    assert browser.ask(place % "before") == browser.ask(place % "after")
    browser.press("?")
    assert browser.ask("document.getElementById('keys').open")
    browser.press("a")  # decides nothing behind the list of keys
    browser.press("Escape")
    assert browser.ask("document.getElementById('counts').textContent").startswith("0 of 5")


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("width_px", [390, 1280])
def test_it_fits_and_can_be_read(browser, url, width_px, dark):
    see(browser, url, width_px, dark=dark)
    for key in ("", "e", "Escape", "r"):
        if key:
            browser.press(key)
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
        buttons = "[...document.querySelectorAll('.dock button, .reasons button')].filter(b => b.checkVisibility())"
        assert browser.ask(f"Math.min(...{buttons}.map(b => b.getBoundingClientRect().height))") >= 40
        low = f"Math.max(...{buttons}.map(b => b.getBoundingClientRect().bottom))"
        assert browser.ask(f"{low} <= innerHeight")  # without scrolling
    paper, ink = (
        np.mean([int(v) for v in re.findall(r"\d+", browser.ask(f"getComputedStyle(document.body).{name}"))[:3]])
        for name in ("backgroundColor", "color")
    )
    assert (paper < 60 and ink > 190) if dark else (paper > 230 and ink < 60)
    browser.press("Escape")
    seen = "[...document.querySelectorAll('.frame')].map(f => f.getBoundingClientRect()).every(r => r.bottom < innerHeight)"
    assert width_px == 390 or browser.ask(seen)  # both pictures whole in one window
