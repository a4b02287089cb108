"""What can go wrong, drawn.

CemError
  ConfigError       a setting: file, key, reason            CLI exit 2; the daemon refuses to start
  PluginError       a plug-in: its name, and what there is
  FeedError
    CollectError    a source can't be read; transient or not: the watermark stays, coverage falls
    ContractError   a frame breaks its contract: rows go to quarantine
  ModelError
    NotFittedError  asked before it learned
  TopologyError     an unknown or inconsistent resource       REST 404 when asked by id
  NotFoundError     no such problem, subject ...              REST 404
  StorageError      nothing moves; the tick is tried again   REST 503
  EngineError       the cluster can't be reached, or a partition can't be kept on it: likewise
  CareError         an action could not be sent; permanent or not

Errors carry plain values only (names, ids), never the object they are about.
"""


class CemError(Exception):
    """Base of every error that cemcore raises on purpose."""


class ConfigError(CemError):
    """A setting is missing, unknown or impossible."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        self.file, self.key, self.reason = file, key, reason
        super().__init__(f"{file}: {key}: {reason}" if key else f"{file}: {reason}")


class PluginError(CemError):
    """A plug-in is unknown, does not load, or refuses its options."""

    def __init__(self, name: str, reason: str, available: tuple[str, ...] = ()) -> None:
        self.name, self.reason, self.available = name, reason, available
        known = f" (there are: {', '.join(available)})" if available else ""
        super().__init__(f"{name}: {reason}{known}")


class FeedError(CemError):
    """Something about incoming data."""


class CollectError(FeedError):
    """A source could not be read; a `transient` failure is worth another try."""

    def __init__(self, source: str, reason: str, *, transient: bool = True) -> None:
        self.source, self.reason, self.transient = source, reason, transient
        super().__init__(f"{source}: {reason}")


class ContractError(FeedError):
    """A frame breaks the contract of its feed."""

    def __init__(self, feed: str, column: str, reason: str) -> None:
        self.feed, self.column, self.reason = feed, column, reason
        super().__init__(f"{feed}.{column}: {reason}")


class ModelError(CemError):
    """A model was used wrongly."""


class NotFittedError(ModelError):
    """A model was asked before it had learned anything."""


class TopologyError(CemError):
    """A resource is unknown, or the inventory contradicts itself."""


class NotFoundError(CemError):
    """Something was asked for by its id, and there is no such thing."""


class StorageError(CemError):
    """The archive or the ledger could not be read or written; nothing has moved."""


class EngineError(CemError):
    """The cluster that holds the partitions could not be reached, or could not keep one; nothing has moved."""


class CareError(CemError):
    """A care action could not be delivered; a `permanent` failure is not retried."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        self.reason, self.permanent = reason, permanent
        super().__init__(reason)
