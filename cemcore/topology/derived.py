"""Connections that no connection states, and something else in the inventory does: taken, and marked as faults.

Two statements count: the distinguished name of a contained object begins with its container's (TS 32.300), and a link
names its two ends. Both are facts that the source states, not conclusions from correlation.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from cemcore.topology.network import Fault
from cemcore.topology.vocabulary import CORE_ROLE, RETIRED

USUAL = 0.8
"""Links that name their ends are taken to carry a connection where at least so many of their type and role do: else
they may be spare.
"""

COLUMNS = ("from_id", "to_id", "relation", "via", "redundancy_group")


def derive(resources: pd.DataFrame, connections: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Fault, ...]]:
    """(connections with the derived ones below, a fault "derived" for each of those), of frames of those contracts."""
    found = [*_by_name(resources, connections), *_by_ends(resources, connections)]
    if not found:
        return connections, ()
    more = pd.DataFrame(found, columns=list(COLUMNS)).astype("str")
    more = more.mask(more == "")
    faults = tuple(
        Fault("derived", f, f"{f} -{r}-> {t}: stated by " + (f"the ends of {via}" if via else f"the name of {f} alone"))
        for f, t, r, via, _ in found
    )
    return pd.concat([connections, more.reindex(columns=connections.columns)], ignore_index=True), faults


def _by_name(resources: pd.DataFrame, connections: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Containment of resources that no connection leads up from, where the name of a container begins theirs."""
    bare = resources["dn"].notna() & (resources["type"] != RETIRED)
    bare &= ~resources["resource_id"].isin(connections["from_id"])
    if not bare.any():
        return
    holders = dict(zip(resources["dn"].dropna(), resources.loc[resources["dn"].notna(), "resource_id"], strict=True))
    for name, dn in zip(resources.loc[bare, "resource_id"], resources.loc[bare, "dn"], strict=True):
        parts = str(dn).split(",")
        ahead = (holders.get(",".join(parts[:n])) for n in range(len(parts) - 1, 0, -1))
        container = next((h for h in ahead if h is not None and h != name), None)
        if container is not None:
            yield str(name), str(container), "containedIn", "", ""


def _by_ends(resources: pd.DataFrame, connections: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Ways over links that name both ends, and no connection runs over them; core links are a matter of the core."""
    ids = resources["resource_id"]
    ended = resources["a_end"].isin(ids) & resources["z_end"].isin(ids) & (resources["type"] != RETIRED)
    if not ended.any():
        return
    links = resources.loc[ended, ["resource_id", "type", "role", "a_end", "z_end", "redundancy_group"]].fillna("")
    links["used"] = links["resource_id"].isin(connections["via"])
    usual = links.groupby(["type", "role"])["used"].transform("mean")
    lost = links[~links["used"] & (usual >= USUAL) & (links["role"] != CORE_ROLE)]
    if lost.empty:
        return
    joined = set(zip(connections["from_id"], connections["to_id"], strict=True))
    for link in lost.itertuples(index=False):
        if (link.a_end, link.z_end) not in joined:
            texts = (link.a_end, link.z_end, "uplink", link.resource_id, link.redundancy_group)
            yield tuple(str(t) for t in texts)
