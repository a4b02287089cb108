"""The whole route over an operator's folder, from the files to accuracy, without looking ahead."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from cemcore.application.cem import Cem
from cemcore.application.ingest import Progress
from cemcore.domain import ServiceProblem
from cemcore.errors import ConfigError
from cemcore.evaluation import Scores, evaluate
from cemcore.settings import Settings, shipped
from cemcore.views import HealthView


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation found: incidents in the neutral form, their accuracy where the truth is known, and the state
    of the feeds.
    """

    incidents: list[dict[str, Any]]
    scores: Scores | None
    health: HealthView


def folder_settings(folder: Path, state: Path, template: Path | None = None) -> Settings:
    """Settings for an operator's folder: the mapping `config/operator-files/cem.toml`, with archive and ledger under
    `state`.
    """
    if not folder.is_dir():
        raise ConfigError(str(folder), "", "no such folder")
    return Settings.load(
        template or shipped("operator-files/cem.toml"),
        root=folder,
        overrides={
            "storage.archive": str((state / "archive").absolute()),
            "storage.ledger": f"sqlite:///{(state / 'ledger.db').absolute()}",
            "assess.catalogue": str(shipped("services.toml")),
        },
    )


def evaluate_folder(folder: Path, state: Path | None = None, progress: Progress | None = None) -> Evaluated:
    """Collect, assess and judge `folder`. `state` keeps archive and ledger (and lets a second call go on); without it
    they are temporary.
    """
    with ExitStack() as stack:
        where = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cem-")))
        settings = folder_settings(folder, where)
        end = _end(folder)
        cem = stack.enter_context(Cem.open(settings, clock=lambda: end))
        cem.collect(progress=progress)
        cem.assess(progress=progress)
        incidents = predicted(cem)
        return Evaluated(incidents, judge(folder, incidents), cem.health())


def predicted(cem: Cem) -> list[dict[str, Any]]:
    """The problems of `cem` in the neutral form of incidents; those merged into another are part of that one."""
    views = [cem.problem(v.problem.problem_id) for v in cem.problems()]
    first = {v.problem.problem_id: v.problem.detected_at for v in views}
    for v in views:
        survivor = v.problem.merged_into
        if survivor in first:
            first[survivor] = min(first[survivor], v.problem.detected_at)
    return [
        _incident(v.problem, first[v.problem.problem_id], v.affected)
        for v in sorted(views, key=lambda v: (v.problem.begin, v.problem.problem_id))
        if v.problem.merged_into is None
    ]


def judge(folder: Path, incidents: list[dict[str, Any]]) -> Scores | None:
    """Accuracy of `incidents` against the folder's truth; None where there is none."""
    truth = folder / "truth.json"
    if not truth.exists():
        return None
    inventory = folder / "inventory"
    connections, subjects = _table(inventory / "connections.csv"), _table(inventory / "subjects.csv")
    return evaluate(json.loads(truth.read_text(encoding="utf-8")), incidents, connections, subjects)


def _incident(problem: ServiceProblem, first: datetime, affected: pd.DataFrame | None) -> dict[str, Any]:
    members = (
        affected[affected["state"] == "degraded"]
        if affected is not None
        else pd.DataFrame(columns=["subject_id", "service"])
    )
    return {
        "id": problem.problem_id,
        "start": _iso(problem.begin),
        "end": None if problem.end is None else _iso(problem.end),
        "first_detected_at": _iso(first),
        "causes": [
            {"type": "resource", "id": c.resource_id}
            if c.resource_id
            else {"type": "attribute", "attrs": dict(c.attributes)}
            for c in problem.causes
        ],
        "services": list(problem.services),
        "affected": members[["subject_id", "service"]].to_dict("records"),
    }


def _table(path: Path) -> pd.DataFrame | None:
    return pd.read_csv(path, dtype="str", keep_default_na=False) if path.exists() else None


def _end(folder: Path) -> datetime:
    """When the folder's history ends, by its operator.json; now where it does not say."""
    try:
        text = json.loads((folder / "operator.json").read_text(encoding="utf-8")).get("end")
    except FileNotFoundError:
        raise ConfigError(str(folder / "operator.json"), "", "no such file: is this an operator's folder?") from None
    except ValueError as e:
        raise ConfigError(str(folder / "operator.json"), "", f"not valid JSON: {e}") from e
    return datetime.fromisoformat(text) if text else datetime.now(UTC)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
