"""Run the matrix of odd inputs and print its outcomes as Markdown.

python tests/odd_inputs/report.py [WORDS OF AN ID ...] [--csv FILE] [--failures]
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only cases whose id holds one of these")
    parser.add_argument("--csv", type=Path, help="write the table here instead")
    parser.add_argument("--failures", action="store_true", help="list only what did not end as expected")
    parser.add_argument("--verbose", action="store_true", help="tell every outcome at once on stderr")
    options = parser.parse_args()
    load(HERE.parent / "conftest.py", "landfuse_tests_conftest")
    load(HERE / "conftest.py", "odd_inputs_conftest")
    from odd_inputs.case import outcome_of
    from odd_inputs.table import all_cases

    chosen = [c for c in all_cases() if not options.words or any(word in c.id for word in options.words)]
    started = time.monotonic()
    outcomes = []
    for case in chosen:
        outcomes.append(outcome_of(case))
        if options.verbose:
            print(f"{outcomes[-1].seconds:6.2f} {case.id}: {outcomes[-1].words}", file=sys.stderr, flush=True)
    seconds = time.monotonic() - started
    shown = [o for o in outcomes if not (options.failures and o.good)]
    rows = [(o.case.subject, o.case.name, str(o.case.expected), o.words, f"{o.seconds:.2f}") for o in shown]
    write(rows, options.csv)
    summary(outcomes, seconds)
    return 0 if all(o.good for o in outcomes) else 1


def write(rows, path):
    header = ("subject", "what is odd", "expected", "outcome", "seconds")
    if path:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        return
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for row in rows:
        print("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |")


def summary(outcomes, seconds):
    kinds = Counter((o.case.subject, kind_of(o)) for o in outcomes)
    print(
        f"\n{len(outcomes)} cases in {seconds:.0f} s; {sum(not o.good for o in outcomes)} not as expected.\n"
    )
    print("| subject | outcome | cases |\n|---|---|---|")
    for (subject, kind), count in sorted(kinds.items()):
        print(f"| {subject} | {kind} | {count} |")


def kind_of(outcome):
    if not outcome.good:
        return "not as expected"
    if outcome.words.startswith("skipped"):
        return "skipped"
    return "right map" if outcome.words.startswith("map of") else outcome.words.split(":")[0]


if __name__ == "__main__":
    sys.exit(main())
