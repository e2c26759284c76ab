#!/usr/bin/env bash
# The tiers that run the tests, or look at the sources, through a tool. Part of run_tests.sh, which gives build(),
# run_tests(), count_result() and leave_out(), and reads `suites` and `timeouts`.
# shellcheck disable=SC2034,SC2154 # variables of the one are used in the other

# ---- ThreadSanitizer --------------------------------------------------------------------------------------

# On some kernels the addresses of a process are spread wider than an older run-time library can follow.
thread_sanitizer_works() { # prefix of the command...
    local program=$build_root/tsan-works
    printf 'int main(void) { return 0; }\n' | gcc -fsanitize=thread -x c - -o "$program" 2>/dev/null &&
        "$@" "$program" 2>/dev/null
}

# OpenBLAS is not instrumented, but it runs on one thread here. Its products, so that the setting of its threads is watched.
tier_tsan() {
    local timeouts=8 wrapper=() suites=(pool session threads concurrency blas_threads progress status rng dataset)
    if ! thread_sanitizer_works; then
        if ! thread_sanitizer_works setarch -R; then
            leave_out tsan "gcc's ThreadSanitizer does not run here"
            return
        fi
        wrapper=(--wrapper "setarch -R")
    fi
    CC=gcc build tsan -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized -Dwerror=true \
        -Dproducts=cblas -Dcblas=openblas -Dexamples=disabled -Ddefault_library=static &&
        TSAN_OPTIONS=halt_on_error=1 run_tests tsan "${wrapper[@]}"
}

# ---- valgrind ---------------------------------------------------------------------------------------------

# Sees what the sanitizers cannot: use of memory that was never written, also through zlib. Helgrind sees
# the order of locks, and races by the order of events rather than by their being caught in the act.
tier_valgrind() {
    local timeouts=8 memcheck helgrind
    local short=(status dataset model model_file report limits optimizer trainer progress)
    local threads=(concurrency)
    # Where libblas.so.3 is OpenBLAS, it starts no threads of its own here: nothing tells helgrind about them.
    helgrind="env OPENBLAS_NUM_THREADS=1 valgrind -q --tool=helgrind --error-exitcode=9"
    memcheck="env OPENBLAS_NUM_THREADS=1 valgrind -q --error-exitcode=9 --leak-check=full"
    memcheck+=" --errors-for-leak-kinds=definite,indirect"
    local suites=("${short[@]}" "${threads[@]}")
    CC=gcc build valgrind -Dbuildtype=debugoptimized -Dexamples=disabled \
        -Ddefault_library=static -Dwerror=true -Dc_args=-DDAE_HELGRIND || return
    export CK_FORK=no
    suites=("${short[@]}")
    run_tests valgrind --wrapper "$memcheck"
    suites=("${threads[@]}")
    # six minutes for what the tier tsan sees, where that runs
    thread_sanitizer_works || thread_sanitizer_works setarch -R || run_tests valgrind --wrapper "$helgrind"
    unset CK_FORK
}

# ---- Analyzers --------------------------------------------------------------------------------------------

# .clang-tidy says which checks are left out, and cppcheck-exceptions.txt which findings, each with its reason.
tier_analyzers() {
    local folder=$build_root/analyzers log=$build_root/analyzers.log sources=()
    echo "== analyzers"
    rm -rf "$folder"
    if ! CC=clang meson setup "$folder" "$source_root" -Dexamples=disabled -Dtests=disabled >"$log" 2>&1; then
        show_errors "$log"
        count_result "analyzers: setup" 1
        return
    fi
    mapfile -t sources < <(find "$source_root/lib" -name '*.c' | sort)
    # One process for each source: several in one give false alarms about va_list (seen with clang 14).
    printf '%s\n' "${sources[@]}" |
        xargs -P "$jobs" -n 1 clang-tidy -p "$folder" --quiet >>"$log" 2>"$log.progress"
    local status=$?
    [ "$status" = 0 ] || grep -E -A4 '(error|warning):' "$log" | head -n 80
    count_result "clang-tidy (${#sources[@]} sources)" "$status"
    cppcheck --quiet --force --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
        --suppressions-list="$source_root/tests/ci/cppcheck-exceptions.txt" --suppress=missingIncludeSystem \
        -I "$source_root/include" -I "$source_root/lib" -I "$folder/lib" "$source_root/lib" \
        "$source_root/examples"
    count_result "cppcheck" $?
}

# ---- Coverage ---------------------------------------------------------------------------------------------

least_lines=95 least_branches=85

# Counted by the Check suites alone, but for those that take long and reach nothing that others do not: examples and
# benchmarks reach code without judging it. Kernels, which are compiled once for each kind of processor, count as the one
# source that they are. Compilers' own branches, those on lines without code, are left out.
tier_coverage() {
    local timeouts=4 folder=$build_root/coverage report=$build_root/coverage.txt suites=()
    CC=gcc build coverage -Db_coverage=true -Dbuildtype=debug -Dcblas=openblas \
        -Ddefault_library=static -Dexamples=disabled -Dc_args=-fprofile-update=atomic || return
    mapfile -t suites < <(meson test -C "$folder" --list 2>/dev/null |
        sed -nE 's/^libdae:(core|noise|data|model|network|train|internal) \/ (.*)$/\2/p' |
        grep -vxE 'kill|noise_mse|network_gradient|rules|dead_units')
    run_tests coverage
    gcovr --root "$source_root" --filter "$source_root/lib/" --object-directory "$folder" "$folder/lib" \
        --exclude-unreachable-branches --exclude-throw-branches -j "$jobs" \
        --json "$folder/coverage.json" >"$build_root/coverage.log" 2>&1 &&
        gcovr --root "$source_root" -a "$folder/coverage.json" --txt "$report" --print-summary \
            --fail-under-line "$least_lines" --fail-under-branch "$least_branches"
    local status=$?
    [ "$status" = 0 ] || tail -n 60 "$report" "$build_root/coverage.log"
    echo "  (line by line: $report)"
    count_result "coverage: at least $least_lines % of lines and $least_branches % of branches" "$status"
}
