"""Files in a folder, each taken whole and once: what every file collector shares.

A file becomes one batch, whose id is a digest of feed, source, name and bytes: the same delivery has the same id for
ever, a file that was replaced has another one. What is read is what was digested, or the batch refuses to be read.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from cemcore.domain import Batch, Content, Feed, Window
from cemcore.errors import CollectError, ConfigError
from cemcore.frames import empty, quarantined

UNFINISHED = (".tmp", ".part", ".filepart", ".writing")
"""Endings of names that writers give to files they have not finished."""

MAX_BYTES = 1 << 30
"""A compressed file that expands beyond this many bytes is refused."""

MAX_RECORD = 1 << 20
"""A line beyond this many bytes is no record."""

_GZIP = b"\x1f\x8b"
_SHOWN = 500

Reader = Callable[[str, bytes], Content]
"""Parses (name relative to the folder, bytes as they lie on disk)."""


def folder(source: str, path: str, pattern: str, quiet_s: float, arrival: Mapping[str, object]) -> Folder:
    """The folder of a source. Where `arrival` says when things came, names alone tell what is complete."""
    return Folder(source, path, pattern, 0.0 if arrival else quiet_s)


@dataclass(frozen=True, slots=True)
class Folder:
    """Which files of which folder: `pattern` is a glob below `path`, or several with `|` between them.

    A file is complete when it was last changed `quiet_s` before the window's end; 0 trusts the name alone (writers that
    rename when done, and history that lies there whole).
    """

    source: str
    path: str
    pattern: str
    quiet_s: float

    def batches(self, feed: Feed, window: Window, read: Reader) -> Iterator[Batch]:
        """One batch for each complete file, by name; CollectError (transient) where the folder is not there."""
        root = Path(self.path)
        if not root.is_dir():
            raise CollectError(self.source, f"no such folder: {self.path}", transient=True)
        for name in self._names(root):
            batch = self._batch(feed, root / name, name, window, read)
            if batch is not None:
                yield batch

    def _names(self, root: Path) -> list[str]:
        try:
            found = {
                p.relative_to(root).as_posix() for glob in self.pattern.split("|") for p in root.glob(glob.strip())
            }
        except (OSError, ValueError, NotImplementedError) as e:
            raise CollectError(self.source, f"can't list {self.path}: {e}", transient=isinstance(e, OSError)) from e
        return sorted(n for n in found if _finished(n))

    def _batch(self, feed: Feed, path: Path, name: str, window: Window, read: Reader) -> Batch | None:
        try:
            before = path.stat()
        except OSError:
            return None
        if not stat.S_ISREG(before.st_mode):
            return None
        if self.quiet_s > 0 and before.st_mtime > window.end.timestamp() - self.quiet_s:
            return None
        identity = (before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino)
        try:
            batch_id = _digest_file(feed.value, self.source, str(path), name, identity)
        except OSError as e:
            reason = f"can't be read: {e.strerror or e}"
            batch_id = _digest(feed.value, self.source, name, reason.encode())
            return Batch(feed, self.source, batch_id, name, partial(whole_file_refused, feed, reason))
        return Batch(feed, self.source, batch_id, name, partial(self._load, feed, path, name, batch_id, read))

    def _load(self, feed: Feed, path: Path, name: str, batch_id: str, read: Reader) -> Content:
        try:
            data = path.read_bytes()
        except OSError as e:
            raise CollectError(self.source, f"{name}: {e.strerror or e}", transient=True) from e
        if _digest(feed.value, self.source, name, data) != batch_id:
            raise CollectError(self.source, f"{name}: changed since it was found", transient=True)
        return read(name, data)


def _finished(name: str) -> bool:
    return not name.endswith(UNFINISHED) and not any(part.startswith(".") for part in name.split("/"))


@lru_cache(maxsize=1 << 17)
def _digest_file(feed: str, source: str, path: str, name: str, identity: tuple[int, int, int, int]) -> str:
    """The digest of a file's bytes, remembered for as long as size, times and inode stay as they are."""
    return _digest(feed, source, name, Path(path).read_bytes())


def _digest(feed: str, source: str, name: str, data: bytes) -> str:
    h = hashlib.blake2b("\0".join((feed, source, name, "")).encode("utf-8", "surrogateescape"), digest_size=20)
    h.update(data)
    return h.hexdigest()


def whole_file_refused(feed: Feed, reason: str, record: str = "") -> Content:
    """Nothing could be taken from a file: no rows, one line of quarantine."""
    return Content(empty(feed), quarantined([("file", reason, record)]), {"rows": 0})


def unzip(data: bytes) -> tuple[bytes, str]:
    """(bytes, what is wrong): gzip is undone; of a cut or damaged one, what came out before the damage."""
    if not data.startswith(_GZIP):
        return data, ""
    out: list[bytes] = []
    size = 0
    while data:
        d = zlib.decompressobj(wbits=31)
        try:
            piece = d.decompress(data, MAX_BYTES - size + 1)
        except zlib.error as e:
            return b"".join(out) + _salvage(data), f"damaged gzip: {e}"
        out.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            return b"", f"expands to more than {MAX_BYTES} bytes"
        if not d.eof:
            return b"".join(out), "cut short: gzip ends before its end"
        data = d.unused_data.lstrip(b"\0")
        if data and not data.startswith(_GZIP):
            return b"".join(out), "bytes after the end of gzip"
    return b"".join(out), ""


def _salvage(data: bytes) -> bytes:
    """What a damaged gzip member gives before the damage, in steps small enough to lose little."""
    d = zlib.decompressobj(wbits=31)
    out: list[bytes] = []
    size = 0
    for i in range(0, len(data), 256):
        try:
            piece = d.decompress(data[i : i + 256], MAX_BYTES)
        except zlib.error:
            break
        out.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            break
    return b"".join(out)


def shown(record: bytes | str) -> str:
    """A record as text for the quarantine, shortened."""
    text = record if isinstance(record, str) else record[:_SHOWN].decode("utf-8", "backslashreplace")
    text = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def check_arrival(source: str, arrival: Mapping[str, object], allowed: Mapping[str, type]) -> None:
    """ConfigError for a way of arrival that this collector does not have."""
    for key, value in arrival.items():
        if key not in allowed:
            raise ConfigError(source, f"arrival.{key}", f"unknown; there are: {', '.join(allowed)}")
        wanted = allowed[key]
        good = (
            isinstance(value, (int, float)) and not isinstance(value, bool)
            if wanted is float
            else isinstance(value, wanted)
        )
        if not good:
            raise ConfigError(source, f"arrival.{key}", f"{value!r} is not {'a number' if wanted is float else 'text'}")


def check_folder(source: str, path: str, pattern: str, quiet_s: float) -> None:
    """ConfigError for a source without name, folder or pattern, or with a negative quiet time."""
    for key, value in (("source", source), ("path", path), ("pattern", pattern)):
        if not value:
            raise ConfigError(source or "collector", key, "is empty")
    if any(os.path.isabs(g.strip()) or not g.strip() or ".." in Path(g.strip()).parts for g in pattern.split("|")):
        raise ConfigError(source, "pattern", f"{pattern!r} is not a glob below the folder")
    if quiet_s < 0:
        raise ConfigError(source, "quiet_s", "is below 0")


def refuse(source: str, key: str, reason: str) -> None:
    """ConfigError for the option `key` of `source`."""
    raise ConfigError(source, key, reason)
