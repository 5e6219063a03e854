"""How often the platform is right on footage whose truth is known, one table for all subjects.

    python benchmarks/accuracy.py                 # everything
    python benchmarks/accuracy.py shots copies    # only these subjects, in this order

Needs the ``dev`` extra. Each subject is a module of benchmarks/accuracy_rows, which says how its footage and its truth are made.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil

import accuracy_rows


def main() -> None:
    subjects = [module.name for module in pkgutil.iter_modules(accuracy_rows.__path__)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", nargs="*", choices=[*subjects, []], help="which subjects; all where none is given")
    chosen = parser.parse_args().subjects or subjects
    print("| what | right | beside it | reference | target |\n| --- | --- | --- | --- | --- |")
    for subject in chosen:
        for row in importlib.import_module(f"accuracy_rows.{subject}").rows():
            print(row.line(), flush=True)


if __name__ == "__main__":
    main()
