"""Codes: text to dense integers, append-only. The corridor works on these; the archive keeps what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from cemcore.panel import Int32


class Codes:
    """An append-only coding of texts: the first text seen is 0, the next 1 ...; a missing text is -1."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._index = pd.Index(list(texts), dtype="str")
        if not self._index.is_unique:
            raise ValueError("a coding holds each text once")

    def __len__(self) -> int:
        return len(self._index)

    @property
    def texts(self) -> list[str]:
        """The texts in the order of their codes."""
        return [str(t) for t in self._index]

    def find(self, texts: pd.Series | Iterable[str]) -> Int32:
        """Codes of `texts`; -1 where a text is missing or has no code yet."""
        wanted = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype="str")
        parts, uniques = pd.factorize(wanted)
        codes = self._index.get_indexer(pd.Index(uniques, dtype="str")).astype(np.int32)
        return np.append(codes, np.int32(-1))[parts]

    def add(self, texts: pd.Series | Iterable[str]) -> Int32:
        """Codes of `texts`, giving new ones, in order of appearance, to those that have none."""
        wanted = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype="str")
        parts, uniques = pd.factorize(wanted)
        seen = pd.Index(uniques, dtype="str")
        codes = self._index.get_indexer(seen)
        new = seen[codes < 0]
        if len(new):
            self._index = self._index.append(new)
            codes = self._index.get_indexer(seen)
        return np.append(codes.astype(np.int32), np.int32(-1))[parts]

    def text(self, code: int) -> str | None:
        """The text of a code, None for -1."""
        return None if code < 0 else str(self._index[code])
