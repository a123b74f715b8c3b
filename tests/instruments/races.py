#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""races.py NAME: does the race kernel report a race of planted_races.c with both its places, on harts that run at the
same time and under a seed, there twice the same? And nothing where there is no race (control-...)?"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
from harness import PANIC, TOP, Result, kine, report  # pylint: disable=wrong-import-position

SOURCE = "tests/instruments/planted_races.c"
FATAL = 100


def run(name: str, *timing: str) -> Result:
    return kine(*timing, "--append", f"plant={name}", "-c", "true")


def lines_of(name: str) -> set:
    text = (TOP / SOURCE).read_text(encoding="utf-8").splitlines()
    return {f"{SOURCE}:{number}" for number, line in enumerate(text, 1) if line.endswith(f"// planted: {name}")}


def planted(name: str) -> None:
    for timing in ([], ["--seed", "1"], ["--seed", "2"]):
        result = run(name, *timing)
        if name.startswith("control"):
            result.expect_status(FATAL).expect("nobody has noticed" in result.err, "silence")
            continue
        result.expect_status(PANIC).expect("data race with hart" in result.err, "a report")
        # The runner names the places of the report before those of the backtrace.
        places = result.err.split("did not reach init")[-1].splitlines()[1:3]
        wanted = lines_of(name)
        found = {place.split()[-1] for place in places[:len(wanted)]}
        result.expect(found == wanted, f"the places {wanted}, not {found}")
        if timing:
            result.expect(run(name, *timing).err == result.err, "the same report under the same seed")


if __name__ == "__main__":
    sys.exit(report("planted " + sys.argv[1], planted, *sys.argv[1:]))
