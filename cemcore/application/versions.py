"""Which catalogue and which models scored: kept with the first score that they made, so that any score can be computed
once more as it was, whatever services.toml says by then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cemcore import plugins
from cemcore.application.house import House, build_models
from cemcore.catalogue import Catalogue
from cemcore.errors import StorageError
from cemcore.protocols import ExperienceModel
from cemcore.storage import StoredFile

FEED = "catalogues"
"""Rows of the archive: stamp, version, file, text (services.toml as it was), models (plug-ins with versions)."""
SHAPE = "catalogue"
"""Name of the array of a snapshot that says for which services and KQIs its other arrays were made."""


@dataclass(frozen=True)
class Scorers:
    """What scored: the catalogue, its models by key, the plug-ins with their versions then; `kept` is False where
    the score is older than this record, and today's stand in.
    """

    stamp: str
    catalogue: Catalogue
    models: Mapping[str, ExperienceModel]
    plugins: tuple[str, ...]
    kept: bool = True

    @property
    def changed(self) -> tuple[str, ...]:
        """Plug-ins that are of another version today."""
        return tuple(p for p in self.plugins if p not in plugin_versions(self.catalogue))


def plugin_versions(catalogue: Catalogue) -> tuple[str, ...]:
    """The experience models of a catalogue, `name version`, each once."""
    wanted = sorted({m.plugin for m in catalogue.models})
    return tuple(plugins.version("experience_models", name) for name in wanted)


def stamp(catalogue: Catalogue) -> str:
    """`2026.1+3f9a...`: the version as declared, and a digest of the file and of the versions of its models."""
    said = "\0".join((catalogue.text, *plugin_versions(catalogue)))
    return f"{catalogue.version}+{hashlib.blake2b(said.encode(), digest_size=6).hexdigest()}"


def keep(house: House) -> StoredFile | None:
    """Write the catalogue of today into the archive, to be registered with the first scores; None where it is there."""
    mine = stamp(house.catalogue)
    name = f"catalogue-{mine.rpartition('+')[2]}"
    if any(name in f.path for f in house.ledger.files(FEED)):
        return None
    catalogue = house.catalogue
    row = {
        "stamp": mine,
        "version": catalogue.version,
        "file": catalogue.file.rpartition("/")[2],
        "text": catalogue.text,
        "models": json.dumps(plugin_versions(catalogue)),
    }
    return house.archive.write(FEED, name, pd.DataFrame([row]).astype("str"))


def scorers(house: House, wanted: str | None) -> Scorers:
    """What made the scores stamped `wanted`; today's where a score bears no stamp. StorageError for an unknown one."""
    catalogue = house.catalogue
    if not wanted or pd.isna(wanted):
        return Scorers("", catalogue, house.models, plugin_versions(catalogue), kept=False)
    if wanted == stamp(catalogue):
        return Scorers(wanted, catalogue, house.models, plugin_versions(catalogue))
    found = house.archive.read(house.ledger.files(FEED))
    mine = found[found["stamp"] == wanted] if len(found) else found
    if not len(mine):
        raise StorageError(f"the catalogue {wanted} is not in the archive")
    row = mine.iloc[-1]
    then = Catalogue.parse(str(row["text"]), f"{row['file']} {wanted}")
    return Scorers(wanted, then, build_models(then), tuple(json.loads(row["models"])))


def shape(catalogue: Catalogue) -> NDArray[Any]:
    """What the arrays of a state are made for (services, KQIs with their scales), as bytes."""
    scales = [(n, k.habit, k.better, k.floor, k.gain) for n, k in catalogue.kqi_table.items()]
    return np.frombuffer(json.dumps([list(catalogue.services), scales]).encode(), np.uint8)


def fits(arrays: Mapping[str, NDArray[Any]], catalogue: Catalogue) -> bool:
    """Whether a snapshot was made for this catalogue; one that does not say is taken for it."""
    return SHAPE not in arrays or np.array_equal(arrays[SHAPE], shape(catalogue))
