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


if __name__ == "__main__":
    sys.exit(report(" ".join(sys.argv[1:]), globals()[sys.argv[1]], *sys.argv[2:]))
