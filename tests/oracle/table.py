"""Tables of expected numbers beside the scripts that make them: written, or with --check compared."""

import argparse
import os


def parser_of(description):
    """Arguments of a script whose docstring this is."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, tell whether the table is up to date")
    return parser


def write_or_check(name, text, check):
    """The exit status of a script that has made the text of a table."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    if check:
        with open(path, encoding="ascii") as file:
            same = file.read() == text
        print("%s is up to date" % name if same else "%s differs: remake it" % name)
        return 0 if same else 1
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    print("wrote %s" % name)
    return 0
