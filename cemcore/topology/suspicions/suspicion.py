"""One suspicion against the inventory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A connection that is probably wrong (`kind` wrong_link) or missing (missing_link), with the reasons.

    `to_id` = what the inventory says ("" for a missing one); `suggested` = what it should be, best first (several = not
    to be told apart, none = not known); `confidence` in 0..1 that there is a fault at all; `reasons` a line each.
    """

    kind: str
    from_id: str
    relation: str
    to_id: str
    via: str
    suggested: tuple[str, ...]
    confidence: float
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """In one line."""
        way = f" over {self.via}" if self.via else ""
        should = " or ".join(self.suggested) or "one that is not known"
        if self.kind == "missing_link":
            return f"{self.from_id} -{self.relation}-> {should}{way} is missing"
        return f"{self.from_id} -{self.relation}-> {self.to_id}{way} should lead to {should}"
