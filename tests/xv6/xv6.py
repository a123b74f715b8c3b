#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""xv6.py TEST [ARGUMENTS]: the xv6 kit as a course meets it. Each function is a test."""
import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
from harness import Result, audited, kine, report  # noqa: E402

PROGRAMS = ("xmemory", "xprocess", "xfile", "xname", "xcow")
# The names of the article that started the project, of which each is a test here.
ARTICLE = """execout copyin copyout copyinstr1 copyinstr2 copyinstr3 rwsbrk truncate1 truncate2 truncate3 reparent2 pgbug
    sbrkbugs badarg reparent twochildren forkfork forkforkfork argptest createdelete linkunlink linktest unlinkread concreate
    subdir fourfiles sharedfd dirtest exectest bigargtest bigwrite bsstest sbrkbasic sbrkmuch kernmem sbrkfail sbrkarg
    validatetest stacktest opentest writetest writebig createtest openiput exitiput iput mem pipe1 preempt exitwait rmdot
    fourteen bigfile dirfile iref forktest bigdir simple three file""".split()


def check_tests(result: Result, times: int) -> None:
    """Each program's plan, as many results, none bad; and every name of the article TIMES times."""
    lines = result.out.splitlines()
    planned = sum(int(line[3:]) for line in lines if re.fullmatch(r"1\.\.\d+", line))
    good = [match[1] for line in lines if (match := re.fullmatch(r"ok \d+ - (\S+) # [\d.]+ s", line))]
    result.expect(not any(line.startswith("not ok") for line in lines), "a test failed")
    result.expect(planned == len(good) > 0, f"{planned} tests planned, {len(good)} good")
    for name in ARTICLE:
        result.expect(good.count(name) >= times, f"{name}: {good.count(name)} times")


def twice(harts: str) -> None:
    """All tests, and again: the second time leaves everything as it was; the first, but for tables that stay."""
    everything = " && ".join(PROGRAMS)
    command = f"xcount; {everything} || exit 1; xcount; {everything} || exit 2; xcount"
    result = kine("--xv6", "--harts", harts, "--mem", "128M", "-c", audited(command)).expect_status(0)
    check_tests(result, 2)
    counts = re.findall(r"^count: (\d+) pages (\d+) blocks (\d+) inodes$", result.out, re.MULTILINE)
    result.expect(len(counts) == 3 and counts[1] == counts[2], f"the same before and after: {counts}")
    first, after = (tuple(map(int, count)) for count in counts[:2])
    result.expect(first[1:] == after[1:] and first[0] - after[0] <= 8, f"the first time: {counts}")
    print(result.out)
