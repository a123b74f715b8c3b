# SPDX-License-Identifier: MIT
"""What the boot tests share: run the machine, look at what came back, say how to see it again.

A test is a function; it fails by raising Failure. The boot under test comes from tools/run.py alone, so
that every failing command line can be repeated by hand with ./kine run."""
import argparse
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time
from typing import NamedTuple

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = os.environ.get("KINE_BUILD", str(TOP / "build" / "debug"))
PANIC, HANG, WALL = 101, 102, 103


class Failure(Exception):
    """A test's verdict: no."""


class Result(NamedTuple):
    status: int
    out: str
    err: str
    again: str

    def expect(self, condition: bool, why: str) -> None:
        if not condition:
            raise Failure(f"{why}\nstatus {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}\n"
                          f"--- again: {self.again}")

    def expect_status(self, status: int) -> "Result":
        self.expect(self.status == status, f"status {status} was expected")
        return self


def with_shadow(words: list) -> list:
    """Where every eighth byte tells of the others (preset kasan): as much memory as the test wants, and that."""
    if pathlib.Path(BUILD).name != "kasan":
        return words
    options = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--mem", default="128M")
    size = options.parse_known_args(words)[0].mem  # the last that is said, as tools/run.py has it
    kib = int(size[:-1]) << {"K": 0, "M": 10, "G": 20}[size[-1]]
    return [*words, "--mem", f"{kib + kib // 4 + 2048}K"]


def kine(*arguments: str, keyboard: str = None) -> Result:
    """`kine run ARGUMENTS`; KEYBOARD is typed where there is no -c. KINE_OPTIONS in the environment has the last word."""
    words = with_shadow([*map(str, arguments), *os.environ.get("KINE_OPTIONS", "").split()]) + (["--deadline", "120"] if keyboard else [])
    done = subprocess.run([sys.executable, str(TOP / "tools" / "run.py"), "run", "--build", BUILD, "--wall", "500",
                           *words], input=(keyboard or "").encode(), capture_output=True, check=False)
    preset = pathlib.Path(BUILD).name
    again = shlex.join(["./kine", "run", *([] if preset == "debug" else ["--preset", preset]), *words])
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), again)


def share(items: list, which: str) -> list:
    """Each N-th of them from the I-th on, for "I/N"; I may be `commit`: by the commit that is checked out."""
    if not re.fullmatch("(commit|[0-9]+)/0*[1-9][0-9]*", which):
        sys.exit(f"--share {which}: I/N was expected, as 2/10")
    first, of = which.split("/")
    if first == "commit":
        done = subprocess.run(("git", "rev-parse", "HEAD"), cwd=TOP, capture_output=True, text=True, check=False)
        first = int(done.stdout[:8] or "0", 16)
    return items[int(first) % int(of)::int(of)]


class Dialogue:
    """A person at the terminal: waits for text before typing on, never for time."""

    def __init__(self, *arguments: str):
        self.machine = subprocess.Popen([sys.executable, str(TOP / "tools" / "run.py"), "run", "--build", BUILD,
                                         "--deadline", "120", *with_shadow([*arguments])], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.seen, self.unread = "", ""

    def __enter__(self) -> "Dialogue":
        return self

    def __exit__(self, *_) -> None:
        self.machine.terminate()
        self.machine.wait()

    def type(self, text: str) -> "Dialogue":
        self.machine.stdin.write(text.encode())
        self.machine.stdin.flush()
        return self

    def wait(self, text: str) -> "Dialogue":
        """Read up to TEXT; a machine that ends or a test that times out has failed."""
        while text not in self.unread:
            data = os.read(self.machine.stdout.fileno(), 4096)
            if not data:
                raise Failure(f"the machine ended; {text!r} did not come\n{self.seen}")
            self.seen += data.decode(errors="replace")
            self.unread += data.decode(errors="replace")
        self.unread = self.unread.split(text, 1)[1]
        return self

    def stand_still(self, seconds: int) -> None:
        """The whole machine stops, as on a host that is suspended; its clock goes on."""
        runner = self.machine.pid
        (emulator,) = pathlib.Path(f"/proc/{runner}/task/{runner}/children").read_text(encoding="ascii").split()
        os.kill(int(emulator), signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(int(emulator), signal.SIGCONT)

    def ends(self, status: int) -> None:
        self.machine.stdin.close()
        while data := os.read(self.machine.stdout.fileno(), 4096):
            self.seen += data.decode(errors="replace")
        if self.machine.wait() != status:
            raise Failure(f"status {self.machine.returncode}\n{self.seen}")


def audited(command: str) -> str:
    """COMMAND, then the audit; 99 says that the audit found the books wrong."""
    return f"{command}; s=$?; audit || exit 99; exit $s"


def check_ktap(result: Result, may_skip: str = "") -> None:
    """A plan, as many results as it says, none of them `not ok`; and skipped only what has such a name."""
    lines = [line.strip() for line in result.out.splitlines()]
    plans = [int(line[3:]) for line in lines if line.startswith("1..") and line[3:].isdigit()]
    good = sum(line.startswith("ok ") for line in lines)
    result.expect(not any(line.startswith("not ok") for line in lines), "a test in the guest failed")
    skipped = [line for line in lines if " # SKIP" in line]
    result.expect(all(re.fullmatch(rf"ok \d+ - ({may_skip}) # SKIP.*", line) for line in skipped),
                  "a test in the guest was skipped")
    result.expect(len(plans) == 1 and good == plans[0], f"KTAP: plan {plans}, but {good} ok")


def report(name: str, test, *arguments) -> int:
    """Run one test, print its verdict, return the exit status for ctest."""
    try:
        test(*arguments)
    except Failure as failure:
        print(f"FAIL {name}: {failure}")
        return 1
    print(f"pass {name}")
    return 0
