#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every "rule N" in a comment says of which document, and is there: a row `| N | ...` of docs/LENDING.md.

usage: cited_rules.py [TOP]     prints file, citation and what is wrong; exit status 1 when something is"""
import pathlib
import re
import sys

DOCUMENT = "docs/LENDING.md"
SECTION = "## The rules that the code cites"
FOLDERS = ("arch", "mm", "lib", "proc", "trap", "fs", "dev", "user", "docs",
           "tests/host", "tests/model", "tests/instruments")
FAULTY = "tests/host/bad_rules"  # which has them on purpose
CITATION = re.compile(r"(?P<where>\S+ )?\b[Rr]ules? (?P<first>\d+)(?: and (?P<second>\d+))?")


def complaints(text: str, rules: set) -> list:
    """Of one file; a citation may go on in the comment's next line."""
    bad = []
    for found in CITATION.finditer(re.sub(r"\s*\n\s*(//|\*)?\s*", " ", text)):
        if not re.search(r"\bLENDING\.md\)?, $", found["where"] or ""):
            bad.append(f"{found[0]!r}: of which document? {DOCUMENT}, rule N")
        bad += [f"{DOCUMENT} has no rule {number}" for number in (found["first"], found["second"])
                if number and number not in rules]
    return bad


def main() -> int:
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    section = (top / DOCUMENT).read_text(encoding="utf-8").split(f"\n{SECTION}\n")[1].split("\n## ")[0]
    rules = set(re.findall(r"^\| (\d+) \|", section, re.MULTILINE))
    texts = {str(path.relative_to(top)): path.read_text(encoding="utf-8") for folder in FOLDERS
             for path in (top / folder).rglob("*") if path.suffix in (".c", ".h", ".S", ".pml", ".md")}
    texts = {path: text for path, text in texts.items() if path != DOCUMENT and not path.startswith(FAULTY)}
    bad = [f"{path}: {complaint}" for path, text in texts.items() for complaint in complaints(text, rules)]
    if not any(f"{DOCUMENT}, rule" in text for text in texts.values()):
        bad.append("nothing is cited: are these the sources?")
    print("\n".join(sorted(bad)), end="\n" if bad else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
