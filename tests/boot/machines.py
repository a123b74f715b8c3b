#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Machines other than `./kine run` has them, and on each the programs that would notice.

usage: machines.py MACHINE        all programs on one machine
       machines.py --share I/N    each N-th pair of machine and program, from the I-th on; I may be `commit`:
                                  then by the commit that is checked out
The lines `"NAME": ...` below are read by tests/CMakeLists.txt as well."""
import sys

from guest import guest
from harness import audited, kine, report, share

# What looks at fork, at page faults of all kinds, at time, at harts that wait for each other, and at devices.
PROGRAMS = ("t_fork", "t_cow", "t_mmap", "t_stack", "t_futex", "t_pipe", "t_fs", "t_wait", "t_time", "threadstress", "soak")
ALONE = ("soak",)  # prints no KTAP
# What does not fit: a test that holds more than there is, or the RAM disk of t_time, which runs under --icount.
LARGE = {"16M": ("t_cow", "t_mmap", "t_time")}
MACHINES = {
    "no-sstc": ("--cpu", "rv64,sstc=off"),  # the timer is SBI's
    "vector": ("--cpu", "rv64,v=true,vext_spec=v1.0"),  # registers that Kine does not keep, so they stay off
    "later": ("--cpu", "rv64,svinval=true,svnapot=true,svpbmt=true,zkr=true"),  # page-table bits with a meaning
    "u54": ("--cpu", "sifive-u54"),  # RV64GC and nothing else: no sstc, no hypervisor, an old privileged spec
    "harts-2": ("--harts", "2"),
    "harts-7": ("--harts", "7"),
    "harts-16": ("--harts", "16"),
    "harts-32": ("--harts", "32"),
    "mem-16M": ("--mem", "16M"),
    "mem-49M": ("--mem", "49M"),  # ends within a block of 2 MiB
    "mem-3G": ("--mem", "3G"),  # ends beyond 32 bits
    "mem-8G": ("--mem", "8G"),
}


def pairs(machines) -> list:
    return [(machine, program) for machine in machines for program in PROGRAMS
            if program not in LARGE.get(machine.removeprefix("mem-"), ())]


def run(chosen: list) -> None:
    for machine, program in chosen:
        options = [*MACHINES[machine], *(["--icount"] if program == "t_time" else [])]
        print(program, *options, flush=True)
        if program in ALONE:
            kine(*options, "-c", audited(f"/test/{program}")).expect_status(0)
        else:
            guest(f"/test/{program}", *options)


def main() -> int:
    chosen = pairs(sys.argv[1:]) if sys.argv[1] != "--share" else pairs(MACHINES)
    if sys.argv[1] == "--share":
        chosen = share(chosen, sys.argv[2])
    return report(" ".join(sys.argv[1:]), run, chosen)


if __name__ == "__main__":
    sys.exit(main())
