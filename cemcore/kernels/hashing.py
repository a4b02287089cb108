"""Which partition a subject belongs to, and which dense number it has there: texts as bytes, no object a row.

The hash is XXH64 with seed 0 over the UTF-8 bytes of the pseudonym (github.com/Cyan4973/xxHash,
doc/xxhash_spec.md), and the partition is the hash modulo their number: any engine that has XXH64 can tell where a
subject is kept.
Texts come as Arrow keeps them: `data` uint8, and `offsets` int64, one more than there are texts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cemcore.kernels.compiled import inlined, kernel
from cemcore.panel import Int32, Int64

UInt8 = NDArray[np.uint8]
UInt64 = NDArray[np.uint64]

_MASK = (1 << 64) - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_CODE, _BLOCK = np.uint64(0xFFFFFFFF), 128
_U1, _U2, _U3, _U4, _U5 = (np.uint64(p) for p in (_P1, _P2, _P3, _P4, _P5))


def xxh64(text: bytes) -> int:
    """XXH64 with seed 0 of some bytes: the plain twin of `hashes`."""
    n, at = len(text), 0
    if n >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= n:
            for i in range(4):
                lanes[i] = _round(lanes[i], int.from_bytes(text[at : at + 8], "little"))
                at += 8
        h = sum(_rotated(v, r) for v, r in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for v in lanes:
            h = ((h ^ _round(0, v)) * _P1 + _P4) & _MASK
    else:
        h = _P5
    h = (h + n) & _MASK
    while at + 8 <= n:
        h = (_rotated(h ^ _round(0, int.from_bytes(text[at : at + 8], "little")), 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= n:
        h = (_rotated(h ^ (int.from_bytes(text[at : at + 4], "little") * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in text[at:]:
        h = _rotated(h ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    h = (h ^ (h >> 33)) * _P2 & _MASK
    h = (h ^ (h >> 29)) * _P3 & _MASK
    return h ^ (h >> 32)


def partition(text: str, partitions: int) -> int:
    """The partition, 0 to `partitions` - 1, of one pseudonym."""
    return xxh64(text.encode()) % partitions


def _rotated(x: int, by: int) -> int:
    return (x << by | x >> (64 - by)) & _MASK


def _round(lane: int, word: int) -> int:
    return _rotated((lane + word * _P2) & _MASK, 31) * _P1 & _MASK


@inlined
def _turned(x: np.uint64, by: np.uint64) -> np.uint64:
    return (x << by) | (x >> (np.uint64(64) - by))


@inlined
def _word(data: UInt8, at: int) -> np.uint64:
    w = np.uint64(data[at])
    for i in range(1, 8):
        w |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return w


@inlined
def _mixed(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _turned(lane + word * _U2, np.uint64(31)) * _U1


@inlined
def _hash(data: UInt8, begin: int, end: int) -> np.uint64:
    at = begin
    if end - begin >= 32:
        a, b, c, d = _U1 + _U2, _U2, np.uint64(0), np.uint64(0) - _U1
        while at + 32 <= end:
            a = _mixed(a, _word(data, at))
            b = _mixed(b, _word(data, at + 8))
            c = _mixed(c, _word(data, at + 16))
            d = _mixed(d, _word(data, at + 24))
            at += 32
        h = _turned(a, np.uint64(1)) + _turned(b, np.uint64(7)) + _turned(c, np.uint64(12)) + _turned(d, np.uint64(18))
        for lane in (a, b, c, d):
            h = (h ^ _mixed(np.uint64(0), lane)) * _U1 + _U4
    else:
        h = _U5
    h += np.uint64(end - begin)
    while at + 8 <= end:
        h = _turned(h ^ _mixed(np.uint64(0), _word(data, at)), np.uint64(27)) * _U1 + _U4
        at += 8
    if at + 4 <= end:
        w = np.uint64(0)
        for i in range(4):
            w |= np.uint64(data[at + i]) << np.uint64(8 * i)
        h = _turned(h ^ (w * _U1), np.uint64(23)) * _U2 + _U3
        at += 4
    while at < end:
        h = _turned(h ^ (np.uint64(data[at]) * _U5), np.uint64(11)) * _U1
        at += 1
    h = (h ^ (h >> np.uint64(33))) * _U2
    h = (h ^ (h >> np.uint64(29))) * _U3
    return h ^ (h >> np.uint64(32))


def hashes(data: UInt8, offsets: Int64) -> UInt64:
    """XXH64 of every text, uint64 (n)."""
    out = np.empty(len(offsets) - 1, np.uint64)
    _hashes(data, offsets, out)
    return out


@kernel("in uint8[:]", "in int64[:]", "uint64[::1]")
def _hashes(data: UInt8, offsets: Int64, out: UInt64) -> None:
    for i in range(len(out)):
        out[i] = _hash(data, offsets[i], offsets[i + 1])


def partitions_of(data: UInt8, offsets: Int64, partitions: int) -> Int32:
    """The partition of every text, int32 (n)."""
    return (hashes(data, offsets) % np.uint64(partitions)).astype(np.int32)


@inlined
def _equal(data: UInt8, begin: int, n: int, kept: UInt8, at: int) -> bool:
    i = 0
    while i + 8 <= n:
        if _word(data, begin + i) != _word(kept, at + i):
            return False
        i += 8
    while i < n:
        if data[begin + i] != kept[at + i]:
            return False
        i += 1
    return True


@inlined
def _code(entry: np.uint64) -> int:
    """The code in an entry of a table; 0 for a free one."""
    return max(int(entry & _CODE) - 1, 0)


@kernel("uint64[::1]", "uint8[::1]", "int64[::1]", "in uint8[:]", "in int64[:]", "int32[::1]")
def find(table: UInt64, kept: UInt8, ends: Int64, data: UInt8, offsets: Int64, out: Int32) -> None:
    """Put the codes of texts into `out`, by an open-addressed `table` over the kept texts; -1 for those not there.

    table: uint64, a power of two long, upper half of the hash before the code + 1, 0 = free. ends: int64, code k's text
    is kept[ends[k] : ends[k + 1]]. A block goes through one step after the other, so that its misses of the cache
    overlap.
    """
    n, mask = len(offsets) - 1, np.uint64(len(table) - 1)
    hashed, entry = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    begins, lengths = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    for first in range(0, n, _BLOCK):
        m = min(_BLOCK, n - first)
        for i in range(m):
            hashed[i] = _hash(data, offsets[first + i], offsets[first + i + 1])
        for i in range(m):
            entry[i] = table[(hashed[i] >> np.uint64(16)) & mask]
        for i in range(m):
            code = _code(entry[i])
            begins[i] = ends[code]
            lengths[i] = ends[code + 1] - ends[code]
        for i in range(m):
            begin, length = offsets[first + i], offsets[first + i + 1] - offsets[first + i]
            e, at, tag = entry[i], (hashed[i] >> np.uint64(16)) & mask, hashed[i] >> np.uint64(32)
            where, size = begins[i], lengths[i]
            out[first + i] = -1
            while e != 0:
                if e >> np.uint64(32) == tag and size == length and _equal(data, begin, length, kept, where):
                    out[first + i] = _code(e)
                    break
                at = (at + np.uint64(1)) & mask
                e = table[at]
                code = _code(e)
                where, size = ends[code], ends[code + 1] - ends[code]


@kernel("uint64[::1]", "uint8[::1]", "int64[::1]", "in uint8[:]", "in int64[:]", "int32[::1]", "int64[::1]")
def add(table: UInt64, kept: UInt8, ends: Int64, data: UInt8, offsets: Int64, codes: Int32, have: Int64) -> None:
    """Append the texts whose code is -1 and that are not there yet, in their order, in place; `codes` gets theirs.

    have[0] texts are kept, before and after; table, kept and ends must have room.
    """
    mask = np.uint64(len(table) - 1)
    for i in range(len(codes)):
        if codes[i] >= 0:
            continue
        begin, length = offsets[i], offsets[i + 1] - offsets[i]
        h = _hash(data, begin, begin + length)
        at, tag = (h >> np.uint64(16)) & mask, h >> np.uint64(32)
        while table[at] != 0:
            if table[at] >> np.uint64(32) == tag:
                code = _code(table[at])
                if ends[code + 1] - ends[code] == length and _equal(data, begin, length, kept, ends[code]):
                    codes[i] = code
                    break
            at = (at + np.uint64(1)) & mask
        if codes[i] < 0:
            n = have[0]
            table[at] = tag << np.uint64(32) | np.uint64(n + 1)
            for j in range(length):
                kept[ends[n] + j] = data[begin + j]
            ends[n + 1] = ends[n] + length
            codes[i] = n
            have[0] = n + 1


@kernel("uint64[::1]", "uint8[::1]", "int64[::1]", "int64")
def fill(table: UInt64, kept: UInt8, ends: Int64, have: int) -> None:
    """Enter all `have` kept texts, which differ, into an empty table, in place."""
    mask = np.uint64(len(table) - 1)
    for code in range(have):
        h = _hash(kept, ends[code], ends[code + 1])
        at = (h >> np.uint64(16)) & mask
        while table[at] != 0:
            at = (at + np.uint64(1)) & mask
        table[at] = h >> np.uint64(32) << np.uint64(32) | np.uint64(code + 1)
