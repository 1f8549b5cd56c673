"""Every control has a name, the focus is seen, texts stand out from their ground: on each main page, light and dark."""

import pytest
from playwright.sync_api import expect

NAMELESS = """
() => {
    const seen = (one) => one.checkVisibility({ visibilityProperty: true });
    const said = (one) => {
        const by = (one.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("");
        const labels = [...(one.labels ?? [])].map((label) => label.textContent).join("");
        const inner = [...one.querySelectorAll("[aria-label], img[alt]")].map((part) => part.getAttribute("aria-label") ?? part.alt).join("");
        const own = one.matches("input, select, textarea") ? "" : one.textContent;
        return (one.getAttribute("aria-label") ?? "") + by + labels + own + inner + one.title;
    };
    const controls = [...document.querySelectorAll("button, a[href], input, select, textarea, [role=img], [role=region], iframe, img")];
    const named = (one) => said(one).trim() !== "" || one.alt?.trim() || one.getAttribute("alt") === "";
    return controls.filter((one) => seen(one) && !named(one)).map((one) => one.outerHTML.slice(0, 200));
}
"""
"""What of the page's controls nobody can call by a name."""

FAINT = """
() => {
    const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    const parts = (color) => {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = color;
        pen.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (above, below) => above.slice(0, 3).map((part, at) => part * above[3] + below[at] * (1 - above[3]));
    const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const ground = (one) => {
        if (!one) return [255, 255, 255];
        const color = parts(getComputedStyle(one).backgroundColor);
        return color[3] === 1 ? color.slice(0, 3) : over(color, ground(one.parentElement));
    };
    const found = new Map();
    for (const one of document.querySelectorAll("body *")) {
        const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        const field = one.matches("input[type=search], input:not([type]), select, textarea");
        if (!(own || field) || !one.checkVisibility({ visibilityProperty: true }) || one.matches(":disabled, :disabled *")) continue;
        const style = getComputedStyle(one);
        const below = ground(one);
        const text = over(parts(style.color), below);
        const [a, b] = [light(text), light(below)].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) found.set(`${style.color} on ${below.map(Math.round)}: ${ratio.toFixed(2)}`, one.outerHTML.slice(0, 120));
    }
    return Object.fromEntries(found);
}
"""
"""Pairs of text and ground whose contrast is less than WCAG's AA asks for, each with one who has it."""


@pytest.fixture
def pages(study):
    """Each main page, and a text that is there once it is."""
    run = f"/lab/study/runs/{study['runs'][0]['id']}"
    other = study["runs"][1]["id"]
    return {
        "/": "study",
        "/lab/study": "trial-0",
        "/lab/study/table": "trial-0",
        f"/lab/study/compare?runs={study['runs'][0]['id']},{other}": "Differences only",
        run: "Read it elsewhere",
        f"{run}/charts": "2 panels",
        f"{run}/logs": "step 59",
        f"{run}/files/notes.md": "Notes",
        f"{run}/artifacts": "digits-net:v0",
        "/lab/study/artifacts": "digits-net",
        "/lab/study/artifacts/model/digits-net/v0": "digits-net",
        "/lab/study/reports": "What the study found",
        "/registry": "Model",
        "/status": "Remotes",
    }


def each(page, pages):
    """Goes to every page, and gives its path once it is there."""
    origin = page.evaluate("location.origin")
    for path, text in pages.items():
        page.goto(origin + path)
        expect(page.locator("#main").get_by_text(text).first).to_be_visible()
        expect(page.locator("#main .loading")).to_have_count(0)
        yield path


def test_every_control_has_a_name(opened, pages):
    """Whoever hears the page is told what each button, link and field is."""
    page = opened()
    nameless = {path: found for path in each(page, pages) if (found := page.evaluate(NAMELESS))}
    assert not nameless


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out(opened, pages, theme):
    """At least 4.5, as WCAG's AA asks for."""
    page = opened(theme=theme)
    faint = {path: found for path in each(page, pages) if (found := page.evaluate(FAINT))}
    assert not faint
    page.evaluate("document.documentElement.style.setProperty('--dim', 'var(--line)')")
    assert page.evaluate(FAINT), "what is faint is found to be so"


def test_the_focus_is_seen_and_goes_everywhere(opened, study):
    """By Tab from the top: first the way past the header, then one control after another, each outlined."""
    page = opened("/lab/study")
    expect(page.get_by_role("link", name="trial-0")).to_be_visible()
    outlined = "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1 })()"
    seen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate(outlined), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        seen.append(page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"))
    assert "Search runs by name" in seen or "Filter runs" in seen, seen
    assert len(set(seen)) > 15, seen
