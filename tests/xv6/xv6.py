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
ARTICLE = """
    execout copyin copyout copyinstr1 copyinstr2 copyinstr3 rwsbrk truncate1 truncate2 truncate3
    reparent2 pgbug sbrkbugs badarg reparent twochildren forkfork forkforkfork argptest createdelete
    linkunlink linktest unlinkread concreate subdir fourfiles sharedfd dirtest exectest bigargtest
    bigwrite bsstest sbrkbasic sbrkmuch kernmem sbrkfail sbrkarg validatetest stacktest opentest
    writetest writebig createtest openiput exitiput iput mem pipe1 preempt exitwait rmdot fourteen
    bigfile dirfile iref forktest bigdir simple three file
""".split()


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


def one_step() -> None:
    """./kine run --xv6 FILE.c,FILE.c: compiled and there, under the names of the files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("first", "1"), ("second", "2")):
            pathlib.Path(folder, name + ".c").write_text(
                '#include "kernel/types.h"\n#include "user/user.h"\n'
                f'int main(int argc, char *argv[]) {{ printf("%s {text} %d\\n", argv[0], argc); exit({text}); }}\n',
                encoding="ascii")
        files = f"{folder}/first.c,{folder}/second.c"
        result = kine("--xv6", files, "-c", "first; second a b").expect_status(2)
        result.expect(result.out == "first 1 1\nsecond 2 3\n", "what the two programs say")
        pathlib.Path(folder, "broken.c").write_text("int main( {", encoding="ascii")
        result = kine("--xv6", f"{folder}/broken.c", "-c", "true")
        result.expect(result.status == 1 and "broken.c" in result.err, "a program that cannot be compiled is named")


OLD = r"""
#include "types.h"
#include "stat.h"
#include "user.h"
// Written long ago: implicit int and functions, %l and %p of integers, a function of the library's name.
static pid;
int sleep(int x) { return x + 1; }
main(argc, argv) int argc; char **argv;
{
  uint64 big = 12345678901;
  pid = fork();
  if(pid == 0) { unused(big); exit(-7); }
  int st;
  wait(&st);
  printf("%d %l %x %s%d|%c%% %p\n", st, big, 255, "old", sleep(41), 'c', big);
  printf("%lu %lx %lld %u %q\n", big, big, -big, -1);
  fprintf(2, "%s\n", (char*)0);
}
int unused(x) uint64 x; { if(x == 5) return; }
"""


def old_code() -> None:
    """Warnings stop nobody, main may return, and a program may have names of its own."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "old.c").write_text(OLD, encoding="ascii")
        result = kine("--xv6", f"{folder}/old.c", "-c", "old > /out; cat /out; exit 0").expect_status(0)
        result.expect("-7 12345678901 ff old42|c% 0x00000002dfdc1c35\n" in result.out, "printf and wait")
        result.expect("12345678901 2dfdc1c35 -12345678901 4294967295 %q\n" in result.out, "printf of 64 bits")
        result.expect("(null)" in result.out, "no text")
        result.expect(result.err == "", "no warning")


def programs() -> None:
    """The programs of user/xv6/bin, by Kine's shell."""
    commands = """mkdir /d; mkdir /d/e; /echo hello world > /d/f; ln /d/f /d/e/f
        primes; find /d f; ls /d; wc /d/f
        cat /d/f | grep 'w.*ld$'; grep '^x' /d/f || /echo none; find /d f | xargs wc
        rm /d/e/f /d/e; rm /d 2> /out; cat /out"""
    result = kine("--xv6", "-c", "; ".join(line.strip() for line in commands.splitlines())).expect_status(0)
    found = [line.rstrip() for line in result.out.splitlines()]
    primes = [f"prime {number}" for number in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31)]
    result.expect(found[:len(primes)] == primes, "primes")
    rest, names = found[len(primes):], ["/d/e/f", "/d/f"]
    listing = [tuple(line.split()[:2]) for line in rest[2:6]]
    result.expect(rest[:2] == names and listing == [(".", "1"), ("..", "1"), ("e", "1"), ("f", "2")], "find and ls")
    result.expect(re.fullmatch(r"f {14}2 \d+ 12", rest[5]) is not None, "name, type, inode and size of a file")
    counts = [f"1 2 12 {name}" for name in names]
    result.expect(rest[6:] == [counts[1], "hello world", "none", *counts, "rm: /d: failed"], "wc, grep, xargs and rm")


SCRIPT = """echo one two > a; cat < a | wc; echo three >> a
cat a | grep t | wc ; (echo x; echo y) | cat > b ; cat b
cd d
pwd ; echo here > h; cat ../a h | grep e | cat | cat
sleeps & echo ok
nosuch ; echo after ; cat nowhere
cd /
rm a b d/h ; ls d
"""


def shell() -> None:
    """The shell in xv6's dialect, reading a file of commands."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "script").write_text(SCRIPT, encoding="ascii")
        result = kine("--xv6", "--with", f"{folder}/script:/", "-c", "mkdir /d; /sh /script").expect_status(0)
    lines = result.out.splitlines()
    for line in ("1 2 8 ", "2 3 14 ", "x", "y", "one two", "three", "here", "ok", "sh: nosuch", "after",
                 "cat: nowhere: cannot open"):
        result.expect(line in lines, f"a line {line!r}")
    result.expect(not any(line.startswith("h ") for line in lines), "what was removed is gone")


def stress(harts: str, seconds: str) -> None:
    """Random operations by several processes; the books are exact, and nothing is lost."""
    command = audited(f"xcount; xstress 1 4; xcount; xstress {seconds} 5 {harts} || exit 1; xcount")
    patience = ("--deadline", 2 * int(seconds) + 100, "--wall", 4 * int(seconds) + 500)
    result = kine("--xv6", "--harts", harts, *patience, "-c", command).expect_status(0)
    counts = re.findall(r"count: (\d+) pages (.*)", result.out)
    result.expect(len(counts) == 3 and counts[1][1] == counts[2][1] and "exact" in result.out, f"{counts}")
    result.expect(int(counts[1][0]) - int(counts[2][0]) <= 8, f"pages: {counts}")


if __name__ == "__main__":
    tests = {test.__name__: test for test in (twice, one_step, old_code, programs, shell, stress)}
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(report(" ".join(sys.argv[1:]), tests[sys.argv[1]], *sys.argv[2:]))
