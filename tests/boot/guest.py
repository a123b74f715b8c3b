#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""guest.py [--may-skip=NAMES] COMMAND [run options]: one guest program that speaks KTAP, then the audit.

NAMES, a pattern: which of its tests the program may skip. Without it, none."""
import sys

from harness import audited, check_ktap, kine, report


def guest(*words: str) -> None:
    may_skip = words[0].removeprefix("--may-skip=") if words[0].startswith("--may-skip=") else ""
    command, *options = words[1:] if may_skip else words
    check_ktap(kine(*options, "-c", audited(command)).expect_status(0), may_skip)


if __name__ == "__main__":
    sys.exit(report(" ".join(sys.argv[1:]), guest, *sys.argv[1:]))
