"""Where things are kept: the archive (Parquet files, the many) and the ledger (a database, the few)."""

from cemcore.storage.archive import Archive, as_known
from cemcore.storage.compaction import compact, retain
from cemcore.storage.ledger import Ledger
from cemcore.storage.records import StoredFile, Tick
from cemcore.storage.registry import Registry
from cemcore.storage.transaction import Transaction

__all__ = ["Archive", "Ledger", "Registry", "StoredFile", "Tick", "Transaction", "as_known", "compact", "retain"]
