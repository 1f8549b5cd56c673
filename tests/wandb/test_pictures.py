"""Media logged by `import wandb` and by `import pannier as wandb` are the same rows,
files and artifacts, whichever of the two reads them, at the daemon and at the hub."""

from support.sdk import TRACKERS

# The script, and what it is told to do.
STORY = ("pictures", "log")


def test_same_whichever_logs_and_whichever_reads(paths, read, place):
    readers = TRACKERS if place == "daemon" else ["wandb"]
    shown = [read(reader, paths[logger]) for logger in TRACKERS for reader in readers]
    first = shown[0]
    assert len(first["rows"]) == 12 and first["rows"][0]["picture"]["_type"] == "image-file"
    assert first["rows"][11]["results"]["nrows"] == 3
    assert set(first["tables"]) == {"run-ID-results:v0", "held:v0"}
    assert first["tables"]["run-ID-results:v0"][2][2] == ["row 2", 0.5, [[2, 2, 2]] * 4]
    for other in shown[1:]:
        for part, value in first.items():
            assert other[part] == value, part
