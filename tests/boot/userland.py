#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""userland.py TEST: the shell, the small programs and their library, in one boot for each theme."""
import pathlib
import shlex
import sys
import tempfile

from harness import Failure, kine, report


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


if __name__ == "__main__":
    sys.exit(report(" ".join(sys.argv[1:]), globals()[sys.argv[1]], *sys.argv[2:]))
