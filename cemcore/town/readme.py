"""The README of a written town."""

from __future__ import annotations

from cemcore.town.calendar import iso
from cemcore.town.layout import RAN_VENDORS
from cemcore.town.world import World

_TEXT = """# Town {seed} ({size})

A generated operator: {subjects} subjects (users and things) of {customers} customers, {resources} resources,
{start} to {end} (UTC; local time zone {zone}). Public holidays: {holidays}.
The days before {quiet} hold no incident.

All times are UTC ISO 8601 unless an offset is written. `ts` is the start of the interval (15 minutes).
`operator.json`: what an operator would configure. `truth.json`: what truly happened, for scoring only.

- `inventory/`: resources, connections, subjects, services, customers, each as CSV and JSON (TMF639, TMF638).
  Several uplinks of one redundancy_group back each other up; an uplink without `via` to an aggregation pair means
  that either member carries the traffic. Core traffic follows the path of least total `igp_metric` over links with
  role=core.
- `quality/date=YYYY-MM-DD/part-*.parquet` (local calendar day): a row per (subject, service, interval) with
  activity. `received_ts` is when it arrived: rows may be late or repeated, and a few are corrupt. latency_ms,
  jitter_ms, loss_pct, throughput_mbps, setup_success_ratio and delivery_ratio (0..1 of n_sessions), stall_ratio,
  startup_s, mos. When nothing could be set up the ratio is 0 and the others are null.
- `pm/YYYY-MM-DD/*.xml.gz`: 3GPP TS 32.435. {first}: B files (all elements, a quarter of an hour). {second}: C files
  (one element, an hour).
- `kpi/links_*.csv`, `microwave_*.csv`, `nf_*.csv` (long form), `sample_openmetrics.txt`.
- `alarms/alarms*.jsonl`: TMF642 v4, one line a change, in order of arrival. alarmRaisedTime is the element's clock.
- `planned_work.json`: TMF655 v4. `feedback/`: nps, churn, contacts, billing.
"""


def text(world: World, end: int) -> str:
    """What lies in the folder."""
    calendar = world.calendar
    return _TEXT.format(
        seed=world.seed,
        size=world.size.name,
        subjects=len(world.people.subjects),
        customers=len(world.people.customers),
        resources=len(world.net.resources),
        start=iso(calendar.midnight(0)),
        end=iso(end),
        zone=calendar.zone,
        holidays=", ".join(d.isoformat() for d in calendar.holidays),
        quiet=iso(calendar.midnight(world.spec.quiet_days(calendar.days))),
        first=RAN_VENDORS[0],
        second=RAN_VENDORS[1],
    )
