"""How numba compiles functions: once, kept on disk, without the interpreter's lock.

`compiled` is for functions that Python calls.

`inner` is for those that only other compiled functions call: they get no entry for the interpreter,
whose unpacking of dozens of arrays takes a quarter of the time of compilation. Calling one from
Python crashes the process.

`uncounted` is for those of them that neither make nor return an array. numba otherwise counts the
references to their arrays at every entry and exit, which cost a photon path some 6 % of its time.

`inlined` is for those that are called at a few places along every photon path: they are merged into
their callers. Their dozen arguments and results then need not pass through memory: 8 % less time,
with derivatives 15 %.

`merged` is the same for those that make or return arrays, and take the tuples of a whole column:
their hundreds of numbers would go onto the stack for every path.

`borrowed` is for the arrays of the innermost loops. At each call and slice numba counts the
references to an array, by an atomic addition. Threads that count those of the same array wait for
each other, which cost two of them a sixth of their time.
"""

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from aeroforcing.core.compiled_cache import keep_compiled_code

keep_compiled_code()

# error_model="numpy": a division by zero gives inf or nan as in numpy, and costs no branch.
_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
}
compiled = njit(**_OPTIONS)
inner = njit(**(_OPTIONS | {"no_cpython_wrapper": True}))
uncounted = njit(**(_OPTIONS | {"no_cpython_wrapper": True, "_nrt": False}))
inlined = njit(**(_OPTIONS | {"no_cpython_wrapper": True, "_nrt": False, "forceinline": True}))
merged = njit(**(_OPTIONS | {"no_cpython_wrapper": True, "forceinline": True}))


@intrinsic
def borrowed(_typing: Any, values: Any) -> Any:
    """An array, or the arrays of a named tuple, without counting who refers to them.

    For compiled functions alone, and for what their caller holds: it must not outlive the call.
    """

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return _uncounted(context, builder, values, arguments[0])

    return values(values), generate


def _uncounted(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """The compiled value without the place where references to its arrays are counted."""
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = array.meminfo.type(None)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        for place, member in enumerate(kind.types):  # type: ignore[attr-defined]
            part = _uncounted(context, builder, member, builder.extract_value(value, place))
            value = builder.insert_value(value, part, place)
    return value
