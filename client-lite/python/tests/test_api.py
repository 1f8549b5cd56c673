"""`pannier.Api` against a real daemon, and what it makes of servers that misbehave."""

from __future__ import annotations

import http.server
import json
import pathlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Home

from pannier._api.api import Api
from pannier._api.client import floats
from pannier._api.pages import Counted, Page
from pannier.errors import AuthenticationError, CommError, UsageError

RECORD = """
    import pannier
    nan, inf = float("nan"), float("inf")
    with pannier.init(project="p", id="r1", name="first", tags=["a"], group="g", job_type="train",
                      notes="n", config={"lr": 0.1, "opt": {"name": "adam"}, "x": nan}) as run:
        for i in range(25):
            row = {"loss": nan if i == 3 else -inf if i == 4 else i / 2, "text": f"t{i}"}
            if i % 2:
                row["acc"] = i
            run.log(row)
        run.summary["best"] = {"loss": 0.5}
        print("to stdout")
        import sys
        print("to stderr", file=sys.stderr)
    """


def read(home: Home, code: str, **env: str) -> Any:
    """Runs a script that has `api`, and `run` if there is one, and fills `out`."""
    head = "import json, math, pannier as wandb\napi = wandb.Api()\nout = None\n"
    lines = [line[8:] if line.startswith(" " * 8) else line for line in code.splitlines()]
    done = home.python(head + "\n".join(lines) + "\nprint(json.dumps(out))", **env)
    return json.loads(done.stdout.splitlines()[-1])


def test_what_a_run_is(home: Home) -> None:
    home.python(RECORD)
    assert read(
        home,
        """
        run = api.run("local/p/r1")
        assert math.isnan(run.config.pop("x"))
        assert isinstance(run.summary["best"].update, object)
        assert math.isnan(run.summary["loss"]) is False
        assert run.created_at[:2] == "20" and run.heartbeat_at[:2] == "20"
        assert run.user.username and api.viewer.username == run.user.username
        out = [run.id, run.name, run.entity, run.project, run.path, run.state, run.tags,
               run.group, run.job_type, run.notes, run.config, run.summary["best"]["loss"],
               run.summary.best.loss, run.summary["acc"], run.lastHistoryStep, repr(run),
               api.default_entity, api.run("p/r1").id, api.run("p:r1").id]
        """,
    ) == [
        *("r1", "first", "local", "p", ["local", "p", "r1"], "finished", ["a"]),
        *("g", "train", "n", {"lr": 0.1, "opt": {"name": "adam"}}, 0.5),
        *(0.5, 23, 24, "<Run local/p/r1 (finished)>"),
        *("local", "r1", "r1"),
    ]


def test_every_row_once_whatever_the_pages(home: Home) -> None:
    home.python(RECORD)
    found = read(
        home,
        """
        run = api.run("local/p/r1")
        out = {}
        for size in (1, 2, 4, 5, 24, 25, 26, 1000, 10**6):
            rows = list(run.scan_history(page_size=size))
            assert [row["_step"] for row in rows] == list(range(25)), size
            assert math.isnan(rows[3]["loss"]) and rows[4]["loss"] == -math.inf
            assert [row["text"] for row in rows] == [f"t{i}" for i in range(25)]
            rows = list(run.scan_history(keys=["acc", "loss"], page_size=size))
            assert [row["acc"] for row in rows] == list(range(1, 25, 2)), size
            assert math.isnan(rows[1]["loss"])
        scan = run.scan_history(keys=["acc"], min_step=3, max_step=7)
        assert list(scan) == list(scan)
        out["keys"] = [row["acc"] for row in scan]
        out["steps"] = [row["_step"] for row in run.scan_history(min_step=3, max_step=7)]
        out["none"] = list(run.scan_history(keys=["nothing"]))
        out["beyond"] = [row["_step"] for row in run.scan_history(min_step=23, max_step=99)]
        """,
    )
    assert found == {"keys": [3, 5], "steps": [3, 4, 5, 6], "none": [], "beyond": [23, 24]}


def test_rows_far_apart(home: Home) -> None:
    steps = [0, 1, 5000, 5001, 3_000_000, 3_000_001]
    home.python(
        f"""
        import pannier
        with pannier.init(project="p", id="r1") as run:
            for step in {steps}:
                run.log({{"v": step}}, step=step)
        """
    )
    assert read(
        home,
        """
        run = api.run("local/p/r1")
        out = [[row["v"] for row in run.scan_history()],
               [row["v"] for row in run.scan_history(keys=["v"])]]
        """,
    ) == [steps, steps]


def test_rows_of_many_writers_at_one_step(home: Home) -> None:
    # Several runs, because whether a rank's beginning is read while another rank
    # still writes, or after it has ended, is for the daemon's clock to decide.
    (home.cwd / "rank.py").write_text(
        "import pannier, sys\n"
        "rank = int(sys.argv[1])\n"
        "for number in range(8):\n"
        "    with pannier.init(project='p', id=f'r{number}', mode='shared') as run:\n"
        "        print('ready', flush=True)\n"
        "        sys.stdin.readline()\n"
        "        for step in range(6):\n"
        "            run.log({f'rank{rank}': step, 'all': rank}, step=step)\n"
        "    print('done', flush=True)\n"
    )
    home.python(
        """
        import subprocess, sys
        pipes = {"stdin": -1, "stdout": -1, "text": True, "bufsize": 1}
        ranks = [subprocess.Popen([sys.executable, "rank.py", str(i)], **pipes) for i in range(3)]
        for number in range(8):
            for rank in ranks:
                assert rank.stdout.readline() == "ready\\n"
            for rank in ranks:
                rank.stdin.write("go\\n")
                assert rank.stdout.readline() == "done\\n"
        for rank in ranks:
            rank.communicate()
            assert rank.returncode == 0
        """
    )
    read(
        home,
        """
        for number in range(8):
            run = api.run(f"local/p/r{number}")
            for size in (1, 2, 3, 4, 1000):
                rows = list(run.scan_history(page_size=size))
                assert [row["_step"] for row in rows] == sorted(row["_step"] for row in rows)
                for rank in range(3):
                    mine = [row[f"rank{rank}"] for row in rows if f"rank{rank}" in row]
                    assert mine == list(range(6)), (size, rows)
        """,
    )


def test_samples(home: Home) -> None:
    home.python(RECORD)
    assert (
        read(
            home,
            """
        run = api.run("local/p/r1")
        all = run.history(pandas=False)
        assert [row["_step"] for row in all] == list(range(25))
        assert 0 < len(run.history(samples=5, pandas=False)) <= 10
        rows = run.history(keys=["acc"], pandas=False)
        assert rows == [{"_step": i, "acc": i} for i in range(1, 25, 2)], rows
        assert [list(row) for row in run.history(keys=["loss"], x_axis="acc", pandas=False)]
        assert isinstance(run.history(stream="system", pandas=False), list)
        for wrong in ({"keys": "acc"}, {"stream": "no"}, {"keys": ["a"], "stream": "system"}):
            try:
                run.history(**wrong)
                raise SystemExit(f"{wrong} was taken")
            except wandb.UsageError:
                pass
        found = api.runs("local/p").histories(keys=["acc"])
        assert {row["run_id"] for row in found} == {"r1"}
        out = len(found)
        """,
        )
        == 12
    )


def test_lists_of_runs(home: Home) -> None:
    home.python(
        """
        import pannier
        for i in range(7):
            given = {"config": {"lr": i / 10}, "tags": [f"t{i % 2}"]}
            with pannier.init(project="p", id=f"r{i}", **given) as run:
                run.log({"loss": 7 - i})
        pannier.init(project="q", id="other").finish()
        """
    )
    read(
        home,
        """
        ids = lambda runs: [run.id for run in runs]
        every = [f"r{i}" for i in range(7)]
        for size in (1, 2, 7, 50):
            runs = api.runs("local/p", per_page=size)
            assert len(runs) == 7 and ids(runs) == every and ids(runs) == every, size
        runs = api.runs("local/p", per_page=2)
        assert runs[3].id == "r3" and runs[-1].id == "r6"
        assert ids(runs[1:3]) == ["r1", "r2"] and ids(runs[-2:]) == ["r5", "r6"]
        assert next(runs).id == "r0" and next(runs).id == "r1"
        assert ids(api.runs("local/p", order="-created_at")) == every[::-1]
        assert ids(api.runs("local/p", order="+summary_metrics.loss")) == every[::-1]
        assert ids(api.runs("local/p", order="-config.lr.value")) == every[::-1]
        some = api.runs("local/p", filters={"config.lr": {"$gte": 0.5}})
        assert ids(some) == ["r5", "r6"] and len(some) == 2
        both = {"$and": [{"tags": "t0"}, {"summary_metrics.loss": {"$lt": 4}}]}
        assert ids(api.runs("local/p", filters=both)) == ["r4", "r6"]
        assert len(api.runs("local/p", filters={"state": "running"})) == 0
        lazy, full = api.runs("local/p"), api.runs("local/p", lazy=False)
        assert "config" not in lazy[0]._attrs and "config" in full[0]._attrs
        assert lazy[0].config == full[0].config == {"lr": 0}
        lazy[1].notes = "mine"
        assert lazy[1].summary["loss"] == 6 and lazy[1].notes == "mine"
        lazy.upgrade_to_full()
        assert all("config" in run._attrs for run in lazy)
        assert {project.name for project in api.projects("local")} == {"p", "q"}
        assert api.project("p", "local").created_at[:2] == "20"
        for wrong in (lambda: list(api.runs("local/none")), lambda: api.run("local/p/none"),
                      lambda: api.project("none", "local").id):
            try:
                wrong()
                raise SystemExit("found what is not there")
            except wandb.CommError as error:
                assert "Could not find" in str(error) and isinstance(error, ValueError), error
        """,
    )


def test_files_there_and_back(home: Home) -> None:
    home.python(RECORD)
    content = bytes(range(256)) * 20_000
    (home.cwd / "sub").mkdir()
    (home.cwd / "sub" / "big ü.bin").write_bytes(content)
    (home.cwd / "empty.txt").touch()
    read(
        home,
        """
        run = api.run("local/p/r1")
        before = {file.name for file in run.files()}
        big = run.upload_file("sub/big ü.bin")
        assert (big.name, big.size) == ("sub/big ü.bin", 5_120_000), big
        run.upload_file("empty.txt")
        run.upload_file("sub/big ü.bin", root="sub")
        new = {"sub/big ü.bin", "empty.txt", "big ü.bin"}
        names = [file.name for file in run.files(per_page=1)]
        assert set(names) == before | new and len(names) == len(run.files()), names
        assert {file.name for file in run.files(pattern="%.bin")} == {"sub/big ü.bin", "big ü.bin"}
        assert len(run.files(names=["empty.txt", "none"])) == 1
        with big.download("out") as file:
            assert file.name.endswith("sub/big ü.bin")
        try:
            big.download("out")
            raise SystemExit("downloaded over a file")
        except ValueError as error:
            assert "replace=True" in str(error)
        big.download("out", exist_ok=True).close()
        big.download("out", replace=True).close()
        assert run.file("empty.txt").download("out").read() == ""
        for outside in ("/etc/hostname", "../x"):
            try:
                run.upload_file(outside)
                raise SystemExit("took a file from outside")
            except wandb.UsageError:
                pass
        big.delete()
        assert "sub/big ü.bin" not in {file.name for file in run.files()}
        try:
            run.file("sub/big ü.bin")
            raise SystemExit("found a deleted file")
        except wandb.CommError as error:
            assert "Could not find file" in str(error)
        """,
    )
    assert (home.cwd / "out" / "sub" / "big ü.bin").read_bytes() == content
    assert sorted(path.name for path in (home.cwd / "out").iterdir()) == ["empty.txt", "sub"]


def test_the_console(home: Home) -> None:
    home.python(RECORD)
    read(
        home,
        """
        run = api.run("local/p/r1")
        lines = list(run.console_logs(per_page=1))
        found = {line.content: line for line in lines}
        assert found["to stdout"].level == "" and found["to stderr"].level == "error", lines
        assert [line.number for line in lines] == list(range(len(lines)))
        assert found["to stdout"].timestamp.tzinfo is not None
        assert list(run.console_logs(last=1)) == lines[-1:]
        assert list(run.console_logs()) == lines
        """,
    )


def test_changes(home: Home) -> None:
    home.python(RECORD)
    read(
        home,
        """
        run, other = api.run("local/p/r1"), api.run("local/p/r1")
        run.tags.append("b")
        run.name, run.notes, run.group = "renamed", None, "h"
        run.config["bs"] = 32
        run.summary["final"] = 1.5
        run.update()
        other.config["seed"] = 1
        other.save()
        now = api.run("local/p/r1")
        assert (now.tags, now.name, now.group) == (["a", "b"], "renamed", "h"), now._attrs
        assert not now.notes and now.job_type == "train"
        assert now.config["bs"] == 32 and now.config["seed"] == 1 and now.config["lr"] == 0.1
        assert now.summary["final"] == 1.5 and now.summary["loss"] == 12
        assert now.summary["best"]["loss"] == 0.5
        now.summary.update({"final": 2.5, "nested": {"a": {"b": 1}}})
        now.summary.nested.a.b = 7
        now.summary.update()
        assert api.run("local/p/r1").summary.nested.a.b == 7
        assert run.load(force=True) and run.summary["final"] == 2.5
        made = api.create_run(run_id="made", project="p", entity="local")
        assert made.id == "made" and api.run("local/p/made").state == "running"
        now.delete()
        assert [run.id for run in api.runs("local/p")] == ["made"]
        try:
            api.run("local/p/r1")
            raise SystemExit("found a deleted run")
        except wandb.CommError:
            pass
        api.create_project("fresh", "local")
        assert "fresh" in [project.name for project in api.projects("local")]
        """,
    )


def test_a_run_that_goes_on(home: Home) -> None:
    read(
        home,
        """
        import threading, time
        deadline = time.monotonic() + 30

        def until(ask):
            while time.monotonic() < deadline:
                try:
                    if found := ask():
                        return found
                except wandb.errors.NotFoundError:
                    pass
            raise SystemExit("it did not show in time")

        recorded = wandb.init(project="p", id="r1")
        recorded.log({"i": 0})
        run = until(lambda: api.run("local/p/r1"))
        assert run.state == "running"
        until(lambda: list(run.scan_history(keys=["i"])))
        assert run.load(force=True) and run.summary["i"] == 0
        # What is set on a copy that has become old does not undo what was logged since.
        recorded.log({"i": 1})
        until(lambda: run.lastHistoryStep == 1)
        run.summary["note"] = "looked at"
        run.update()
        threading.Timer(0.2, recorded.finish).start()
        run.wait_until_finished()
        now = api.run("local/p/r1")
        assert run.state == now.state == "finished"
        assert (now.summary["i"], now.summary["note"]) == (1, "looked at"), now.summary
        """,
    )


def test_over_http_with_a_key(home: Home) -> None:
    home.python(RECORD)
    env = dict(
        line.removeprefix("export ").replace("'", "").split("=", 1)
        for line in home.cli("env").splitlines()
        if "=" in line
    )
    base, key = env["WANDB_BASE_URL"].strip('"'), env["WANDB_API_KEY"].strip('"')
    read(
        home,
        f"""
        for key in ({{"api_key": {key!r}}}, {{}}):
            there = wandb.Api(overrides={{"base_url": {base!r}}}, **key)
            run = there.run("local/p/r1")
            assert run.url == {base!r} + "/local/p/runs/r1" == api.run("local/p/r1").url, run.url
            assert len(list(run.scan_history())) == 25
            open("f.txt", "w").write("text")
            assert run.upload_file("f.txt").download("got", replace=True).read() == "text"
        try:
            wandb.Api(overrides={{"base_url": {base!r}}}, api_key="x" * 40).run("local/p/r1")
            raise SystemExit("a wrong key was taken")
        except wandb.errors.AuthenticationError:
            pass
        """,
        WANDB_API_KEY=key,
    )


def test_without_a_daemon(bare_home: Home) -> None:
    bare_home.python(
        """
        import pannier
        try:
            pannier.Api().run("e/p/r")
            raise SystemExit("an answer from nowhere")
        except pannier.CommError as error:
            assert "daemon" in str(error), error
        """
    )


class Server(http.server.BaseHTTPRequestHandler):
    """Answers what its class was told to."""

    answers: list[tuple[int, bytes]] = []
    asked: list[tuple[str, str | None]] = []
    extra_length = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        status, body = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + self.extra_length))
        self.send_header("Retry-After", "0")
        if status == 302:
            self.send_header("Location", body.decode())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    """A server's class, with its address as `url`."""
    handler = type("Handler", (Server,), {"answers": [], "asked": []})
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    handler.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    yield handler
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def api_of(server: Any) -> Api:
    return Api(overrides={"base_url": server.url}, timeout=5, api_key="k" * 40)


def test_a_busy_server_is_asked_again(server: Any) -> None:
    viewer = b'{"data": {"viewer": {"username": "u", "entity": "e"}}}'
    server.answers += [(503, b'{"error": "starting"}'), (429, b""), (200, viewer)]
    assert api_of(server).default_entity == "e"
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            401,
            b'{"error": "no such key", "hint": "log in"}',
            AuthenticationError,
            "no such key; log",
        ),
        (404, b'{"error": "there is no route"}', CommError, "404: there is no route"),
        (
            200,
            b'{"errors": [{"message": "no"}, {"message": "never"}, {"message": "no"}]}',
            CommError,
            "^no; never$",
        ),
        (200, b"<html>", CommError, "200: <html>"),
        (200, b"", CommError, "200"),
    ],
)
def test_refusals(server: Any, status: int, body: bytes, kind: type, words: str) -> None:
    server.answers.append((status, body))
    with pytest.raises(CommError, match=words) as caught:
        _ = api_of(server).viewer
    assert type(caught.value) is kind


def test_a_download_that_is_cut_short_leaves_nothing(server: Any, tmp_path: pathlib.Path) -> None:
    from pannier._api.files import File
    from pannier._api.run import Run

    client = api_of(server)._client
    run = Run(client, "e", "p", "r", {"name": "r", "state": "finished"})
    file = File({"name": "f", "url": f"{server.url}/f", "md5": None}, run)
    server.answers.append((200, b"some"))
    server.extra_length = 3
    with pytest.raises(CommError, match="4 of 7 bytes"):
        file.download(tmp_path / "got")
    assert list((tmp_path / "got").iterdir()) == []


def test_a_name_that_leads_out_is_refused(server: Any, tmp_path: pathlib.Path) -> None:
    from pannier._api.files import File
    from pannier._api.run import Run

    run = Run(api_of(server)._client, "e", "p", "r", {"name": "r", "state": "finished"})
    for name in ("../f", "/f", "a/../../f", ".", ".."):
        with pytest.raises(UsageError, match="leads out"):
            File({"name": name, "url": server.url}, run).download(tmp_path / "got")
    assert server.asked == []


def test_a_redirect_does_not_get_the_key(server: Any, tmp_path: pathlib.Path) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost") + "/there"
    server.answers += [(302, elsewhere.encode()), (200, b"content")]
    with open(tmp_path / "f", "wb") as sink:
        api_of(server)._client.download("/here", sink)
    assert (tmp_path / "f").read_bytes() == b"content"
    (first, key), (second, no_key) = server.asked
    assert (first, second) == ("/here", "/there")
    assert key is not None
    assert no_key is None


def test_paths() -> None:
    api = Api(overrides={"base_url": "http://127.0.0.1:9", "entity": "e", "project": "p"})
    for path in ("e/p/r", "/e/p/runs/r", "e/p/runs/r/", "p/r", "r", "e/p:r", "p:r", " e/p/r "):
        assert api._run_path(path) == ("e", "p", "r"), path
    for path in ("", "a/b/c/d", "e//r", "a/b/c/d/e"):
        with pytest.raises(UsageError):
            api._run_path(path)
    assert api._project_path(None) == ("e", "p")
    assert api._project_path("q") == ("e", "q")
    assert api._project_path("d/q") == ("d", "q")
    with pytest.raises(UsageError):
        api._project_path("a/b/c")
    assert not hasattr(api, "sweep")


def test_lists_fetch_no_more_than_is_looked_at() -> None:
    class Numbers(Counted[int]):
        fetched: list[str | None] = []

        def _fetch(self, after: str | None) -> Page:
            self.fetched.append(after)
            start = int(after or 0)
            items = list(range(start, min(start + self.per_page, 10)))
            return Page(items, str(start + 3) if start + 3 < 10 else None, 10)

    numbers = Numbers(3)
    assert numbers[0] == 0
    assert numbers[1:3] == [1, 2]
    assert len(numbers) == 10
    assert numbers.fetched == [None]
    assert numbers[3] == 3
    assert numbers.fetched == [None, "3"]
    assert numbers[-1] == 9
    assert list(numbers) == list(numbers) == list(range(10))
    assert numbers[::-1] == list(range(9, -1, -1))
    assert numbers.fetched == [None, "3", "6", "9"]
    with pytest.raises(IndexError):
        _ = numbers[10]


def test_floats() -> None:
    read = floats({"a": ["NaN", "Infinity"], "b": {"c": "-Infinity"}, "d": "nan", "e": None})
    assert read["a"][0] != read["a"][0]
    assert (read["a"][1], read["b"]["c"]) == (float("inf"), float("-inf"))
    assert (read["d"], read["e"]) == ("nan", None)
