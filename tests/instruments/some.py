#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""some.py I/N: a share of the tests that run on a kernel which is watched. Builds the preset kasan, race or strict, and runs
each N-th of what was planted for it and of the programs that are hardest at fork, from the I-th on (harness.share)."""
import re
import subprocess
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
from harness import TOP, Failure, report, share  # pylint: disable=wrong-import-position

PRESETS = ("kasan", "race", "strict")
TESTS = (r"^sanitizer\.|^guest\.(cowtest|forkstorm|megastress|mapstress|soak|t_cow|t_fork|t_lend|t_mega|t_mmap|t_shared"
         r"|threadstress)\.4$")


def do(*command: str) -> str:
    done = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Failure(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def some(which: str) -> None:
    (preset,) = share(list(PRESETS), f"{which.split('/')[0]}/{len(PRESETS)}")
    do("cmake", "--preset", preset)
    do("cmake", "--build", "--preset", preset, "--target", "bootable")
    tests = re.findall(r"Test +#\d+: (\S+)", do("ctest", "--preset", preset, "-N", "-R", TESTS))
    chosen = share(tests, which)
    if not chosen:
        raise Failure(f"{preset} has no such tests")
    print(do("ctest", "--preset", preset, "-j1", "-R", f"^({'|'.join(map(re.escape, chosen))})$"))


if __name__ == "__main__":
    sys.exit(report("some " + sys.argv[1], some, *sys.argv[1:]))
