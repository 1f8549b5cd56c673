"""Writes what the SDK would leave of a long offline run: left_worker.py FILE ROWS KEYS.
The records are those that core writes a row: the summary twice, and the row. Prints
the file's bytes as a line of JSON."""

import json
import struct
import sys
import zlib

BLOCK = 32 << 10


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def item(number, key, value):
    return field(number, field(2, key) + field(16, value))


class Log:
    def __init__(self, path):
        self.file = open(path, "wb", buffering=1 << 20)
        self.file.write(b":W&B\xe1\xbe\x00")
        self.at = 7
        self.kinds = [zlib.crc32(bytes([kind])) for kind in range(5)]

    def record(self, data):
        first = True
        while first or data:
            left = BLOCK - self.at % BLOCK
            if left < 7:
                self.file.write(bytes(left))
                self.at += left
                continue
            part, data = data[: left - 7], data[left - 7 :]
            kind = (1 if not data else 2) if first else (4 if not data else 3)
            head = struct.pack("<IHB", zlib.crc32(part, self.kinds[kind]), len(part), kind)
            self.file.write(head + part)
            self.at += 7 + len(part)
            first = False


def run(path, rows, keys):
    log = Log(path)
    number = iter(range(1, 1 << 40))
    put = lambda kind, data: log.record(b"\x08" + varint(next(number)) + field(kind, data))
    put(21, field(1, field(1, "0.31.0")))
    stamp = field(17, b"\x08" + varint(1_700_000_000))
    put(17, field(1, "left") + field(2, "bench") + field(3, "left") + field(8, "long") + stamp)
    names = [f"m{key}" for key in range(keys)]
    runtime = field(1, field(2, "_wandb") + field(2, "runtime") + field(16, "1")) + item(1, "_runtime", "1")
    for step in range(rows):
        cells = [(name, repr((step * 7919 + at) % 5000 / 4999)) for at, name in enumerate(names)]
        time = 1.7e9 + step / 10
        cells += [("_timestamp", repr(time)), ("_runtime", repr(step / 10)), ("_step", str(step))]
        items = b"".join(item(1, key, value) for key, value in cells)
        put(3, runtime)
        put(3, items)
        put(2, items + field(2, b"\x08" + varint(step)))
    put(18, b"\x10\x01")
    log.file.close()
    return log.at


if __name__ == "__main__":
    path, rows, keys = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps({"bytes": run(path, rows, keys)}))
