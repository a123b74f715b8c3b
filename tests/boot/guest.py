#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""guest.py COMMAND [run options]: one guest program that speaks KTAP, then the audit of the machine."""
import sys

from harness import audited, check_ktap, kine, report


def guest(command: str, *options: str) -> None:
    check_ktap(kine(*options, "-c", audited(command)).expect_status(0))


if __name__ == "__main__":
    sys.exit(report(sys.argv[1], guest, *sys.argv[1:]))
