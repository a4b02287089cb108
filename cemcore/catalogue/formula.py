"""Formulas over columns: parsed, checked for their units, and evaluated on arrays.

    packets_lost / packets_sent * 100                      of two counters, in %
    where(rebuffer_s > 0, rebuffer_s / play_s, 0)
    convert(bytes_down / quantity(900, "s"), "Mbit/s")

Operators + - * / **, comparisons, and / or / not; functions min max log (natural) exp sqrt clip where; `quantity(5,
"ms")` is a number with a unit, `convert(x, "s")` counts in another one. Nothing else of Python is understood.

Values are taken as they stand, in the unit of their column; a bare number has none. What is added, compared or chosen
between must be of one unit, a bare number taking that of its partner. Dividing milliseconds by the number 1000 may be
meant as a conversion: the result may then be declared as ms or as s, and as nothing else. A factor that no reading
gives is refused.

Missing in, missing out (NaN): also a condition on something missing is missing. A division by zero, the logarithm of
what has none, and an overflow are missing.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cemcore.catalogue.parts import FormulaError, Part
from cemcore.catalogue.rules import BINARY, COMPARE, FUNCTIONS, both, column, constant, converted, negated, number
from cemcore.catalogue.units import UNITS, Unit, described
from cemcore.panel import Float64

LONGEST, DEEPEST = 500, 40


@dataclass(frozen=True)
class Formula:
    """A checked formula: the columns it reads, and how to evaluate it."""

    text: str
    inputs: tuple[str, ...]
    whole: Part

    def evaluate(self, columns: Mapping[str, Float64]) -> Float64:
        """Values for arrays of equal length, one for each of `inputs`; NaN where unknowable."""
        with np.errstate(all="ignore"):
            out = np.asarray(self.whole.run(columns), np.float64)
        n = len(columns[self.inputs[0]])
        return np.where(np.isfinite(out), out, np.nan) if out.ndim else np.full(n, float(out))


@lru_cache(maxsize=512)
def _parsed(text: str, names: tuple[tuple[str, str], ...], unit: str) -> Formula:
    if unit not in UNITS:
        raise FormulaError(f"unknown unit {unit!r} (there are: {', '.join(UNITS)})")
    if len(text) > LONGEST:
        raise FormulaError(f"longer than {LONGEST} characters; split it into several KQIs")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
        raise FormulaError(f"is no formula: {getattr(e, 'msg', None) or e}") from None
    reader = _Reader(dict(names))
    whole = reader.read(tree)
    if not reader.seen:
        raise FormulaError("names no column: a constant is no indicator")
    _fits(whole, UNITS[unit])
    return Formula(text, tuple(reader.seen), whole)


def parse(text: str, names: Mapping[str, str], unit: str) -> Formula:
    """The formula in `text` over columns `names` (name -> unit), which must give `unit`; FormulaError says why not."""
    return _parsed(text, tuple(sorted(names.items())), unit)


def _fits(whole: Part, declared: Unit) -> None:
    if whole.truth:
        raise FormulaError("gives yes or no; write where(condition, 1, 0)")
    if whole.free:
        return
    if (whole.dimension, whole.level) != (declared.dimension, declared.level):
        raise FormulaError(f"gives {whole.unit}, which can't be counted in {declared.name}; declare a unit of its kind")
    if whole.level or declared.scale in whole.scales:
        return
    factor = whole.scales[0] / declared.scale
    gives = described(whole.dimension, whole.scales[0], "")
    raise FormulaError(
        f'gives {gives}, not {declared.name}: multiply by {float(factor):g}, or write convert(..., "{declared.name}")'
    )


class _Reader:
    """Walks the tree of one formula; `seen` are the columns it met, in order."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self.seen: dict[str, None] = {}

    def read(self, node: ast.expr, depth: int = 0) -> Part:
        """The part that `node` stands for."""
        if depth > DEEPEST:
            raise FormulaError(f"nested deeper than {DEEPEST}; split it into several KQIs")
        match node:
            case ast.Constant(value=bool() | str() | bytes() | None):
                raise FormulaError(
                    f"{ast.unparse(node)}: only numbers and columns; text names a unit in quantity and convert"
                )
            case ast.Constant(value=int() | float() as value):
                return number(float(value))
            case ast.Name(id=name):
                return self._column(name)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not() as op, operand=inside):
                return negated(op, self.read(inside, depth + 1))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return BINARY[type(op)](self.read(left, depth + 1), self.read(right, depth + 1))
            case ast.BoolOp(op=op, values=values):
                return both(isinstance(op, ast.And), [self.read(v, depth + 1) for v in values])
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compared([left, *others], ops, depth)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._called(name, args, depth)
        raise FormulaError(
            f"{ast.unparse(node)[:60]}: not understood; there are + - * / **, comparisons, {_functions()}"
        )

    def _column(self, name: str) -> Part:
        if name not in self._names:
            raise FormulaError(f"unknown column {name} (there are: {', '.join(self._names)})")
        unit = self._names[name]
        if unit not in UNITS:
            raise FormulaError(f"{name} is in {unit}, a unit that formulas don't know (there are: {', '.join(UNITS)})")
        self.seen[name] = None
        return column(name, UNITS[unit])

    def _compared(self, nodes: list[ast.expr], ops: list[ast.cmpop], depth: int) -> Part:
        for op in ops:
            if type(op) not in COMPARE:
                raise FormulaError("compare with < <= > >= == !=")
        parts = [self.read(n, depth + 1) for n in nodes]
        return both(True, [COMPARE[type(op)](parts[i], parts[i + 1]) for i, op in enumerate(ops)])

    def _called(self, name: str, args: list[ast.expr], depth: int) -> Part:
        if name in ("quantity", "convert"):
            unit = self._unit_of(name, args)
            inside = self.read(args[0], depth + 1)
            return constant(inside, unit) if name == "quantity" else converted(inside, unit)
        if name not in FUNCTIONS:
            raise FormulaError(f"unknown function {name} (there are: {_functions()})")
        most, function = FUNCTIONS[name]
        if len(args) not in most:
            wanted = " or ".join(str(n) for n in most) if len(most) < 5 else f"{most[0]} or more"
            raise FormulaError(f"{name} takes {wanted} values, not {len(args)}")
        return function([self.read(a, depth + 1) for a in args])

    def _unit_of(self, name: str, args: list[ast.expr]) -> Unit:
        match args:
            case [_, ast.Constant(value=str() as unit)]:
                if unit not in UNITS:
                    raise FormulaError(f"{name}: unknown unit {unit!r} (there are: {', '.join(UNITS)})")
                return UNITS[unit]
        raise FormulaError(f'{name} takes a value and a unit, as in {name}({"5" if name == "quantity" else "x"}, "ms")')


def _functions() -> str:
    return ", ".join([*FUNCTIONS, "quantity", "convert"])
