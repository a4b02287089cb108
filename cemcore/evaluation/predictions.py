"""Predicted incidents in the neutral form, read, checked and written.

The form is a JSON list (or `{"incidents": [...]}`) of objects with `id`, `start`, `end`, `first_detected_at` (ISO
8601 or null), `causes` (ranked, best first: `{"type": "resource", "id": ...}` or `{"type": "attribute", "attrs":
{...}}`), `services` and `affected` (objects with `subject_id` and `service`). Extra keys are kept and ignored.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cemcore.errors import ContractError

Pair = tuple[str, str]
CauseKey = tuple[str, Any]
"""("resource", id), or ("attribute", sorted (name, value) pairs)."""


@dataclass(frozen=True)
class Prediction:
    """One predicted incident as sets and epoch seconds; an open one ends at infinity."""

    id: str
    start: float
    end: float
    first_detected: float | None
    causes: tuple[CauseKey, ...]
    services: frozenset[str]
    pairs: frozenset[Pair]
    subjects: frozenset[str]


def epoch(value: object) -> float:
    """Seconds since 1970 of an ISO 8601 text (`Z` or an offset) or a datetime."""
    return datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()


def cause_key(cause: str | Mapping[str, Any]) -> CauseKey:
    """The comparable form of a cause; a bare text is a resource id, `attr` and `value` stand for one attribute."""
    if isinstance(cause, str):
        return ("resource", cause)
    if cause.get("type") != "attribute" and "attrs" not in cause and "attr" not in cause:
        return ("resource", str(cause.get("id")))
    if cause.get("attrs"):
        attrs: Mapping[str, Any] = cause["attrs"]
    elif "attr" in cause:
        attrs = {cause["attr"]: cause["value"]}
    else:
        attrs = {k: v for k, v in cause.items() if k not in ("type", "score")}
    return ("attribute", tuple(sorted((str(k), str(v)) for k, v in attrs.items())))


def parse(document: Mapping[str, Any] | Iterable[Mapping[str, Any]]) -> list[Prediction]:
    """Predictions of a document in the neutral form; ContractError names the incident and what is wrong with it."""
    incidents = document.get("incidents") if isinstance(document, Mapping) else document
    if incidents is None:
        raise ContractError("predictions", "incidents", "an object without a list of incidents")
    out = []
    for i, incident in enumerate(incidents):
        try:
            out.append(_prediction(i, incident))
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            raise ContractError("predictions", f"incidents[{i}]", f"{type(e).__name__}: {e}") from e
    return out


def _prediction(position: int, incident: Mapping[str, Any]) -> Prediction:
    affected = incident.get("affected") or []
    pairs = {(a["subject_id"], a["service"]) for a in affected if isinstance(a, Mapping) and a.get("service")}
    subjects = {a["subject_id"] if isinstance(a, Mapping) else a for a in affected}
    first = incident.get("first_detected_at")
    return Prediction(
        id=str(incident.get("id", position)),
        start=epoch(incident["start"]),
        end=epoch(incident["end"]) if incident.get("end") else math.inf,
        first_detected=epoch(first) if first else None,
        causes=tuple(cause_key(c) for c in incident.get("causes", [])),
        services=frozenset(incident.get("services") or []),
        pairs=frozenset(pairs),
        subjects=frozenset(subjects | set(incident.get("subject_ids") or [])),
    )


def load_predictions(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The incidents of a prediction file, checked; ContractError where it is not in the neutral form."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as e:
        raise ContractError("predictions", str(path), f"not JSON: {e}") from e
    incidents = document.get("incidents") if isinstance(document, dict) else document
    if not isinstance(incidents, list):
        raise ContractError("predictions", str(path), "neither a list nor an object with a list of incidents")
    parse(incidents)
    return incidents


def write_predictions(path: str | os.PathLike[str], incidents: Iterable[Mapping[str, Any]]) -> None:
    """Write `incidents` in the neutral form.

    Times may be datetimes, pairs may be (subject, service) tuples, sets are sorted.
    """
    documents = [_document(i) for i in incidents]
    parse(documents)
    Path(path).write_text(json.dumps(documents, indent=1) + "\n", encoding="utf-8")


def _document(incident: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(incident)
    for name in ("start", "end", "first_detected_at"):
        out[name] = _iso(incident.get(name))
    out["causes"] = [c if isinstance(c, str) else dict(c) for c in incident.get("causes", ())]
    out["services"] = sorted(incident.get("services") or ())
    out["affected"] = sorted((_affected(a) for a in incident.get("affected") or ()), key=lambda a: tuple(a.values()))
    return out


def _affected(pair: Mapping[str, Any] | tuple[str, str] | str) -> dict[str, Any]:
    if isinstance(pair, Mapping):
        return {"subject_id": str(pair["subject_id"]), **{k: v for k, v in pair.items() if k != "subject_id"}}
    if isinstance(pair, str):
        return {"subject_id": pair}
    return {"subject_id": str(pair[0]), "service": str(pair[1])}


def _iso(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
