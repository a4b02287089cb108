"""What rows depend on, for millions of candidates: axes of keys, each with compressed sparse rows key -> candidates.

An axis is one way in which a row depends: on its access resource and all that this hangs on, on its gateway and
endpoint, on what its subject is made of, on its subject's own terminal and customer. No candidate is on two axes, else
its rows would count twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cemcore.errors import TopologyError
from cemcore.panel import Bool, Float32, Int8, Int32, Int64
from cemcore.pipeline.localisation.explanations import TERMINAL


@dataclass(frozen=True)
class Axis:
    """Candidates of key k: `flat[start[k]:start[k + 1]]`. counted: rows that are not sent come as exact sums by key;
    else one by one, of the subjects that are followed (where a key is a single subject).
    """

    start: Int64
    flat: Int32
    counted: bool = True

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return len(self.start) - 1

    def holders(self, candidate: int) -> Bool:
        """Which keys depend on a candidate; one longer, for the key -1: False."""
        out = np.zeros(self.keys + 1, np.bool_)
        at = np.flatnonzero(self.flat == candidate)
        out[np.searchsorted(self.start, at, side="right") - 1] = True
        return out


@dataclass(frozen=True)
class Incidence:
    """axes; of each candidate kind int8 (`explanations`: RESOURCE ... TERMINAL), prior float32 (log) and axis int8;
    subjects: number of the axis whose keys are subjects.
    """

    axes: tuple[Axis, ...]
    kind: Int8
    prior: Float32
    axis: Int8
    subjects: int

    @classmethod
    def build(cls, axes: tuple[Axis, ...], kind: Int8, prior: Float32, subjects: int) -> Incidence:
        """With the axis of each candidate found; TopologyError where one is on two."""
        axis = np.full(len(kind), -1, np.int8)
        for i, a in enumerate(axes):
            if (taken := (axis[a.flat] >= 0) & (axis[a.flat] != i)).any():
                raise TopologyError(f"candidate {int(a.flat[taken][0])} is on two axes")
            axis[a.flat] = i
        return cls(axes, kind, prior, axis, subjects)

    def __len__(self) -> int:
        return len(self.kind)

    def terminal_of(self, subject: int) -> int:
        """Candidate of a subject's own terminal, -1 where it has none."""
        a = self.axes[self.subjects]
        if not 0 <= subject < a.keys:
            return -1
        of = a.flat[a.start[subject] : a.start[subject + 1]]
        of = of[self.kind[of] == TERMINAL]
        return int(of[0]) if len(of) else -1
