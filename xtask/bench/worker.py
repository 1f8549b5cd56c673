"""One measurement in a process of its own: worker.py CASE JSON. Prints one line
of JSON. Times are seconds unless the name ends in _us; memory is in MB.

The data is that of the comparison with other trackers: windows that slide over
a pool of random numbers."""

import json
import os
import random
import resource
import sys
import time

now, clock = time.perf_counter, time.perf_counter_ns


class JsonLines:
    """The floor: one JSON line and one write(2) a call; fsync at the end."""

    def __init__(self, path):
        self.file = open(path, "ab", buffering=1 << 16)

    def log(self, row, step):
        line = json.dumps({"_step": step, **row}, separators=(",", ":"))
        self.file.write(line.encode() + b"\n")
        self.file.flush()

    def finish(self):
        os.fsync(self.file.fileno())
        self.file.close()


class Pannier:
    def __init__(self, run):
        import pannier

        self.run = pannier.init(project="bench", id=run, name=run)
        self.of_run = self.run.log

    def log(self, row, step):
        self.of_run(row, step=step)

    def finish(self):
        self.run.finish()


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def percentiles(times):
    times = sorted(times)
    at = lambda part: times[min(len(times) - 1, int(len(times) * part))] / 1000
    return {"p50_us": at(0.5), "p99_us": at(0.99), "p999_us": at(0.999), "max_us": times[-1] / 1000}


def loop(who, run, width, calls):
    """`calls` calls of `width` scalars."""
    tracker = JsonLines(run) if who == "jsonl" else Pannier(run)
    keys = [f"train/m{i}" for i in range(width)]
    source = random.Random(1)
    pool = [source.random() for _ in range(width + 5003)]
    tracker.log({key: 0.0 for key in keys}, 0)
    time.sleep(0.5)  # what init left behind is not the loop's
    log, times, windows = tracker.log, [], len(pool) - width
    began_at, began, cpu_before = time.time(), now(), cpu()
    spent_outside = 0.0
    for step in range(1, calls + 1):
        before = now()
        start = (step * 7) % windows
        row = dict(zip(keys, pool[start : start + width]))
        a = clock()
        spent_outside += a / 1e9 - before
        log(row, step)
        times.append(clock() - a)
    wall, used = now() - began, cpu() - cpu_before
    a = now()
    tracker.finish()
    return {
        **percentiles(times),
        "began_at": began_at,
        "loop_s": wall,
        "outside_s": spent_outside,
        "points": calls * width,
        "cpu_us_per_call": used / calls * 1e6,
        "finish_s": now() - a,
        "memory_mb": memory(),
    }


def begin(run):
    """A fresh process's first steps."""
    a = now()
    import pannier

    b = now()
    session = pannier.init(project="bench", id=run, name=run)
    session.log({"a": 1.0}, step=0)
    c = now()
    session.finish()
    return {"import_s": b - a, "init_to_first_log_s": c - b, "finish_s": now() - c}


def million(run, steps):
    """A run of so many steps of one metric."""
    import pannier

    session = pannier.init(project="bench", id=run, name=run)
    source = random.Random(2)
    pool = [source.random() for _ in range(5003)]
    log = session.log
    for step in range(steps):
        log({"loss": pool[step % 5003]}, step=step)
    a = now()
    session.finish()
    return {"finish_s": now() - a}


def read(run, steps):
    """Reads it back: all of it, and a sample."""
    import pannier

    times = {"read_s": [], "sample_s": []}
    for _ in range(5):
        a = now()
        whole = list(pannier.read(project="bench", run=run, key="loss"))
        b = now()
        sample = list(pannier.read(project="bench", run=run, key="loss", max_points=1000))
        times["read_s"].append(b - a)
        times["sample_s"].append(now() - b)
    assert len(whole) == steps and 300 <= len(sample) <= 1000, (len(whole), len(sample))
    values = [value for _, value in whole]
    kept = {value for _, value in sample}
    assert min(values) in kept and max(values) in kept, "a sample keeps the extremes"
    return {name: sorted(each)[2] for name, each in times.items()}


def artifacts(large, count):
    """A large file, with `cp` of it before and behind, and many small ones: until
    the call returns, and until they are a version."""
    import subprocess

    import pannier

    block = os.urandom(1 << 20)
    with open("large", "wb") as file:
        for at in range(large >> 20):
            file.write(at.to_bytes(8, "little") + block[8:])
    os.makedirs("small", exist_ok=True)
    for at in range(count):
        with open(f"small/{at}", "w") as file:
            file.write(f"file {at}\n" * 100)

    def settled():
        os.sync()
        time.sleep(0.5)

    def cp():
        settled()
        began = now()
        subprocess.run(["cp", "large", "copy"], check=True)
        took = now() - began
        os.unlink("copy")
        return took

    run = pannier.init(project="bench", id="artifacts")
    session = run._session

    def log(name, files):
        settled()
        entries = {path: {} for path, _ in files}
        artifact = {"client_id": name, "collection": name, "type": "dataset", "created_us": 0}
        text = json.dumps({**artifact, "entries": entries})
        began = now()
        session.log_artifact(text, files)
        return began, now() - began

    def committed(name, began):
        state = json.loads(session.await_artifact(name, 120))
        assert state["state"] == "committed", state
        return now() - began

    before = cp()
    began, large_s = log("large", [("large", "large")])
    run.log({"x": 1}, step=1)
    row_began = now()
    api = pannier.Api()
    while not api.run("bench/artifacts").lastHistoryStep == 1:
        time.sleep(0.005)
    row_s = now() - row_began
    large_committed_s = committed("large", began)
    after = cp()
    began, small_s = log("small", [(f"{at}", f"small/{at}") for at in range(count)])
    small_committed_s = committed("small", began)
    run.finish()
    return {
        "cp_s": (before + after) / 2,
        "large_s": large_s,
        "row_s": row_s,
        "large_committed_s": large_committed_s,
        "small_s": small_s,
        "small_committed_s": small_committed_s,
    }


def large_file(size, changed, place=0):
    """A file `large` that nothing shares, or the one that is there with so many
    places changed; and what MD5 of it costs."""
    import hashlib

    if changed:
        with open("large", "r+b") as file:
            for n in range(changed):
                file.seek(n * (size // changed) + 4321)
                file.write(os.urandom(place))
    else:
        with open("large", "wb") as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 20))
    with open("large", "rb") as file:
        bytes = file.read()
    began = now()
    hashlib.md5(bytes).digest()
    return {"md5_s": now() - began}


def small_files(count):
    """A folder `small` of files of 1 to 9 kB."""
    for at in range(count):
        os.makedirs(f"small/{at // 1000}", exist_ok=True)
        with open(f"small/{at // 1000}/{at}", "wb") as file:
            file.write(os.urandom(1000 + at % 8000))
    return {}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.loads(sys.argv[2]))))
