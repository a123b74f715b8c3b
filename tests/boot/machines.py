#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Machines other than `./kine run` has them, and on each every guest test of the default suite.

usage: machines.py MACHINE        all tests on one machine
       machines.py --share I/N    each N-th pair of machine and test, from the I-th on; I may be `commit`:
                                  then by the commit that is checked out
The lines `"NAME": ...` below are read by tests/CMakeLists.txt as well."""
import json
import os
import subprocess
import sys

from harness import BUILD, Failure, report, share

TESTS = r"^guest\.[a-z_]+\.4$"
OWN_SIZE = "t_pressure|t_swap|callstress"  # they bring a size of their own, that of the machine would be no test
MACHINES = {  # what `kine run` is told, and what is left out: docs/TESTING.md says why
    "no-sstc": ("--cpu rv64,sstc=off", ""),  # the timer is SBI's
    "vector": ("--cpu rv64,v=true,vext_spec=v1.0", ""),  # registers that Kine does not keep, so they stay off
    "later": ("--cpu rv64,svinval=true,svnapot=true,svpbmt=true,zkr=true", ""),  # page-table bits with a meaning
    "u54": ("--cpu sifive-u54", ""),  # RV64GC and nothing else: no sstc, no hypervisor, an old privileged spec
    "harts-1": ("--harts 1", ""),
    "harts-2": ("--harts 2", ""),
    "harts-7": ("--harts 7", ""),
    "harts-16": ("--harts 16", ""),
    "harts-32": ("--harts 32", ""),
    "mem-16M": ("--mem 16M", f"{OWN_SIZE}|t_cow|t_lend|t_mmap|t_time"),
    "mem-49M": ("--mem 49M", OWN_SIZE),  # ends within a block of 2 MiB
    "mem-3G": ("--mem 3G", OWN_SIZE),  # ends beyond 32 bits
    "mem-8G": ("--mem 8G", f"{OWN_SIZE}|cowtest"),
}


def pairs(machines) -> list:
    """(machine, test as ctest describes it)"""
    described = subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1", "-R", TESTS],
                               stdout=subprocess.PIPE, check=True).stdout
    return [(machine, test) for machine in machines for test in json.loads(described)["tests"]
            if test["name"].split(".")[1] not in MACHINES[machine][1].split("|")]


def run(chosen: list) -> None:
    if not chosen:
        raise Failure("there are no such tests")
    for machine, test in chosen:
        print(machine, test["name"], flush=True)
        world = {**os.environ, "KINE_BUILD": BUILD, "KINE_OPTIONS": MACHINES[machine][0]}
        done = subprocess.run(test["command"], env=world, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Failure(done.stdout)


def main() -> int:
    chosen = pairs(sys.argv[1:]) if sys.argv[1] != "--share" else share(pairs(MACHINES), sys.argv[2])
    return report(" ".join(sys.argv[1:]), run, chosen)


if __name__ == "__main__":
    sys.exit(main())
