#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare this machine with tools/packages.txt. `./kine doctor` prints the table, CMake asks with --quiet.

doctor.py [--quiet] [COMPILER...]   the compilers are those of presets that need more than the others

Exit status 0 when everything is there and new enough; else 1, and the cure is the last thing printed."""
import glob
import pathlib
import re
import shutil
import subprocess
import sys

PACKAGES = pathlib.Path(__file__).with_name("packages.txt")


def version_of(command: str) -> str:
    """The first thing in `command --version` that looks like a version; some say it for -V, mke2fs on stderr."""
    flag = "-V" if command in ("mke2fs", "spin") else "--version"
    said = subprocess.run([command, flag], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          check=False)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found.group() if found else ""


def numbers(version: str) -> tuple:
    return tuple(int(part) for part in version.split("."))


def judge(probe: str, least: str) -> tuple:
    """(good, what was found) for one line of the list."""
    if probe.startswith("/"):
        found = sorted(glob.glob(probe))
        return bool(found), found[0] if found else "missing"
    if not shutil.which(probe):
        return False, "missing"
    version = version_of(probe)
    if not version:
        return False, "tells no version"
    return numbers(version) >= numbers(least), version


def main() -> int:
    quiet = "--quiet" in sys.argv
    wanted_for = [""] + [word for word in sys.argv[1:] if word != "--quiet"]
    cures = []
    for line in PACKAGES.read_text().splitlines():
        package, probe, least, *only = line.split("#")[0].split() or ("", "", "")
        if not package or (quiet and "".join(only) not in wanted_for):
            continue
        good, found = judge(probe, least)
        if "".join(only) not in wanted_for:
            print(f"{'ok  ' if good else 'none'} {package:26} {least:>5}  {found}  (only for {only[0]})")
            continue
        if not good:
            wanted = "" if least == "-" else f" (at least {least})"
            cures.append(f"  {probe}{wanted}: {found}; Debian package {package}")
        if not quiet:
            print(f"{'ok  ' if good else 'BAD '} {package:26} {least:>5}  {found}")
    if cures:
        doctor = " ".join(["./kine doctor", *wanted_for[1:]])
        print("Kine needs:", *cures, f"Cure: {doctor} installs what is missing with apt;"
              " what is too old needs a newer release (Debian 12 has all).", sep="\n")
    return 1 if cures else 0


if __name__ == "__main__":
    sys.exit(main())
