"""Which parts of formulas go together, what unit comes out, and how it is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from cemcore.catalogue.parts import FormulaError, Part, Run
from cemcore.catalogue.units import NONE, Unit

_READINGS = 16
_BIGGEST_POWER = 10.0
_LARGEST = 1e15


def number(value: float) -> Part:
    """A bare number."""
    if not abs(value) <= _LARGEST:
        raise FormulaError(f"{value:g} is beyond {_LARGEST:g}")
    return Part(lambda _: value, literal=value, free=True)


def column(name: str, unit: Unit) -> Part:
    """A column in its unit."""
    return Part(lambda c: c[name], unit.dimension, (unit.scale,), unit.level)


def constant(inside: Part, unit: Unit) -> Part:
    """`quantity(number, unit)`."""
    if inside.literal is None:
        raise FormulaError("quantity takes a bare number; convert counts a column in another unit")
    return Part(inside.run, unit.dimension, (unit.scale,), unit.level)


def converted(inside: Part, unit: Unit) -> Part:
    """`convert(value, unit)`: the same quantity counted in another unit."""
    if inside.free:
        raise FormulaError('convert: a bare number has no unit; write quantity(5, "ms")')
    if inside.truth or (inside.dimension, inside.level) != (unit.dimension, unit.level):
        raise FormulaError(f"convert: {inside.unit} can't be counted in {unit.name}")
    factor = 1.0 if unit.level else float(inside.scales[0] / unit.scale)
    return Part(lambda c: inside.run(c) * factor, unit.dimension, (unit.scale,), unit.level)


def negated(op: ast.unaryop, inside: Part) -> Part:
    """-x, +x, not x."""
    if isinstance(op, ast.Not):
        return Part(lambda c: 1.0 - _truth(inside).run(c), truth=True)
    _no_truth("-", inside)
    if isinstance(op, ast.UAdd):
        return inside
    if inside.level == "dBm":
        raise FormulaError("-: a level in dBm has no negative; take a difference of two levels, which is in dB")
    literal = None if inside.literal is None else -inside.literal
    return replace(inside, run=lambda c: -inside.run(c), literal=literal)


def both(every: bool, parts: Sequence[Part]) -> Part:
    """Conditions joined by `and` (every) or `or`."""
    runs = [_truth(p).run for p in parts]
    if len(runs) == 1:
        return parts[0]

    def run(c: Any) -> Any:
        values = [np.asarray(r(c)) for r in runs]
        missing = np.isnan(sum(values))
        joined = np.prod(np.broadcast_arrays(*values), axis=0) if every else np.clip(sum(values), 0, 1)
        return np.where(missing, np.nan, joined)

    return Part(run, truth=True)


def unified(what: str, parts: Sequence[Part]) -> Part:
    """A part with the one unit that all `parts` have, bare numbers taking it; FormulaError where they differ."""
    _no_truth(what, *parts)
    bound = [p for p in parts if not p.free]
    if not bound:
        return replace(parts[0], literal=None)
    first = bound[0]
    for other in bound[1:]:
        if (first.dimension, first.level) != (other.dimension, other.level):
            raise FormulaError(f"{what}: {first.unit} and {other.unit} don't go together; give both the same unit")
        common = tuple(s for s in first.scales if s in other.scales)
        if not common:
            times = float(max(first.scales[0], other.scales[0]) / min(first.scales[0], other.scales[0]))
            raise FormulaError(
                f"{what}: {first.unit} and {other.unit} differ by a factor {times:g}; "
                f'write convert(..., "{first.unit}")'
            )
        first = replace(first, scales=common)
    return first


def _sum(sign: int) -> Callable[[Part, Part], Part]:
    def add(a: Part, b: Part) -> Part:
        def run(c: Any) -> Any:
            return a.run(c) + sign * b.run(c)

        what = "+" if sign > 0 else "-"
        if not a.free and not b.free and "dBm" in (a.level, b.level) and a.level and b.level:
            level = {
                ("dBm", "dBm", -1): "dB",
                ("dBm", "dB", 1): "dBm",
                ("dBm", "dB", -1): "dBm",
                ("dB", "dBm", 1): "dBm",
            }
            if (a.level, b.level, sign) not in level:
                raise FormulaError(
                    f"{what}: {a.level} and {b.level} are logarithms; only dBm - dBm and dBm + dB make sense"
                )
            return Part(run, level=level[a.level, b.level, sign])
        literal = a.literal + sign * b.literal if a.literal is not None and b.literal is not None else None
        return replace(unified(what, (a, b)), run=run, literal=literal)

    return add


def _product(power: int) -> Callable[[Part, Part], Part]:
    """a * b, or a / b where `power` is -1."""

    def multiply(a: Part, b: Part) -> Part:
        def run(c: Any) -> Any:
            return a.run(c) * b.run(c) if power > 0 else _known(np.divide(a.run(c), b.run(c)))

        what = "*" if power > 0 else "/"
        _no_truth(what, a, b)
        if a.level or b.level:
            return _scaled_level(what, a, b, run)
        if power < 0 and b.literal == 0:
            raise FormulaError("/: divides by zero")
        if a.literal is not None and b.literal is not None:
            value = a.literal * b.literal if power > 0 else a.literal / b.literal
            return replace(number(value), run=run)
        dimension = tuple(x + power * y for x, y in zip(a.dimension, b.dimension, strict=True))
        scales: dict[Fraction, None] = dict.fromkeys(x * y**power for x in a.scales for y in b.scales)
        for part, sign in ((a, 1), (b, power)):
            if part.literal:
                size = Fraction(repr(abs(part.literal))) ** sign
                scales |= dict.fromkeys([s / size for s in scales])
        return Part(run, dimension, tuple(scales)[:_READINGS], free=a.free and b.free)

    return multiply


def _scaled_level(what: str, a: Part, b: Part, run: Run) -> Part:
    if a.level == "dB" and not b.level and b.dimension == NONE:
        return Part(run, level="dB")
    if b.level == "dB" and not a.level and a.dimension == NONE and what == "*":
        return Part(run, level="dB")
    raise FormulaError(f"{what}: {a.unit} and {b.unit}: levels are logarithms; take a difference of two levels first")


def _power(a: Part, b: Part) -> Part:
    def run(c: Any) -> Any:
        return _known(np.power(np.asarray(a.run(c), np.float64), b.run(c)))

    _no_truth("**", a, b)
    if a.level or b.level:
        raise FormulaError(f"**: {a.level or b.level} is a logarithm already")
    if b.literal is None:
        _plain("**", a)
        _plain("**", b)
        return Part(run, free=a.free and b.free)
    if abs(b.literal) > _BIGGEST_POWER:
        raise FormulaError(f"**: a power of {b.literal:g} is beyond {_BIGGEST_POWER:g}")
    if a.literal is not None:
        return replace(number(float(np.float64(run({})))), run=run)
    power = Fraction(repr(b.literal))
    return Part(run, tuple(d * power for d in a.dimension), tuple(_raised(s, power) for s in a.scales), free=a.free)


def _raised(scale: Fraction, power: Fraction) -> Fraction:
    return scale**power.numerator if power.denominator == 1 else Fraction(repr(float(scale) ** float(power)))


def _min_max(ufunc: Any, what: str) -> Callable[[Sequence[Part]], Part]:
    def choose(parts: Sequence[Part]) -> Part:
        def run(c: Any) -> Any:
            out = parts[0].run(c)
            for p in parts[1:]:
                out = ufunc(out, p.run(c))
            return out

        return replace(unified(what, parts), run=run)

    return choose


def _clip(parts: Sequence[Part]) -> Part:
    x, low, high = (p.run for p in parts)
    if parts[1].literal is not None and parts[2].literal is not None and parts[1].literal > parts[2].literal:
        raise FormulaError("clip(value, low, high): low is above high")
    return replace(unified("clip", parts), run=lambda c: np.minimum(np.maximum(x(c), low(c)), high(c)))


def _where(parts: Sequence[Part]) -> Part:
    if not parts[0].truth:
        raise FormulaError("where(condition, then, else): the first is no comparison")
    test, then, other = (p.run for p in parts)

    def run(c: Any) -> Any:
        held = test(c)
        return np.where(np.isnan(held), np.nan, np.where(held == 1.0, then(c), other(c)))

    return replace(unified("where", parts[1:]), run=run)


def _of_number(ufunc: Any, what: str) -> Callable[[Sequence[Part]], Part]:
    def apply(parts: Sequence[Part]) -> Part:
        (inside,) = parts
        _no_truth(what, inside)
        _plain(what, inside)
        return Part(lambda c: _known(ufunc(inside.run(c))) if what == "log" else ufunc(inside.run(c)), free=inside.free)

    return apply


def _sqrt(parts: Sequence[Part]) -> Part:
    return _power(parts[0], number(0.5))


def _compare(ufunc: Any, what: str) -> Callable[[Part, Part], Part]:
    def compare(a: Part, b: Part) -> Part:
        unified(what, (a, b))

        def run(c: Any) -> Any:
            x, y = a.run(c), b.run(c)
            return np.where(np.isnan(x) | np.isnan(y), np.nan, ufunc(x, y).astype(np.float64))

        return Part(run, truth=True)

    return compare


def _plain(what: str, part: Part) -> None:
    """FormulaError where it is no number without unit."""
    if part.dimension != NONE or part.level or Fraction(1) not in part.scales:
        raise FormulaError(f'{what}: wants a number, not {part.unit}; divide by quantity(1, "{part.unit}")')


def _truth(part: Part) -> Part:
    if not part.truth:
        raise FormulaError(f"and, or, not: {part.unit} is no comparison")
    return part


def _no_truth(what: str, *parts: Part) -> None:
    if any(p.truth for p in parts):
        raise FormulaError(f"{what}: a comparison is no number; write where(condition, 1, 0)")


def _known(values: Any) -> Any:
    return np.where(np.isfinite(values), values, np.nan)


BINARY: dict[type, Callable[[Part, Part], Part]] = {
    ast.Add: _sum(1),
    ast.Sub: _sum(-1),
    ast.Mult: _product(1),
    ast.Div: _product(-1),
    ast.Pow: _power,
}
COMPARE: dict[type, Callable[[Part, Part], Part]] = {
    ast.Lt: _compare(np.less, "<"),
    ast.LtE: _compare(np.less_equal, "<="),
    ast.Gt: _compare(np.greater, ">"),
    ast.GtE: _compare(np.greater_equal, ">="),
    ast.Eq: _compare(np.equal, "=="),
    ast.NotEq: _compare(np.not_equal, "!="),
}
_SEVERAL: Sequence[int] = range(2, 9)
FUNCTIONS: dict[str, tuple[Sequence[int], Callable[[Sequence[Part]], Part]]] = {
    "min": (_SEVERAL, _min_max(np.minimum, "min")),
    "max": (_SEVERAL, _min_max(np.maximum, "max")),
    "log": ((1,), _of_number(np.log, "log")),
    "exp": ((1,), _of_number(np.exp, "exp")),
    "sqrt": ((1,), _sqrt),
    "clip": ((3,), _clip),
    "where": ((3,), _where),
}
"""Name -> (how many values, what it makes of them)."""
