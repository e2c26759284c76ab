#!/bin/sh
# Runs programs one after another in a folder of their own, with the files of DATA at hand, and looks for a text in what the last
# one prints.
# usage: run_program.sh DATA TEXT PROGRAM...
set -e
data=$1 text=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ln -s "$data"/*.gz .
for program in "$@"; do
    output=$("$program")
done
printf '%s\n' "$output" | tail -n 20
case $output in *"$text"*) ;; *)
    echo "run_program.sh: $program does not print '$text'" >&2
    exit 1
    ;;
esac
