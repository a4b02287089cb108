from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cemcore import plugins
from cemcore.catalogue import Catalogue
from cemcore.frames import ATTRIBUTES
from cemcore.panel import Population, QualityRows
from cemcore.pipeline import scoring

ROOT = Path(__file__).parents[3]


def build(catalogue):
    return {r.key: plugins.build("experience_models", r.plugin, r.options) for r in catalogue.models}


@pytest.fixture(scope="session")
def ground():
    """The shipped catalogue with its models, and short ways to make rows and people."""
    catalogue = Catalogue.load(ROOT / "config" / "services.toml")
    models = build(catalogue)

    def rows(*records, slice_code=-1):
        """Rows from (service, subject, {kqi: value})."""
        n = len(records)
        kqis = np.full((n, len(catalogue.kqis)), np.nan, np.float32)
        for i, (_, _, values) in enumerate(records):
            for name, value in values.items():
                kqis[i, catalogue.kqis.index(name)] = value
        attributes = np.full((n, len(ATTRIBUTES)), -1, np.int32)
        attributes[:, ATTRIBUTES.index("slice")] = slice_code
        code = {s: i for i, s in enumerate(catalogue.services)}
        return QualityRows(
            slot=np.zeros(n, np.int64),
            subject=np.array([s for _, s, _ in records], np.int32),
            service=np.array([code.get(s, -1) for s, _, _ in records], np.int32),
            resource=np.zeros(n, np.int32),
            kqis=kqis,
            sessions=np.ones(n, np.float32),
            attributes=attributes,
            recorded=np.zeros(n, np.int64),
        )

    def people(kinds=(0, 1, -1), names=(), attributes=None):
        n = len(kinds)
        none = np.full(n, -1, np.int32)
        table = np.full((n, len(names)), -1, np.int32) if attributes is None else np.array(attributes, np.int32)
        pair = np.full((n, len(catalogue.services)), -1, np.int32)
        return Population(np.array(kinds, np.int8), none, none, none, table, tuple(names), pair, pair, none)

    def score(*records):
        return scoring.score(rows(*records), catalogue, models, people())

    return SimpleNamespace(catalogue=catalogue, models=models, rows=rows, people=people, score=score, build=build)
