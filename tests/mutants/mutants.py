#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the tests: makes each mistake of catalogue.py in a copy of the sources, and sees which test notices.

usage: mutants.py [--check | --list] [--share I/N] [NAME...]
  --check      only see that every mutant still fits the sources, changing them
  --share I/N  each N-th mutant, beginning with I; I may be `commit`: then by the commit that is checked out
NAME           C7, or C for all whose names begin so. Exit status 1: a mutant survived

First the tests of all those mutants must pass on the unchanged sources. Needs what the tests need. The copy
and its build stay in build/mutants/ for the next time."""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "boot"))
from catalogue import BY_DESIGN, MUTANTS, Mutant  # pylint: disable=wrong-import-position
from harness import TOP, share  # pylint: disable=wrong-import-position

TREE = TOP / "build" / "mutants"
WIDTH = 90  # of what a test says


class Stop(Exception):
    """Nothing can be said about mutants."""


def changed(mutant: Mutant) -> dict:
    """{file: text} of the mutant's files."""
    texts = {}
    for file, old, new in mutant.edits:
        text = texts.get(file) or (TOP / file).read_text(encoding="utf-8")
        if text.count(old) != 1 or old == new:
            raise Stop(f"{mutant.name}: {file} has {text.count(old)} times what should be there once:\n{old}")
        texts[file] = text.replace(old, new)
    return texts


def write(path: pathlib.Path, data: bytes) -> None:
    """A file that has these bytes already is left alone, and with it what was built from it."""
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def copy_sources() -> None:
    """TREE has the files of TOP, and no others but what was built."""
    keep = set()
    for source in TOP.rglob("*"):
        name = source.relative_to(TOP)
        if source.is_file() and name.parts[0] not in ("build", ".git"):
            keep.add(name)
            write(TREE / name, source.read_bytes())
            shutil.copymode(source, TREE / name)
    for old in TREE.rglob("*"):
        name = old.relative_to(TREE)
        if old.is_file() and name.parts[0] != "build" and name not in keep:
            old.unlink()


def run(*words: str) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key not in ("CI", "KINE_BUILD")}
    return subprocess.run(words, cwd=TREE, env=environment, capture_output=True, text=True, check=False)


def build() -> None:
    for step in (("cmake", "--preset", "debug"), ("cmake", "--build", "--preset", "debug")):
        done = run(*step)
        if done.returncode:
            raise Stop(f"cannot be built:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")


def need_tests(mutants: list) -> None:
    """Each test that a mutant names is there: one that is not could not pass."""
    told = json.loads(run("ctest", "--preset", "debug", "-C", "full", "--show-only=json-v1").stdout)
    there = {test["name"] for test in told["tests"]}
    missing = {test for mutant in mutants for test in mutant.tests} - there
    if missing:
        raise Stop(f"there is no test {', '.join(sorted(missing))}")


# What a failing test says, and what of it is worth a line: a host test's own words, or the function and what did not
# hold there; a guest test's words; a kernel's when it stops; the audit's; the first line of a machine's output that is
# not a test passed.
SAYINGS = (r"not ok - (?!\S+:\d+: )(?P<said>.*)", r"not ok - \S+:\d+: (?P<said>\w+: .*)", r"not ok \d+ -? ?(?P<said>.*)",
           r"panic[^:\n]*: (?P<said>.*)", r"(?P<said>audit: (?!exact).*)", r"SUMMARY: (?P<said>\w+Sanitizer: \S+) ",
           r"(?P<said>Bail out! .*)", r"--- stdout\n(?:(?!--- again).*\n)*?(?!---|KTAP|ok |1\.\.|#)(?P<said>\S.*)",
           r"FAIL (?P<said>.*(?:\nstatus .*)?)", r"Subprocess (?P<said>\w+)")


def words_of(output: str) -> str:
    for saying in SAYINGS:
        if found := re.search(saying, output):
            said = " ".join(found["said"].replace(f"{TREE}/", "").split()).replace("|", "\\|")
            return said if len(said) <= WIDTH else f"{said[:WIDTH]} ..."
    return ""


def first_failing(tests: tuple) -> tuple:
    """The first test that says no, and what it says; empty: none does."""
    for test in tests:
        pattern = f"^{test.replace('.', '[.]')}$"
        done = run("ctest", "--preset", "debug", "-C", "full", "--output-on-failure", "-R", pattern)
        if done.returncode:
            return test, words_of(done.stdout)
    return "", ""


def need_passes(mutants: list) -> None:
    """Each of their tests passes without a mutant: else it would seem to notice every one."""
    test, said = first_failing(tuple(sorted({test for mutant in mutants for test in mutant.tests})))
    if test:
        raise Stop(f"{test} fails already on the unchanged sources: {said}")


def try_mutant(mutant: Mutant) -> bool:
    """Builds it, tests it, puts everything back. Prints one row. => killed?"""
    texts = changed(mutant)
    try:
        for file, text in texts.items():
            write(TREE / file, text.encode())
        build()
        started = time.monotonic()
        test, said = first_failing(mutant.tests)
        seconds = time.monotonic() - started
    finally:
        for file in texts:
            write(TREE / file, (TOP / file).read_bytes())
    verdict = f"killed by {test}" if test else f"SURVIVED {', '.join(mutant.tests)}"
    print(f"| {mutant.name} | {mutant.mistake} | {verdict} | {said} | {seconds:.0f} s |", flush=True)
    return bool(test)


def chosen(arguments: argparse.Namespace) -> list:
    mutants = [mutant for mutant in MUTANTS
               if not arguments.names or any(mutant.name == name or (name.isalpha() and mutant.name.startswith(name))
                                             for name in arguments.names)]
    if arguments.share:
        mutants = share(mutants, arguments.share)
    if not mutants:
        raise Stop("no such mutant")
    return mutants


def main() -> int:
    parser = argparse.ArgumentParser(prog="./kine mutants", description="Tests the tests.")
    parser.add_argument("--check", action="store_true", help="only see that the mutants fit the sources")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--share", metavar="I/N", help="each N-th, from the I-th on; I may be `commit`")
    parser.add_argument("names", nargs="*", metavar="NAME", help="C7; C: all that begin so")
    arguments = parser.parse_args()
    mutants = chosen(arguments)
    if arguments.list:
        for mutant in mutants:
            print(f"{mutant.name:4} {mutant.mistake}")
        for name, why in BY_DESIGN.items():
            print(f"{name}: not tried: {why}")
        return 0
    for mutant in mutants:
        changed(mutant)
    if arguments.check:
        return 0
    copy_sources()
    build()
    need_tests(mutants)
    need_passes(mutants)
    print("| mutant | what it does wrong | verdict | what the test says | after |\n|---|---|---|---|--:|", flush=True)
    survivors = [mutant.name for mutant in mutants if not try_mutant(mutant)]
    print(f"\n{len(mutants) - len(survivors)} of {len(mutants)} killed" +
          (f"; survived: {' '.join(survivors)}" if survivors else ""))
    return 1 if survivors else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Stop as reason:
        sys.exit(f"mutants: {reason}")
