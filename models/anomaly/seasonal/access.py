"""Elements of arrays for compiled loops, with what the compiler can't know: that no two of the arrays overlap.

Numba's own indexing wraps negative numbers and leaves every store to one array a possible change of all others; a loop
over more than a few arrays is then not turned into vector instructions. Each array of a loop has a number here, and
accesses under different numbers are promised not to meet (alias.scope and noalias of LLVM's language reference).
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

SCOPES = 24
"""Numbers that there are."""


def _apart(builder: Any, instruction: Any, number: int) -> Any:
    """Mark the access as one of the array `number`, apart from all others."""
    module = builder.module
    domain = module.add_metadata(["apart"])
    scopes = [module.add_metadata([f"apart{i}", domain]) for i in range(SCOPES)]
    instruction.set_metadata("alias.scope", module.add_metadata([scopes[number]]))
    instruction.set_metadata("noalias", module.add_metadata([s for i, s in enumerate(scopes) if i != number]))
    return instruction


def _place(context: Any, builder: Any, kind: Any, array: Any, i: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [i], inbounds=True)


def _get(typing: Any, array: Any, i: Any, number: Any) -> Any:
    """Element i of a contiguous array, unchecked."""

    def instruction(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, array, args[0], args[1])
        return _apart(builder, builder.load(place), number.literal_value)

    return array.dtype(array, i, number), instruction


def _put(typing: Any, array: Any, i: Any, value: Any, number: Any) -> Any:
    """Set element i of a contiguous array to a value of its type, unchecked."""

    def instruction(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, array, args[0], args[1])
        _apart(builder, builder.store(args[2], place), number.literal_value)
        return context.get_dummy_value()

    return types.void(array, i, array.dtype, number), instruction


def _borrowed(typing: Any, arrays: Any) -> Any:
    """The arrays of a tuple without their counts of references, which a loop over blocks spends its time on.

    Only where the caller keeps them alive.
    """

    def instruction(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        out = args[0]
        for e, kind in enumerate(arrays):
            if isinstance(kind, types.Array):
                view = context.make_array(kind)(context, builder, builder.extract_value(out, e))
                view.meminfo, view.parent = view.meminfo.type(None), view.parent.type(None)
                out = builder.insert_value(out, view._getvalue(), e)
        return out

    return arrays(arrays), instruction


def _wide(typing: Any) -> Any:
    """Have the function that calls this use the widest vectors of the machine, not the width it is usually best at."""

    def instruction(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), instruction


get: Any = intrinsic(prefer_literal=True)(_get)
put: Any = intrinsic(prefer_literal=True)(_put)
borrowed: Any = intrinsic(_borrowed)
wide: Any = intrinsic(_wide)
