"""python -m tests.diff [--list-differences] [--count] [--limit N] [--random N | --history N] [--seed S] [FILE ...]: run statement files and say what differs."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.diff.compare import read_known
from tests.diff.generated import statements
from tests.diff.histories import history
from tests.diff.runner import both
from tests.diff.statements import files, generated, read


def main() -> int:
    """Run the files named by the arguments, all by default; the exit status is 1 if something differs that is not known."""
    parser = argparse.ArgumentParser(prog="python -m tests.diff", description=__doc__)
    parser.add_argument("--count", action="store_true", help="print the number of statements and stop")
    parser.add_argument("--list-differences", action="store_true", help="print every difference, known ones too")
    parser.add_argument("--limit", type=int, default=5, help="differences to print for a file")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="run N generated queries instead of files")
    parser.add_argument("--history", type=int, default=0, metavar="N", help="run a random history of N statements")
    parser.add_argument("--seed", type=int, default=1, help="of what is generated")
    parser.add_argument("names", nargs="*", metavar="FILE", help="names of statement files, without .sql")
    options = parser.parse_args()
    chosen = [read(path) for path in files() if not options.names or path.stem in options.names]
    if options.random:
        chosen = [generated(f"seed {options.seed}", statements(options.seed, options.random))]
    if options.history:
        chosen = [generated(f"history {options.seed}", history(options.seed, options.history))]
    counts = {source.name: sum(not statement.let for statement in source.statements) for source in chosen}
    if options.count:
        for name, count in counts.items():
            print(f"{count:6} {name}")
        print(f"{sum(counts.values()):6} statements")
        return 0
    known = read_known()
    total: Counter[str] = Counter()
    with both() as pair:
        for source in chosen:
            printed = 0
            tally: Counter[str] = Counter()
            for difference in pair.run(source):
                is_known = any(entry.covers(difference) for entry in known)
                tally["known" if is_known else difference.aspect] += 1
                if options.list_differences or (not is_known and printed < options.limit):
                    print(difference, flush=True)
                    printed += 1
            total += tally
            print(f"{source.name}: {counts[source.name]} statements, {dict(tally) or 'no difference'}", flush=True)
    print(f"{sum(counts.values())} statements, {dict(total) or 'no difference'}")
    return int(any(aspect != "known" for aspect in total))


if __name__ == "__main__":
    sys.exit(main())
