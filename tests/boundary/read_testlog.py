#!/usr/bin/env python3
"""Counts the results in a testlog.json that `meson test` wrote.

usage: read_testlog.py FILE

Standard output receives "passed failed skipped"; standard error the output of each test that failed.
"""

import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP", "IGNORED"}
SHOWN_LINES = 60


def show(test):
    print(f"  FAILED: {test['name']} ({test['result']}, {test['duration']:.1f} s)", file=sys.stderr)
    for stream in ("stdout", "stderr"):
        lines = test.get(stream, "").splitlines()
        if len(lines) > SHOWN_LINES:
            lines = [f"... {len(lines) - SHOWN_LINES} lines before these"] + lines[-SHOWN_LINES:]
        for line in lines:
            print(f"    {line}", file=sys.stderr)


def main():
    if len(sys.argv) != 2:
        print("usage: read_testlog.py FILE", file=sys.stderr)
        return 2
    passed = failed = skipped = 0
    try:
        with open(sys.argv[1], encoding="utf-8") as log:
            tests = [json.loads(line) for line in log]
    except OSError as error:
        print(f"no test log: {error}", file=sys.stderr)
        return 1
    for test in tests:
        if test["result"] in PASSED:
            passed += 1
        elif test["result"] in SKIPPED:
            skipped += 1
        else:  # FAIL, ERROR, TIMEOUT, INTERRUPT, UNEXPECTEDPASS, and what later versions may add
            failed += 1
            show(test)
    print(passed, failed, skipped)
    return 0


if __name__ == "__main__":
    sys.exit(main())
