#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks a model with Spin: every state within its bounds is visited, and none may be wrong.

usage: check.py [--mutants NAME,NAME...|all] [--memory MIB] [--depth STEPS]
                DIRECTORY COMPILER MODEL.pml [-DBOUND=N ...]

Makes the checker in DIRECTORY with the C compiler, and prints what Spin counted. With --mutants, the model is
checked once for each, with -DMUTANT_NAME besides, and must be found wrong each time. Exit status 0: all as it
should be. A search that was not complete (depth, memory) is a failure like an error.

A model may be in several files: MODEL.pml includes MODEL_*.pml. The comment at its head may say within which
bounds each mutant is found wrong, in lines of the form `//   NAME   -DBOUND=N ...`; then there must be a line
for each."""
import argparse
import pathlib
import re
import subprocess
import sys

SECONDS_MOST = 3000
COMPLETE = "Full statespace search for:"
CUT_SHORT = ("max search depth too small", "out of memory", "MEMLIM", "Search not completed", "aborting",
             "hash array", "VECTORSZ")


def run(command: list, directory: pathlib.Path, may_fail: bool = False) -> str:
    """What the command says; one that must not fail ends everything when it does."""
    done = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS_MOST, check=False)
    if done.returncode and not may_fail:
        sys.exit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def texts(model: pathlib.Path) -> dict:
    """The files of the model, by path."""
    files = [model, *sorted(model.parent.glob(f"{model.stem}_*.pml"))]
    return {file: file.read_text(encoding="utf-8") for file in files}


def search(args: argparse.Namespace, name: str, defines: list, optimize: str) -> str:
    """Makes the checker for these bounds and lets it search. Its report."""
    directory = args.directory / name
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.trail"):
        old.unlink()
    for file, text in texts(args.model).items():
        (directory / file.name).write_text(text, encoding="utf-8")
    run(["spin", "-a", *defines, args.model.name], directory)
    # Spin takes a local step to be independent of other processes; with a provided clause it is not.
    reduction = ["-DNOREDUCE"] if any(" provided (" in text for text in texts(args.model).values()) else []
    run([args.compiler, optimize, *reduction, "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=4096",
         f"-DMEMLIM={args.memory}", "-o", "pan", "pan.c"], directory)
    return run(["./pan", f"-m{args.depth}", "-w22"], directory, may_fail=True)


def number(report: str, pattern: str) -> float:
    """The number in the first match of the pattern."""
    match = re.search(pattern, report)
    if not match:
        sys.exit(f"no '{pattern}' in what Spin says:\n{report}")
    return float(match.group(1))


def states(report: str) -> str:
    """How many states there were, and how many steps the longest way had."""
    return (f"{number(report, '([0-9]+) states, stored'):.0f} states, "
            f"depth {number(report, 'depth reached ([0-9]+)'):.0f}")


def first_error(report: str) -> str:
    """What was wrong, in Spin's words; empty when nothing was."""
    match = re.search(r"^pan:\d+: (.*)$", report, re.MULTILINE)
    return match.group(1)[:60] if match else ""


def check(args: argparse.Namespace) -> bool:
    """The model as it is: no error, and the whole space of states was seen."""
    report = search(args, "right", args.defines, "-O1")
    errors = int(number(report, r"errors: (\d+)"))
    cut_short = [words for words in CUT_SHORT if words in report]
    print(f"{args.model.name} {' '.join(args.defines)}: {states(report)}, "
          f"{number(report, '([0-9.]+).total actual memory'):.0f} MiB, "
          f"{number(report, 'elapsed time ([0-9.]+)'):.1f} s, {errors} errors")
    if errors:
        print(f"WRONG: {first_error(report)}\nThe way there: cd {args.directory}/right && "
              f"spin -t -p -g {' '.join(args.defines)} {args.model.name}")
    if cut_short or COMPLETE not in report:
        print(f"NOT COMPLETE: {cut_short}\n{report}")
    return not errors and not cut_short and COMPLETE in report


def mutants_of(model: pathlib.Path) -> dict:
    """Each mutant of the model and the bounds in which it is found wrong, as the comment at its head says."""
    whole = "\n".join(texts(model).values())
    used = set(re.findall(r"\bMUTANT_([A-Z][A-Z_]*)", whole))
    bounds = {name: flags.split() for name, flags in
              re.findall(r"^//   ([A-Z][A-Z_]+)((?: +-D\w+(?:=\d+)?)+)$", whole, re.MULTILINE)}
    if bounds and set(bounds) != used:
        sys.exit(f"{model.name}: not both listed and used: {' '.join(sorted(set(bounds) ^ used))}")
    return bounds or {name: [] for name in used}


def check_mutant(args: argparse.Namespace, name: str, bounds: list) -> bool:
    """The model with one step broken: Spin must say so, in an assertion or because nobody can go on.

    That is found early, so the time to make the checker counts: it is not optimized."""
    report = search(args, name, [*args.defines, *bounds, f"-DMUTANT_{name}"], "-O0")
    error = first_error(report)
    said_so = error.startswith(("assertion violated", "invalid end state"))
    caught = number(report, r"errors: (\d+)") > 0 and said_so
    print(f"{args.model.name} MUTANT_{name} {' '.join([*args.defines, *bounds])}: "
          f"{'caught: ' if caught else 'NOT CAUGHT '}{error}, {states(report)}", flush=True)
    return caught


def main() -> int:
    """Parses arguments."""
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--mutants", default="")
    parser.add_argument("--memory", type=int, default=1024)
    parser.add_argument("--depth", type=int, default=3_000_000)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("compiler")
    parser.add_argument("model", type=pathlib.Path)
    args, args.defines = parser.parse_known_args()
    mutants = [name for name in args.mutants.split(",") if name]
    known = mutants_of(args.model) if mutants else {}
    if mutants == ["all"]:
        mutants = sorted(known)
    for name in mutants:
        if name not in known:
            sys.exit(f"{args.model.name} knows no mutant {name}")
    results = [check_mutant(args, name, known[name]) for name in mutants] or [check(args)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
