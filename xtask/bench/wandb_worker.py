"""One measurement of the door of W&B's clients, in a process of its own:
wandb_worker.py CASE JSON. Prints one line of JSON. Times are seconds.

It speaks HTTP itself, one connection a thread, so that the server is what is
measured; only `many` drives W&B's own SDK.
"""

import base64
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

now = time.perf_counter
PATH = "/files/bench/wandb/{}/file_stream"


class Client:
    def __init__(self):
        self.at = http.client.HTTPConnection(urlsplit(os.environ["WANDB_BASE_URL"]).netloc)
        key = base64.b64encode(b"api:" + os.environ["WANDB_API_KEY"].encode()).decode()
        self.headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}

    def post(self, path, body):
        self.at.request("POST", path, json.dumps(body), self.headers)
        answer = self.at.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {text[:500]!r}")
        return json.loads(text)

    def ask(self, query, **variables):
        answer = self.post("/graphql", {"query": query, "variables": variables})
        if answer.get("errors"):
            raise SystemExit(answer["errors"])
        return answer["data"]


def line(step, keys=10):
    row = {f"m{key}": (step * 7919 + key) % 5000 / 4999 for key in range(keys)}
    return json.dumps({**row, "_step": step, "_runtime": step / 10, "_timestamp": 1.7e9 + step / 10})


def history(first, last):
    lines = [line(step) for step in range(first, last)]
    return {"files": {"wandb-history.jsonl": {"offset": first, "content": lines}}}


def in_threads(threads, work):
    failed = []

    def run(nth):
        try:
            work(nth)
        except BaseException as error:
            failed.append(error)

    began = now()
    all_of_them = [threading.Thread(target=run, args=(nth,)) for nth in range(threads)]
    for thread in all_of_them:
        thread.start()
    for thread in all_of_them:
        thread.join()
    if failed:
        raise failed[0]
    return now() - began


def stream(threads, posts, rows):
    """Posts of a few rows, each thread to a run of its own."""

    def work(nth):
        client = Client()
        for post in range(posts):
            client.post(PATH.format(f"stream{nth}"), history(post * rows, (post + 1) * rows))

    took = in_threads(threads, work)
    return {"posts_per_s": threads * posts / took, "rows_per_s": threads * posts * rows / took}


def fill(steps):
    """One run with a long history."""
    client, began = Client(), now()
    for first in range(0, steps, 5000):
        client.post(PATH.format("long"), history(first, min(first + 5000, steps)))
    client.post(PATH.format("long"), {"complete": True, "exitcode": 0})
    return {"took_s": now() - began}


PAGE = """query HistoryPage($min: Int64!, $max: Int64!, $size: Int!) {
  project(name: "wandb", entityName: "bench") {
    run(name: "long") { history(minStep: $min, maxStep: $max, samples: $size) } } }"""


def scan(steps, page):
    """The pages of scan_history, as core asks for them."""
    client, rows, began = Client(), 0, now()
    for first in range(0, steps, page):
        data = client.ask(PAGE, min=first, max=first + page, size=page)
        rows += len(data["project"]["run"]["history"])
    took = now() - began
    if rows != steps:
        raise SystemExit(f"{rows} rows instead of {steps}")
    return {"rows_per_s": rows / took}


BEGIN = """mutation UpsertBucket($name: String!, $config: JSONString, $summary: JSONString) {
  upsertBucket(input: {name: $name, modelName: "many", entityName: "bench", config: $config,
      summaryMetrics: $summary, tags: ["a", "b"]}) { inserted } }"""
RUNS = """query Runs($filters: JSONString, $order: String) {
  project(name: "many", entityName: "bench") {
    runCount(filters: $filters)
    runs(filters: $filters, order: $order, first: 50) {
      edges { node { id name displayName state config summaryMetrics tags createdAt } cursor }
      pageInfo { endCursor hasNextPage } } } }"""


def make_runs(runs):
    def work(nth):
        client = Client()
        for number in range(nth, runs, 16):
            config = {f"k{key}": {"value": number % (key + 2)} for key in range(20)}
            config["lr"] = {"value": number / runs}
            summary = {"loss": (number * 7919) % runs / runs, "acc": number % 100, "note": "x" * 100}
            values = {"config": json.dumps(config), "summary": json.dumps(summary)}
            client.ask(BEGIN, name=f"r{number:05}", **values)

    return {"took_s": in_threads(16, work)}


def query_runs(asked):
    """The first page of a filtered, sorted list; each time another filter."""
    client, times = Client(), []
    for nth in range(asked):
        wanted = {"$and": [{"config.lr": {"$lt": 0.5 + nth / 1000}}, {"summary_metrics.loss": {"$gte": 0.25}}]}
        began = now()
        data = client.ask(RUNS, filters=json.dumps(wanted), order="-summary_metrics.acc")
        times.append(now() - began)
        assert data["project"]["runCount"] > 1000, data["project"]["runCount"]
    times.sort()
    return {"p50_s": times[len(times) // 2], "max_s": times[-1]}


def registry(versions):
    """A tenth of so many versions, logged and linked into each of ten collections of
    a registry, and the SDK's searches over them: the median of 20, to the first page."""
    import pannier
    import wandb

    began = now()
    run = pannier.init(project="bench", id="versions", settings={"console": "off"})
    for n in range(versions // 10):
        artifact = pannier.Artifact("net", "model", metadata={"n": n})
        with artifact.new_file("n.txt") as file:
            file.write(str(n))
        last = run.log_artifact(artifact, tags=[f"tag{n % 100}"])
    last.wait()
    run.finish()
    client, entity = Client(), run.entity
    links = "/v1/collections/pannier/wandb-registry-model/net{}/links"
    client.at.request("GET", f"/v1/collections/{entity}/bench/net?limit=5000", headers=client.headers)
    found = json.loads(client.at.getresponse().read())["versions"]
    assert len(found) == versions // 10, len(found)
    for n in range(10):
        for version in found:
            client.post(links.format(n), {"artifact": version["id"], "aliases": []})
    made_s = now() - began
    api = wandb.Api()

    def search(filter):
        times = []
        for _ in range(20):
            began = now()
            found = api.registries(organization="pannier", filter={"name": {"$regex": "model"}})
            next(iter(found.collections().versions(filter=filter)))
            times.append(now() - began)
        return sorted(times)[10]

    return {
        "made_s": made_s,
        "alias_s": search({"alias": "latest"}),
        "metadata_s": search({"metadata.n": {"$gte": 900}}),
        "tag_s": search({"tag": {"$regex": "tag7"}}),
    }


def many(runs, steps):
    """As many runs of W&B's SDK at once, in one process; beside each other they log."""
    import wandb

    settings = wandb.Settings(console="off", silent=True, x_disable_stats=True, x_disable_meta=True)
    began = now()
    opened = [wandb.init(project="crowd", reinit="create_new", settings=settings) for _ in range(runs)]
    inits = now() - began
    began = now()
    for step in range(steps):
        for run in opened:
            run.log({"loss": 1 / (step + 1), "acc": step})
    logged = now() - began
    began = now()
    for run in opened:
        run.finish()
    counts = [len(list(wandb.Api().run(f"crowd/{run.id}").scan_history(keys=["loss"]))) for run in opened[::20]]
    if any(count != steps for count in counts):
        raise SystemExit(f"rows of some runs: {counts}, not {steps}")
    return {"init_s": inits / runs, "log_s": logged, "finish_s": now() - began}


if __name__ == "__main__":
    cases = {case.__name__: case for case in (stream, fill, scan, make_runs, query_runs, registry, many)}
    print(json.dumps(cases[sys.argv[1]](**json.loads(sys.argv[2]))))
