"""The registry: which integer stands for which text, for good."""

from __future__ import annotations

from cemcore.codes import Codes
from cemcore.errors import StorageError
from cemcore.storage.ledger import Ledger


class Registry:
    """Codings by name ("subject", "service", "customer", "attribute:device_model" ...), dense and append-only.

    New texts get their code in memory at once. `pending` lists them for the tick's transaction
    (`Transaction.add_codes`); `committed` says that it is through. After a transaction that failed they are simply
    pending still.
    """

    def __init__(self) -> None:
        self._codings: dict[str, Codes] = {}
        self._stored: dict[str, int] = {}
        self._offered: dict[str, int] = {}

    @classmethod
    def load(cls, ledger: Ledger) -> Registry:
        """Every coding as committed; StorageError where one holds a text twice."""
        registry = cls()
        for name, texts in ledger.codes().items():
            try:
                registry._codings[name] = Codes(texts)
            except ValueError as e:
                raise StorageError(f"coding {name}: {e}") from e
            registry._stored[name] = len(texts)
        return registry

    def codes(self, name: str) -> Codes:
        """The coding of that name, empty at first."""
        return self._codings.setdefault(name, Codes())

    def pending(self) -> list[tuple[str, int, list[str]]]:
        """(coding, code of the first, texts) of what is new since the last commit, by name."""
        out = []
        for name, codes in sorted(self._codings.items()):
            first, end = self._stored.get(name, 0), len(codes)
            self._offered[name] = end
            if end > first:
                out.append((name, first, [str(codes.text(i)) for i in range(first, end)]))
        return out

    def committed(self) -> None:
        """What `pending` last gave out is in the ledger now."""
        self._stored.update(self._offered)
