"""Formulas: what units come out, what goes together and what is refused, with the reason."""

import pytest

from cemcore.catalogue import UNITS, FormulaError, parse
from collectors.mapping import UNITS as FAMILIES

NAMES = {
    "lost": "count",
    "sent": "count",
    "bytes_down": "bytes",
    "rebuffer_s": "s",
    "play_s": "s",
    "delay_ms": "ms",
    "loss_pct": "%",
    "share": "1",
    "rsrp": "dBm",
    "noise": "dBm",
    "gain": "dB",
    "drops_per_h": "1/h",
    "rating": "MOS",
    "battery": "V",
    "odd": "furlong",
}

FITS = {
    "a share in percent": ("lost / sent * 100", "%"),
    "a share": ("lost / sent", "1"),
    "a share in percent by conversion": ('convert(lost / sent, "%")', "%"),
    "a share of a time": ("rebuffer_s / play_s", "1"),
    "milliseconds as seconds by a thousand": ("delay_ms / 1000", "s"),
    "a thousandth of the milliseconds": ("delay_ms / 1000", "ms"),
    "milliseconds as seconds by conversion": ('convert(delay_ms, "s")', "s"),
    "a rate": ('convert(bytes_down / quantity(900, "s"), "Mbit/s")', "Mbit/s"),
    "a sum in one unit": ("delay_ms / 1000 + rebuffer_s", "s"),
    "a number takes the unit of its partner": ("max(delay_ms - 20, 0)", "ms"),
    "a difference of levels": ("rsrp - noise", "dB"),
    "a level with a gain": ("rsrp + gain", "dBm"),
    "a level with a number": ("rsrp + 3", "dBm"),
    "half a gain": ("gain * 0.5", "dB"),
    "a choice of numbers takes the unit declared": ("where(delay_ms > 100, 1, 0)", "count"),
    "a variance and its root": ("sqrt(delay_ms ** 2 + delay_ms ** 2)", "ms"),
    "an exponential of a number": ('exp(-delay_ms / quantity(60, "ms"))', "1"),
    "a rating by its constants": ('quantity(3.5, "MOS") * exp(-0.5 * lost) + 1', "MOS"),
    "percent and percent": ("clip(loss_pct + lost / sent * 100, 0, 100)", "%"),
    "percent as a share": ("loss_pct / 100", "1"),
    "a frequency": ("lost / rebuffer_s", "1/s"),
    "a chain of comparisons": ("where(0 < delay_ms < 100 and not lost > sent, delay_ms, 100)", "ms"),
}

REFUSED = {
    "time and percent": ("delay_ms + loss_pct", "ms", "ms and % don't go together"),
    "percent and time": ("loss_pct + delay_ms", "%", "% and ms don't go together"),
    "milliseconds and seconds": ("delay_ms + rebuffer_s", "s", "differ by a factor 1000; write convert"),
    "milliseconds declared as seconds": ("delay_ms", "s", "gives ms, not s: multiply by 0.001, or write convert"),
    "a wrong factor": ("delay_ms / 100", "s", "gives ms, not s"),
    "a share declared as percent": ("lost / sent", "%", "not %: multiply by 100"),
    "percent declared as a share": ("loss_pct", "1", "gives %, not 1: multiply by 0.01"),
    "a time declared as a share": ("delay_ms", "1", "gives ms, which can't be counted in 1"),
    "bytes declared as a rate": ("bytes_down", "Mbit/s", "gives bytes, which can't be counted in Mbit/s"),
    "bytes a second declared as Mbit/s": ("bytes_down / rebuffer_s", "Mbit/s", "not Mbit/s: multiply by 8e-06"),
    "a sum of levels": ("rsrp + noise", "dBm", "logarithms"),
    "a mean of levels": ("(rsrp + noise) / 2", "dBm", "logarithms"),
    "twice a level": ("2 * rsrp", "dBm", "levels are logarithms"),
    "a square of a level": ("rsrp ** 2", "dBm", "is a logarithm already"),
    "a level compared to a time": ("where(rsrp > delay_ms, 1, 0)", "1", "dBm and ms don't go together"),
    "a logarithm of a time": ("log(delay_ms)", "1", 'wants a number, not ms; divide by quantity(1, "ms")'),
    "an exponent with a unit": ("lost ** delay_ms", "1", "wants a number, not ms"),
    "a comparison as a value": ("delay_ms > 100", "1", "gives yes or no; write where"),
    "a comparison in a sum": ("lost + (delay_ms > 100)", "1", "a comparison is no number"),
    "a condition that is none": ("where(lost, 1, 0)", "1", "the first is no comparison"),
    "a column that is none": ("found / sent", "1", "unknown column found (there are: battery, bytes_down"),
    "a function that is none": ("mean(lost, sent)", "1", "unknown function mean (there are: min, max, log"),
    "an attribute": ("lost.__class__", "1", "not understood"),
    "a call of a call": ("max(lost, sent)(1)", "1", "not understood"),
    "an import": ("__import__('os')", "1", "unknown function __import__"),
    "a keyword": ("max(lost, key=sent)", "1", "not understood"),
    "a lambda": ("(lambda: lost)()", "1", "not understood"),
    "a subscript": ("lost[0]", "1", "not understood"),
    "a comprehension": ("[lost for lost in sent]", "1", "not understood"),
    "text": ("lost + 'x'", "1", "only numbers and columns"),
    "a power tower": ("sent ** 99999", "1", "beyond 10"),
    "a huge number": ("lost * 1e99", "1", "beyond 1e+15"),
    "a matrix product": ("lost @ sent", "1", "not understood"),
    "membership": ("where(lost in sent, 1, 0)", "1", "compare with"),
    "two lines": ("lost\nsent", "1", "is no formula"),
    "nothing": ("", "1", "is no formula"),
    "no column": ("1 + 1", "1", "names no column"),
    "a division by zero": ("lost / 0", "1", "divides by zero"),
    "too few values": ("clip(lost, 0)", "1", "clip takes 3 values, not 2"),
    "bounds the wrong way round": ("clip(lost, 9, 0)", "1", "low is above high"),
    "a conversion of a number": ('convert(5, "ms") + delay_ms', "ms", "a bare number has no unit"),
    "a conversion to another kind": ('convert(delay_ms, "%")', "%", "ms can't be counted in %"),
    "a quantity of a column": ('quantity(delay_ms, "s")', "s", "quantity takes a bare number"),
    "a quantity in an unknown unit": ('delay_ms + quantity(1, "fortnight")', "ms", "unknown unit 'fortnight'"),
    "a column in a strange unit": ("odd + 1", "1", "odd is in furlong, a unit that formulas don't know"),
    "an unknown unit declared": ("lost", "pints", "unknown unit 'pints' (there are: 1, count"),
    "a deep nest": ("-" * 60 + "lost", "1", "nested deeper than 40"),
    "a long text": ("lost + " * 100 + "lost", "1", "longer than 500"),
}


@pytest.mark.parametrize(("text", "unit"), FITS.values(), ids=FITS.keys())
def test_units_that_fit_are_taken(text, unit):
    assert set(parse(text, NAMES, unit).inputs) <= set(NAMES)


@pytest.mark.parametrize(("text", "unit", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_is_refused_with_the_reason(text, unit, reason):
    with pytest.raises(FormulaError) as caught:
        parse(text, NAMES, unit)
    assert reason in str(caught.value)


def test_a_formula_and_a_collector_know_the_same_sizes_of_units():
    for family in FAMILIES:
        known = {u: size for u, size in family.items() if u in UNITS}
        first = next(iter(known))
        for name, size in known.items():
            assert UNITS[name].dimension == UNITS[first].dimension, name
            assert float(UNITS[name].scale / UNITS[first].scale) == pytest.approx(size / known[first])
