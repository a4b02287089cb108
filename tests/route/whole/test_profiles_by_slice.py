from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cemcore import Cem
from cemcore.application.evaluate import folder_settings
from cemcore.settings import shipped
from tests.route.whole.conftest import ends


def test_a_profile_for_one_slice_is_required_of_that_slice_only(operator: Path, tmp_path: Path) -> None:
    slices = {s for s in _slices(operator) if s}
    strict = sorted(slices)[0]
    profile = (
        f'\n[[profiles]]\nservice = "web"\nkind = "user"\nslice = "{strict}"\nrequirement = 91\n'
        'source = "contract"\nversion = "1"\n'
    )
    catalogue = tmp_path / "services.toml"
    catalogue.write_text(shipped("services.toml").read_text() + profile)
    settings = folder_settings(operator, tmp_path / "state")
    assess = settings.assess.model_copy(update={"catalogue": str(catalogue)})

    with Cem.open(settings.model_copy(update={"assess": assess}), clock=lambda: ends(operator)) as cem:
        cem.collect()
        start = ends(operator) - timedelta(days=6)
        cem.assess(until=start + timedelta(hours=9))
        web = cem.scores(start, start + timedelta(hours=9), service="web")

        narrow = web["profile"].astype("str") == f"web/user/{strict}"
        assert narrow.any()
        assert (~narrow).any()
        assert set(web.loc[narrow, "requirement"]) == {91.0}
        assert 91.0 not in set(web.loc[~narrow, "requirement"])
        lines = cem.explain(*web.loc[narrow, ["subject_id", "service"]].iloc[0], web.loc[narrow, "slot"].iloc[0])
        assert any("91 required" in line for line in lines)


def _slices(operator: Path) -> list[str]:
    lines = (operator / "inventory" / "services.csv").read_text().splitlines()
    at = lines[0].split(",").index("slice")
    return [line.split(",")[at] for line in lines[1:] if ",web," in line]
