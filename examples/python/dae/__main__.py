"""What the library is and what it can do: python3 -m dae --version, python3 -m dae kinds [CATEGORY [KIND]]."""

from __future__ import annotations

import argparse
import os

import dae


def list_kinds(category: str, kind: str) -> None:
    """A line for each category, for each kind of one, or for each parameter of one of these."""
    about = [name for name in (category, kind) if name]
    for name in dae.kinds(*about):
        print("%-20s %s" % (name, dae.facts(*about + [name])["what"]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 -m dae", description="Denoising autoencoders.")
    parser.add_argument("--version", action="store_true", help="print the version of the library, and its file")
    commands = parser.add_subparsers(dest="command")
    listing = commands.add_parser("kinds", help="list what the library knows")
    listing.add_argument("category", nargs="?", default="", help="such as noise; default: the categories")
    listing.add_argument("kind", nargs="?", default="", help="such as gaussian; default: those of the category")
    options = parser.parse_args()
    try:
        if options.version:
            print("libdae %s\n%s" % (dae.version(), os.path.realpath(dae.load()._name)))
        elif options.command == "kinds":
            list_kinds(options.category, options.kind)
        else:
            parser.print_help()
    except (dae.Error, ImportError) as error:
        parser.exit(1, "%s\n" % error)


if __name__ == "__main__":
    main()
