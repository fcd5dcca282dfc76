#!/usr/bin/env python3
"""Prints every event of a logs.db as a line of JSON: read_format.py logs.db. Needs sqlite3 and zstandard (or Python 3.14)."""
import json
import sqlite3
import sys
import zlib

try:
    from compression.zstd import decompress
except ImportError:
    import zstandard

    def decompress(frame):
        return zstandard.ZstdDecompressor().decompress(frame)


def unpack(data):
    if data[0] != 0xB1 or zlib.crc32(data[5:]) != int.from_bytes(data[1:5], "little"):
        raise ValueError("a block is damaged")
    return decompress(data[5:])


class Cut:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self):
        n = shift = 0
        while True:
            byte = self.take(1)[0]
            n |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return n

    def signed(self):
        n = self.number()
        return n >> 1 ^ -(n & 1)

    def text(self):
        return self.take(self.number()).decode()


def value(tags, texts):
    tag = tags.take(1)[0]
    if tag == 6:
        return [value(tags, texts) for _ in range(tags.number())]
    if tag == 0:
        return None
    text = next(texts)
    return text if tag == 5 else json.loads(text)


def block(data):
    cut = Cut(unpack(data))
    rows = cut.number()
    ids = [cut.take(16).hex() for _ in range(rows)]
    fixed = []
    for _ in range(6):
        fixed.append([])
        for _ in range(rows):
            last = fixed[-1][-1] if fixed[-1] else 0
            fixed[-1].append(last + cut.signed())
    names = ["dataset", "host", "user", "severity"]
    for _ in range(cut.number() - 4):
        names.append(cut.text())
        cut.number()
    shapes = [[cut.number() for _ in range(cut.number())] for _ in range(cut.number())]
    of_row = [cut.number() for _ in range(rows)] if len(shapes) > 1 else [0] * rows
    columns = []
    for column in range(len(names)):
        have = [r for r in range(rows) if column < 4 or column in shapes[of_row[r]]]
        n = cut.number()
        index = list(cut.take(len(have))) if 1 < n < len(have) else None
        start = cut.at
        for _ in range(n):
            more = 1
            while more:
                more += (cut.number() if cut.take(1)[0] == 6 else 0) - 1
        tags = Cut(cut.data[start : cut.at])
        columns.append((have, n, index, tags))
    texts = (text.decode() for text in cut.data[cut.at :].split(b"\xff"))
    by_row = [{} for _ in range(rows)]
    for column, (have, n, index, tags) in enumerate(columns):
        values = [value(tags, texts) for _ in range(n)]
        for i, row in enumerate(have):
            by_row[row][column] = values[index[i] if index else 0 if n == 1 else i]
    for row in range(rows):
        fields = {names[c]: by_row[row][c] for c in shapes[of_row[row]]}
        about = {name: by_row[row][c] for c, name in enumerate(names[:4])}
        yield {"log_id": ids[row], "time": fixed[0][row], **about, "fields": fields}


def main(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for (data,) in db.execute("SELECT data FROM tail ORDER BY id"):
        for event in block(data):
            print(json.dumps(event, ensure_ascii=False))
    dead = dict(db.execute("SELECT id, dead FROM segment"))
    for key, data in db.execute("SELECT id, data FROM block ORDER BY id"):
        gone = int.from_bytes((dead[key >> 8] or b"")[(key & 255) * 32 :][:32], "little")
        for row, event in enumerate(block(data)):
            if not gone >> row & 1:
                print(json.dumps(event, ensure_ascii=False))


main(sys.argv[1])
