"""gzip: whole, in members, cut, damaged, and too much."""

import gzip

import pytest

from collectors import files

TEXT = b"".join(b"line %d of some length, so that it takes more than a block\n" % n for n in range(5000))


def test_plain_bytes_stay_what_they_are():
    assert files.unzip(b"a,b\n") == (b"a,b\n", "")


def test_members_one_after_another_are_one_text():
    assert files.unzip(gzip.compress(b"a\n") + gzip.compress(b"b\n")) == (b"a\nb\n", "")


def test_padding_after_the_end_is_no_fault():
    assert files.unzip(gzip.compress(b"a\n") + b"\0" * 512) == (b"a\n", "")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_cut_one_gives_what_came_before_the_cut(share):
    packed = gzip.compress(TEXT)
    got, fault = files.unzip(packed[: int(len(packed) * share)])
    assert fault.startswith("cut short")
    assert TEXT.startswith(got)
    assert len(got) > 0.8 * share * len(TEXT) - 70_000


def test_a_damaged_one_gives_what_came_before_the_damage():
    packed = bytearray(gzip.compress(TEXT))
    middle = len(packed) // 2
    packed[middle : middle + 64] = b"\xff" * 64
    got, fault = files.unzip(bytes(packed))
    assert fault.startswith("damaged gzip")
    assert got
    assert TEXT[:1000] == got[:1000]


def test_a_wrong_checksum_is_told():
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 0xFF
    assert files.unzip(bytes(packed))[1].startswith("damaged gzip")


def test_bytes_that_follow_and_are_none_of_it_are_told():
    assert files.unzip(gzip.compress(b"a\n") + b"junk") == (b"a\n", "bytes after the end of gzip")


def test_one_that_expands_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 100_000)
    got, fault = files.unzip(gzip.compress(bytes(10_000_000)))
    assert got == b""
    assert fault == "expands to more than 100000 bytes"
