import { render } from "preact";
import { afterEach, describe, expect, it, vi } from "vitest";

import { Markdown } from "./markdown";

function shown(text: string): HTMLElement {
  const root = document.createElement("div");
  render(<Markdown text={text} />, root);
  return root;
}

afterEach(() => vi.unstubAllGlobals());

describe("markdown, shown", () => {
  it("makes elements, not HTML", () => {
    const root = shown('# Title\n\n<b onclick="x()">raw</b> and **bold**\n\n| a |\n|--|\n| 1 |\n\n- [x] done');
    expect(root.querySelector("h1")?.textContent).toBe("Title");
    expect(root.querySelector("b, [onclick], script")).toBeNull();
    expect(root.textContent).toContain('<b onclick="x()">raw</b>');
    expect(root.querySelector("td")?.textContent).toBe("1");
    expect(root.querySelector<HTMLInputElement>("li input")?.checked).toBe(true);
  });

  it("loads nothing from elsewhere", () => {
    const asked = vi.fn(() => new Promise(() => {}));
    vi.stubGlobal("fetch", asked);
    const root = shown("![cat](https://e.org/cat.png) ![dot](data:image/gif;base64,R0lGODlhAQABAAAAACw=) ![up](/v1/runs/e/p/r/../../../me)");
    expect([...root.querySelectorAll("img")].map((image) => image.alt)).toEqual(["dot"]);
    expect(root.querySelector("a")).toMatchObject({ href: "https://e.org/cat.png", textContent: "cat", rel: "noreferrer noopener" });
    expect(asked).not.toHaveBeenCalled();
  });

  it("asks for files of ours with the token", async () => {
    const asked = vi.fn((..._: unknown[]) => new Promise(() => {}));
    vi.stubGlobal("fetch", asked);
    shown("![ours](/v1/runs/e/p/r/files/media/a.png)");
    await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
    expect(asked.mock.calls[0]![0]).toBe("/v1/runs/e/p/r/files/media/a.png");
  });

  it("shows what may not be followed as text", () => {
    const root = shown("[click](javascript:alert(1)) [here](#part) [home](/e/p)");
    expect(root.querySelector(".md-refused")?.textContent).toBe("click");
    expect([...root.querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual(["#user-part", "/e/p"]);
  });
});
