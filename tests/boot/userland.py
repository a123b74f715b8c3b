#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""userland.py TEST: the shell, the small programs and their library, in one boot for each theme."""
import pathlib
import shlex
import subprocess
import sys
import tempfile

from harness import BUILD, TOP, Failure, kine, report


def says(*cases: tuple) -> None:
    """Each case is a script for a shell of its own, and what it prints, errors too, with its status behind."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "script")
        script.write_text("".join(f"sh -c {shlex.quote(text)} 2>&1; echo \"status $?\"; echo ----\n" for text, _ in cases),
                          encoding="utf-8")
        result = kine("--with", f"{script}:/script", "-c", "sh /script").expect_status(0)
    said = result.out.split("----\n")[:-1]
    result.expect(len(said) == len(cases), "as many answers as questions")
    wrong = [f"{text}\n  said {answer!r}\n  not  {expected!r}" for (text, expected), answer in zip(cases, said)
             if answer.split() != expected.split()]
    if wrong:
        raise Failure("\n".join(wrong))


def shell_children() -> None:
    """Numbers of children come again; what an old child said is not what the new one says."""
    says(("sleep 9 & wait 7777; echo $?; kill $!", "127 status 0"),
         ("wait x", "sh: wait: x: not a process number status 2"),
         ("(exit 3) & sleep 1; sleep 0; wait $!; echo $?; wait $!", "3 status 127"),
         ("(exit 9) & old=$!; sleep 1; i=0; while [ $i -lt 8300 ]; do (exit 5); [ $? = 5 ] || exit; i=$((i+1)); done;"
          "wait $old", "status 127"))


def shell_language() -> None:
    """What the shell does not have it says, and what it has means what it means elsewhere."""
    loops = "for i in 1 2; do for j in a b; do echo $i$j; %s; done; echo end; done; echo after"
    says((loops % "break 2", "1a after status 0"), (loops % "continue 2", "1a 2a after status 0"),
         (loops % "break 9", "1a after status 0"), (loops % "break", "1a end 2a end after status 0"),
         (loops % "eval break; echo no", "1a end 2a end after status 0"),
         ("while break; do :; done; echo x", "x status 0"),
         ("i=0; while i=$((i+1)); [ $i = 2 ] && continue; [ $i -lt 4 ]; do echo $i; done; echo x", "1 3 x status 0"),
         ("i=0; while i=$((i+1)); [ $i -lt 5 ] || break; do [ $i = 3 ] && continue; echo $i; done; echo x",
          "1 2 4 x status 0"),
         ("for i in 1; do break 0; echo on; done", "sh: break: 0 loops? on status 0"),
         ("break; echo x", "sh: break: not in a loop x status 0"),
         ("echo lost >&nosuchfile; echo $?", "sh: nosuchfile: Bad file descriptor 1 status 0"),
         ("echo lost >&77; echo $?; echo kept >&1", "sh: 77: Bad file descriptor 1 kept status 0"),
         ("x=$((1/0)); echo no", "sh: arithmetic: 1/0 status 2"), ("f=a.c; echo ${f%.c}", "sh: bad substitution: ${f%.c} status 2"),
         ("echo ${f:?}", "sh: bad substitution: ${f:?} status 2"), ("echo ${}", "sh: bad substitution: ${} status 2"),
         ("echo ${#f%x}", "sh: bad substitution: ${#f%x} status 2"), ("(echo ${f/a/b}); echo $?",
                                                                      "sh: bad substitution: ${f/a/b} 2 status 0"),
         ("f=ab; echo ${f} ${#f} ${f:-x} ${g-y} ${g:=z} $g ${f:+w} ${#} ${1-none} ${?}", "ab 2 ab y z z w 0 none 0 status 0"),
         ("sh -i -c 'for i in ${x^}; do :; done; echo $?; echo no >${y,}; echo $?; z=${y,} true; echo $?'",
          "sh: bad substitution: ${x^} 2 sh: bad substitution: ${y,} 1 sh: bad substitution: ${y,} 2 status 0"),
         ("echo `ls`", "sh: line 1: syntax error: there are no backquotes here: $(command) is the same status 2"),
         ('echo "a`ls`"', "sh: line 1: syntax error: there are no backquotes here: $(command) is the same status 2"),
         ("echo '`' \\` \"\\`\"", "` ` ` status 0"),
         ('x=!; [ "$x" = y ]', "status 1"), ('[ ! = ! ] && [ ! x = y ] && [ ! "" ]', "status 0"),
         ("echo a b | read -p x", "sh: read: -p: bad name status 2"))


def lost_output() -> None:
    """What cannot be written is an error of whoever wrote it, whether at once, at the end of a line or when it ends.

    A descriptor that is only for reading fails as a full disk does."""
    programs = ("ls -l /bin", "wc /etc/motd", "head /etc/motd", "tail /etc/motd", "sort /etc/motd", "uniq /etc/motd",
                "find /bin", "seq 1 5000", "seq 1 2", "/bin/echo x", "hexdump /etc/motd", "ps", "free", "date", "pwd", "uname")
    says(*((f"{program} 1</etc/motd", f"{pathlib.Path(program.split()[0]).name}: standard output: Bad file descriptor status "
            f"{2 if program.startswith('sort') else 1}") for program in programs),
         ("grep Kine /etc/motd >&-", "grep: standard output: Bad file descriptor status 2"),
         ("tee /tmp/t < /etc/motd 1</etc/motd", "tee: standard output: Bad file descriptor status 1"),
         ("echo a; echo b 1</etc/motd; echo $?; export 1</etc/motd; echo $?", "a sh: echo: Bad file descriptor 1 "
          "sh: export: Bad file descriptor 1 status 0"),
         ("echo x | { cat >/dev/null; echo b; } 1</etc/motd", "sh: echo: Bad file descriptor status 1"))


def lost_input() -> None:
    """A file that cannot be read to its end, here a directory, is no empty file."""
    cases = [(f"{program} /bin", f"{program}: /bin: Is a directory status {status}")
             for program, status in (("head", 1), ("tail", 1), ("sort", 2), ("uniq", 1), ("grep x", 2), ("cat", 1))]
    says(*((script, said.replace("grep x", "grep")) for script, said in cases),
         ("wc /bin", "0 0 0 /bin wc: /bin: Is a directory status 1"),
         ("hexdump /bin", "00000000 hexdump: /bin: Is a directory status 1"),
         ("cmp /etc/motd /bin", "cmp: /bin: Is a directory status 2"),
         ("cmp /bin /bin", "cmp: /bin: Is a directory status 2"),
         ("sort < /bin", "sort: standard input: Is a directory status 2"),
         ("tee < /bin", "tee: standard input: Is a directory status 1"))


LIBRARY = r"""
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#define CHECK(what) if (!(what)) printf("%s: errno %d\n", #what, errno)
int main(void)
{
    char text[64], *line = malloc(16), *behind = malloc(16); // one behind the other
    size_t capacity = 0;
    time_t now = 1700000000;
    CHECK(strftime(text, sizeof text, "%H:%M:%S %q%%", gmtime(&now)) && !strcmp(text, "22:13:20 %q%"));
    CHECK(!fopen("/etc/motd", "r+") && errno == EINVAL);
    CHECK(!fopen("/etc/motd", "") && errno == EINVAL);
    CHECK(!fopen("/tmp/new", "w+") && errno == EINVAL && !fopen("/tmp/new", "r"));
    CHECK(fopen("/etc/motd", "rb"));
    errno = 0;
    CHECK(!calloc(1UL << 33, 1UL << 33) && errno == ENOMEM);
    strcpy(behind, "untouched");
    CHECK(getline(&line, &capacity, fopen("/etc/motd", "r")) == 57 && strlen(line) == 57 && capacity > 57);
    CHECK(!strcmp(behind, "untouched"));
    CHECK(setenv("a=b", "c", 1) == -1 && errno == EINVAL && setenv("", "c", 1) == -1 && unsetenv("a=b") == -1);
    CHECK(setenv("a", "b=c", 1) == 0 && !strcmp(getenv("a"), "b=c") && unsetenv("a") == 0 && !getenv("a"));
    puts("done");
}
"""


def library() -> None:
    """The C library where callers make mistakes."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder, "library.c"), pathlib.Path(folder, "library")
        source.write_text(LIBRARY, encoding="ascii")
        headers = subprocess.run(["clang", "-print-file-name=include"], capture_output=True, text=True, check=True).stdout
        subprocess.run(["clang", "--target=riscv64-unknown-elf", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-mno-relax",
                        "-nostdinc", "-isystem", headers.strip(), f"-I{TOP}/user/libc/include", f"-I{TOP}/lib", source,
                        f"{BUILD}/user/libkine_libc.a", "-fuse-ld=lld", "-nostdlib", "-static", "-o", program], check=True)
        result = kine("--with", program, "-c", "library").expect_status(0)
        result.expect(result.out == "done\n", "nothing to complain about")
    says(("cd /tmp; cp /bin/pwd own; PATH=/bin:; own; PATH=; own; PATH=::/bin own; PATH=/bin own",
          "/tmp /tmp /tmp sh: own: not found status 127"),
         ("env =x", "env: : Invalid argument status 125"))


if __name__ == "__main__":
    sys.exit(report(" ".join(sys.argv[1:]), globals()[sys.argv[1]], *sys.argv[2:]))
