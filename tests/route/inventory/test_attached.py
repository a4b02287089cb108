"""Who is at a place: by attachments where there are, by who served whom elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.route.inventory.small_operator import Operator, T


def users(operator: Operator, resource: str, at: datetime = T) -> int:
    return operator.cem.impact(resources=[resource], at=at).impact.total.affected_users


def attach(operator: Operator, *lines: tuple[str, str, int, int | None]) -> None:
    """(subject, cell, from, until), in minutes before T."""
    said = [
        {
            "subject_id": s,
            "resource_id": c,
            "valid_from": (T - timedelta(minutes=a)).isoformat(),
            "valid_to": None if b is None else (T - timedelta(minutes=b)).isoformat(),
        }
        for s, c, a, b in lines
    ]
    operator.deliver("attachments", [dict(x) for x in said])
    operator.cem.collect()


def test_without_attachments_the_last_record_says_where_somebody_is(operator: Operator) -> None:
    assert (users(operator, "g1a"), users(operator, "g2a")) == (2, 1)


def test_an_attachment_that_is_newer_than_the_record_counts(operator: Operator) -> None:
    attach(operator, ("s0", "g2a", 10, None))
    assert (users(operator, "g1a"), users(operator, "g2a")) == (1, 2)


def test_a_record_that_is_newer_than_the_attachment_is_one_itself(operator: Operator) -> None:
    attach(operator, ("s0", "g2b", 90, None))
    assert (users(operator, "g1a"), users(operator, "g2b")) == (2, 0)


def test_who_is_only_known_by_attachment_is_counted(operator: Operator) -> None:
    attach(operator, ("s3", "g2b", 20, None))
    assert users(operator, "g2b") == 1


def test_who_was_detached_is_nowhere(operator: Operator) -> None:
    attach(operator, ("s0", "g1a", 30, 10))
    assert users(operator, "g1a") == 1
    assert users(operator, "g1a", T - timedelta(minutes=15)) == 2
