#!/usr/bin/env bash
# Runs fuzz targets of a build with -Dfuzzers=enabled, one after the other, each for a number of executions.
set -u -o pipefail

usage() {
    cat <<'TEXT'
usage: tests/fuzz/run_fuzzers.sh BUILD RUNS [TARGET...]

Starts from the stored corpus and from what earlier runs found, which is in BUILD/fuzz/TARGET. Without targets: all.
Prints a line for each: executions, seconds, executions a second, coverage, findings. A finding stays in
BUILD/fuzz/ as TARGET-crash-*, TARGET-timeout-*, TARGET-leak-* or TARGET-oom-*; the exit status is then 1.
TEXT
}

[ $# -ge 2 ] || { usage >&2; exit 2; }
build=$1 runs=$2
shift 2
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
if [ $# -eq 0 ]; then
    for program in "$build"/tests/fuzz/fuzz_*; do
        [ -f "$program" ] && set -- "$@" "${program##*/fuzz_}"
    done
fi
[ $# -gt 0 ] || { echo "run_fuzzers.sh: no fuzz targets in $build/tests/fuzz" >&2; exit 2; }

# Short inputs find as much and run faster, above all where each layer is one word of the input.
longest() {
    case $1 in
        architecture | network | schedule) echo 256 ;;
        checkpoint) echo 4096 ;;
        header | model) echo 700 ;;
        *) echo 1024 ;;
    esac
}

export OPENBLAS_NUM_THREADS=1
# Frames on the heap are not aligned as AVX-512 kernels need it; a large quarantine costs time.
export ASAN_OPTIONS=detect_stack_use_after_return=0:quarantine_size_mb=4
mkdir -p "$build/fuzz" || exit 1
words=$build/fuzz/words.dict
"$build/tests/fuzz/words" | cat "$source/words.dict" - >"$words" || exit 1
failed=0
printf '%-14s %12s %8s %10s %9s  %s\n' target executions seconds per-second coverage findings
for target in "$@"; do
    found=$build/fuzz/$target log=$build/fuzz/$target.log started=$SECONDS
    mkdir -p "$found" || exit 1
    nice -n 10 "$build/tests/fuzz/fuzz_$target" -runs="$runs" -max_len="$(longest "$target")" -timeout=5 -entropic=0 \
        -dict="$words" -artifact_prefix="$build/fuzz/$target-" -print_final_stats=1 \
        "$found" "$source/corpus/$target" >"$log" 2>&1
    status=$?
    seconds=$((SECONDS - started))
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
    if [ "$status" = 0 ]; then
        findings=none
    else
        findings="see $log"
        failed=1
    fi
    printf '%-14s %12s %8s %10s %9s  %s\n' "$target" "${executions:-?}" "$seconds" \
        "$((${executions:-0} / (seconds > 0 ? seconds : 1)))" "${coverage#cov: }" "$findings"
done
exit "$failed"
