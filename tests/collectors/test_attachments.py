"""Attachments: who came to which place when; corrections stay, repetitions do not."""

from __future__ import annotations

from typing import Any

from collectors.attachments import AttachmentFiles

HEAD = "imsi,cell,upf,start,stop,seen\n"
COLUMNS = {"imsi": "subject_id", "cell": "resource_id", "upf": "gateway_id", "start": "valid_from", "stop": "valid_to"}
OPTIONS = {"columns": COLUMNS, "arrival": {"column": "seen"}}


def read(drop: Any, *lines: str) -> Any:
    return drop.read(AttachmentFiles, HEAD + "\n".join(lines) + "\n", "a.csv", **OPTIONS)


def test_names_are_mapped_and_open_ends_stay_open(drop: Any) -> None:
    frame = read(drop, "s1,c1,u1,2026-01-01T10:00:00Z,,2026-01-01T10:00:05Z").frame
    assert frame[["subject_id", "resource_id", "gateway_id"]].to_numpy().tolist() == [["s1", "c1", "u1"]]
    assert frame["valid_to"].isna().all()
    assert str(frame["recorded_at"].iloc[0]) == "2026-01-01 10:00:05+00:00"


def test_a_repetition_is_counted_and_a_correction_stays(drop: Any) -> None:
    same = "s1,c1,u1,2026-01-01T10:00:00Z,,2026-01-01T10:00:0{}Z"
    content = read(drop, same.format(5), same.format(9), "s1,c2,u1,2026-01-01T10:00:00Z,,2026-01-01T11:00:00Z")
    assert content.frame["resource_id"].tolist() == ["c1", "c2"]
    assert content.counts["duplicates"] == 1


def test_a_row_without_begin_is_refused_with_the_reason(drop: Any) -> None:
    content = read(drop, "s1,c1,u1,,,2026-01-01T10:00:05Z")
    assert content.frame.empty
    assert "valid_from is missing" in content.quarantine["reason"].iloc[0]
