"""TensorBoard's event files, written here byte by byte, taken in."""

import json
import struct

import pytest
import wandb

from support.home import Home
from support.reading import reading
from support.sdk import ENTITY

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture
def other(tmp_path):
    with Home(tmp_path / "other") as other:
        yield other.start(PANNIER_ENTITY=ENTITY)


def crc(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def framed(data):
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", crc(length)) + data + struct.pack("<I", crc(data))


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def text(number, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def whole(number, value):
    return varint(number << 3) + varint(value)


def double(number, value):
    return varint(number << 3 | 1) + struct.pack("<d", value)


def single(number, value):
    return varint(number << 3 | 5) + struct.pack("<f", value)


def event(wall, step, *values):
    summary = b"".join(text(1, value) for value in values)
    return framed(double(1, wall) + whole(2, step) + text(5, summary))


def plugin(name, content=b""):
    return text(9, text(1, text(1, name) + text(2, content)))


def write(folder, began=1700000000.5):
    """A folder as a writer of either generation would leave it."""
    folder.mkdir(parents=True)
    hparams = text(1, text(1, "lr") + text(2, double(2, 0.5))) + text(1, text(1, "opt") + text(2, text(3, "sgd")))
    packed = lambda *numbers: struct.pack(f"<{len(numbers)}d", *numbers)
    histogram = double(1, 0.0) + double(2, 2.0) + text(6, packed(1.0, 2.0)) + text(7, packed(3.0, 4.0))
    file = folder / "events.out.tfevents.1700000000.host.7.0"
    file.write_bytes(
        framed(double(1, began) + text(3, "brain.Event:2"))
        + event(1700000001.0, 0, text(1, "_hparams_/session_start_info") + plugin("hparams", text(3, hparams)))
        + b"".join(
            event(1700000010.0 + step, step, text(1, "loss") + single(2, 1 / (step + 1)))
            + event(1700000010.25 + step, step, text(1, "acc") + text(8, whole(1, 1) + single(5, step / 4)) + plugin("scalars"))
            for step in range(4)
        )
        + event(1700000020.0, 4, text(1, "note") + text(8, whole(1, 7) + text(8, "hello")) + plugin("text"))
        + event(1700000021.0, 4, text(1, "spread") + text(5, histogram))
        + event(1700000022.0, 4, text(1, "shot") + text(4, whole(1, 1) + whole(2, 1) + text(4, PNG)))
    )
    return file


def take_in(home, path, code=0):
    return json.loads(home.pannier("import-tensorboard", str(path), "--json", code=code))["logs"]


def test_event_files_become_runs(other, tmp_path):
    file = write(tmp_path / "runs" / "first" / "train")
    write(tmp_path / "runs" / "second", began=1700000000.75)
    logs = take_in(other, tmp_path / "runs")
    assert [(log["outcome"], log["rows"]) for log in logs] == [("imported", 5)] * 2
    assert len({log["run"]["run"] for log in logs}) == 2
    name = logs[0]["run"]["run"]
    with reading(other.wandb_variables(), tmp_path / "reads"):
        run = wandb.Api().run(f"{ENTITY}/tensorboard/{name}")
        assert (run.name, run.state, run.config) == ("first/train", "finished", {"lr": 0.5, "opt": "sgd"})
        rows = list(run.scan_history())
        assert [(row["_step"], row.get("acc")) for row in rows[:4]] == [(step, step / 4) for step in range(4)]
        assert rows[3]["loss"] == 0.25 and rows[0]["_timestamp"] == 1700000010.0
        assert rows[4]["note"] == "hello" and rows[4]["spread"] == {"_type": "histogram", "bins": [0, 1, 2], "values": [3, 4]}
        shot = rows[4]["shot"]
        assert (shot["_type"], shot["width"], shot["format"]) == ("image-file", 1, "png")
        assert run.file(shot["path"]).size == len(PNG)
    assert {log["outcome"] for log in take_in(other, tmp_path / "runs")} == {"already_here"}
    with open(file, "ab") as more:
        more.write(event(1700000030.0, 9, text(1, "loss") + single(2, 0.125)))
        more.write(event(1700000031.0, 10, text(1, "loss") + single(2, 0.0))[:20])
    assert [log["rows"] for log in take_in(other, tmp_path / "runs" / "first")] == [1], "what is cut off waits"


def test_damage_costs_its_place(other, tmp_path):
    file = write(tmp_path / "runs")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    (log,) = take_in(other, tmp_path / "runs", code=1)
    assert log["outcome"] == "partly" and log["rows"] >= 3 and "damaged" in log["problems"][0]
