#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""planted.py BUG [strict]: does kasan (or the strict machine) notice a bug of planted_bugs.c, say what it is, and where?"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
from harness import PANIC, audited, kine, report  # pylint: disable=wrong-import-position

SOURCE = "tests/instruments/planted_bugs.c"
EXPECTED = {
    "slab-use": "kasan: heap: object used after it was freed: store of 1 byte at",
    "slab-twice": "kasan: heap: object used after it was freed: free of",
    "slab-overrun": "kasan: heap: beyond an object: store of 1 byte at",
    "slab-memset": "kasan: heap: beyond an object: store of 41 bytes at",
    "slab-user": "kasan: heap: beyond an object: store of 41 bytes at",
    "block-overrun": "kasan: heap: beyond an object: store of 1 byte at",
    "frame-use": "kasan: frame: used after it was freed: load of 1 byte at",
    "stack-overrun": "kasan: stack: beyond a variable: store of 1 byte at",
    "stack-scope": "kasan: stack: variable used after its scope: store of 1 byte at",
    "global-overrun": "kasan: global: beyond its end: store of 1 byte at",
    "stack-smash": "panic on hart",  # and the function, by its first line
}
STRICT = {"frame-use": "panic on hart 0: exception 13 in the kernel"}


def planted(bug: str, kernel: str = "kasan") -> None:
    if bug == "none":  # and no other instrument speaks when nothing is wrong
        result = kine("-c", audited("forkstorm")).expect_status(0)
        result.expect("kasan" not in result.out + result.err, "silence")
        return
    top = pathlib.Path(__file__).resolve().parent.parent.parent
    lines = (top / SOURCE).read_text(encoding="utf-8").splitlines()
    (line,) = [number for number, text in enumerate(lines, 1) if text.endswith(f"// planted: {bug}")]
    # Strict: on one hart, for on another the frame may be somebody else's at once. kasan keeps it back for a while.
    alone = ["--harts", "1"] if kernel == "strict" else []
    result = kine(*alone, "--append", f"plant={bug}", "-c", "true").expect_status(PANIC)
    expected = (STRICT if kernel == "strict" else EXPECTED)[bug]
    result.expect(expected in result.err, f"a report of {expected!r}")
    # The runner names the place of kasan's report before those of the backtrace.
    places = result.err.split("did not reach init")[-1].splitlines()[1:]
    places = [place for place in places if kernel == "kasan" or not re.match(r" +(panic|trap_from|from)_?", place)]
    result.expect(places and places[0].endswith(f"{SOURCE}:{line}"), f"the place {SOURCE}:{line}")


if __name__ == "__main__":
    sys.exit(report("planted " + sys.argv[1], planted, *sys.argv[1:]))
