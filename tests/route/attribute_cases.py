"""Breakdowns of a KPI with a planted cause, made here and by no code of ours."""

import itertools

import numpy as np
import pandas as pd

SIZES = {"app": 4, "device": 6, "plan": 3, "region": 5}


def leaves() -> pd.DataFrame:
    """All 360 combinations."""
    values = [[f"{a}-{i}" for i in range(n)] for a, n in SIZES.items()]
    return pd.DataFrame(list(itertools.product(*values)), columns=list(SIZES))


def under(frame: pd.DataFrame, combination: dict[str, str]) -> np.ndarray:
    mask = np.ones(len(frame), bool)
    for attribute, value in combination.items():
        mask &= (frame[attribute] == value).to_numpy()
    return mask


def volumes(seed: int, causes: list[dict[str, str]], lost: float = 0.5, noise: float = 0.05) -> pd.DataFrame:
    """Plain values with relative noise; below each cause a share of the value is lost."""
    rng, frame = np.random.default_rng(seed), leaves()
    frame["expected"] = rng.lognormal(4, 1, len(frame))
    frame["real"] = frame.expected * (1 + noise * rng.standard_normal(len(frame)))
    for cause in causes:
        hit = under(frame, cause)
        frame.loc[hit, "real"] = frame.expected[hit] * (1 - lost)
    return frame


def failures(seed: int, causes: list[dict[str, str]], turned: float = 0.2, drift: float = 1.0) -> pd.DataFrame:
    """Failed sessions out of many; below each cause a share of the good ones fails too."""
    rng, frame = np.random.default_rng(seed), leaves()
    frame["sessions"] = rng.integers(20, 200, len(frame))
    frame["expected"] = rng.uniform(0.01, 0.08, len(frame))
    share = np.clip(frame.expected * drift, 0, 1).to_numpy().copy()
    for cause in causes:
        hit = under(frame, cause)
        share[hit] += turned * (1 - share[hit])
    frame["real"] = rng.binomial(frame.sessions, share) / frame.sessions
    return frame


def named(found) -> set[frozenset]:
    return {frozenset(c.values) for c in found}


def asked(causes: list[dict[str, str]]) -> set[frozenset]:
    return {frozenset(c.items()) for c in causes}
