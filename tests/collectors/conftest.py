"""Files on disk, and what a collector makes of them."""

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cemcore.domain import Content, Window

SAMPLES = Path(__file__).parent / "samples"


def soon() -> Window:
    """A window whose end lies far enough ahead for every file that is on disk."""
    return Window.until(datetime.now(UTC) + timedelta(hours=1))


@dataclass
class Drop:
    """A folder into which tests put files, and what collectors read from it."""

    path: Path
    window: Callable[[], Window] = field(default=soon)

    def put(self, name: str, data: bytes | str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def read(self, cls: Any, data: bytes | str | None = None, name: str = "x", **options: Any) -> Content:
        """The content of the one file `name` holding `data`, as `cls` with `options` reads it."""
        if data is not None:
            self.put(name, data)
        (batch,) = cls(source="test", path=str(self.path), **{"pattern": name, **options}).collect(self.window())
        return batch.read()


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


@pytest.fixture
def window() -> Window:
    return soon()


@pytest.fixture
def samples() -> Path:
    return SAMPLES


@pytest.fixture
def reasons() -> Callable[[Content], list[str]]:
    """Reasons of what is in quarantine."""
    return lambda content: content.quarantine["reason"].tolist()


@pytest.fixture
def balance() -> Callable[[Content], None]:
    """Asserts that every record that was seen is kept, refused, or counted as a repeat or as no value."""

    def check(content: Content) -> None:
        counts = content.counts
        if "refused_values" in counts:
            refused = counts["refused_values"]
        else:
            refused = int((~content.quarantine["position"].str.startswith("file")).sum())
        left_out = counts.get("duplicates", 0) + counts.get("nulls", 0) + counts.get("unwanted", 0)
        assert len(content.frame) + refused + left_out == counts["rows"]

    return check


def _shared() -> Path:
    return Path(os.environ.get("CEM_SHARED", Path(__file__).parents[3] / "shared"))


@pytest.fixture(scope="session", params=["dev1", "small1"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an operator's files; without its performance files, which are many."""
    packed = _shared() / "worlds" / f"{request.param}.zip"
    if not packed.is_file():
        pytest.skip(f"no {packed.name}: set CEM_SHARED to the folder that holds worlds/")
    folder = tmp_path_factory.mktemp(request.param)
    with zipfile.ZipFile(packed) as z:
        wanted = [n for n in z.namelist() if "/pm/" not in n and not n.endswith("truth.json")]
        z.extractall(folder, wanted)
    return folder / request.param


@pytest.fixture
def at() -> Callable[[str], pd.Timestamp]:
    """A time in UTC, in the frames' resolution."""
    return lambda text: pd.Timestamp(text).tz_convert("UTC").as_unit("us")
