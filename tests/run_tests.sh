#!/usr/bin/env bash
# Builds libdae and runs its tests, on a fresh Debian or Ubuntu machine too. See usage() below.
set -u -o pipefail

usage() {
    cat <<'TEXT'
usage: tests/run_tests.sh [--all | --tier NAME ...] [--jobs N] [--build-root DIR]

Installs the packages that are missing (through apt-get, as root or with sudo), builds libdae in a folder of
its own and runs the tests. The last line is "N passed, N failed"; the exit status is 0 if none failed.

  --all             every tier below but products (this is what CI runs; less than an hour on two processors)
  --tier NAME       this tier only; may be given several times
  --jobs N          compile and test with N processes (default: the number of processors)
  --build-root DIR  where to build (default: build-tests in the checkout); one folder for each configuration
  --help            this text

Tiers. Without --all and --tier, one build with the default compiler and options is tested, which is what to run
while working; docs/reliability.md says what each tier proves.

  scripts         shellcheck
  gcc             everything, -O3, shared and static
  clang           the same with clang
  reference-blas  what multiplies matrices, with products by the reference CBLAS
  products        the same, with products by OpenBLAS, which tsan has too
  minimal         every optional feature and CBLAS off, -O0, static only
  cross           the library for AArch64, armhf and riscv64, in an emulator
  sanitizers      AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, with gcc
  tsan            ThreadSanitizer on all that has to do with threads
  valgrind        memcheck on a short set, helgrind on the threads where tsan does not run
  analyzers       clang-tidy and cppcheck over lib/
  coverage        lines and branches of lib/ that the tests reach, and the least that they must reach
TEXT
}

wrong_usage() {
    echo "run_tests.sh: $1 (see --help)" >&2
    exit 2
}

source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
build_root=$source_root/build-tests
jobs=$(nproc 2>/dev/null || echo 2)
all_tiers=(scripts gcc clang reference-blas minimal cross sanitizers tsan valgrind analyzers coverage)
known_tiers=("${all_tiers[@]}" products)
tiers=()
while [ $# -gt 0 ]; do
    case $1 in
        --all) tiers=("${all_tiers[@]}") ;;
        --jobs | --build-root | --tier)
            [ $# -ge 2 ] || wrong_usage "$1 needs a value"
            case $1 in
                --jobs) jobs=$2 ;;
                --build-root) build_root=$2 ;;
                --tier)
                    [[ " ${known_tiers[*]} " == *" $2 "* ]] || wrong_usage "there is no tier $2"
                    tiers+=("$2")
                    ;;
            esac
            shift
            ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) wrong_usage "unknown argument $1" ;;
    esac
    shift
done
[[ $jobs =~ ^[1-9][0-9]*$ ]] || wrong_usage "--jobs takes a number from 1 on, not '$jobs'"

# ---- Packages ---------------------------------------------------------------------------------------------

can_compile() { # compiler, language, include, further arguments...
    local compiler=$1 language=$2 include=$3
    shift 3
    printf '#include <%s>\nint main(void) { return 0; }\n' "$include" |
        "$compiler" -x "$language" - "$@" -o /dev/null >/dev/null 2>&1
}

has_meson() {
    local version
    version=$(meson --version 2>/dev/null) && [ "${version%%.*}" -ge 1 ]
}

has_font() { ls /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf >/dev/null 2>&1; }
has_c_library() { can_compile cc c stdio.h || can_compile gcc c stdio.h; }
has_reference_blas() { pkg-config --exists blas-netlib || pkg-config --exists cblas; }

# package | how to tell that what it brings is there
basic_packages="
gcc              | command -v gcc
libc6-dev        | has_c_library
meson            | command -v meson
ninja-build      | command -v ninja
pkg-config       | command -v pkg-config
python3          | command -v python3
libblas-dev      | has_reference_blas
zlib1g-dev       | pkg-config --exists zlib
libpng-dev       | pkg-config --exists libpng
check            | pkg-config --exists check
libcairo2-dev    | pkg-config --exists cairo
fonts-dejavu-core | has_font
"
all_packages="
g++              | can_compile g++ c++ memory
clang            | command -v clang
libopenblas-dev  | pkg-config --exists openblas
shellcheck       | command -v shellcheck
scdoc            | command -v scdoc
zsh              | command -v zsh
valgrind         | can_compile gcc c valgrind/helgrind.h && command -v valgrind
clang-tidy       | command -v clang-tidy
cppcheck         | command -v cppcheck
gcovr            | command -v gcovr
python3-numpy    | /usr/bin/python3 -c 'import numpy'
python3-scipy    | /usr/bin/python3 -c 'import scipy.io.wavfile'
python3-pil      | /usr/bin/python3 -c 'import PIL'
python3-pip      | python3 -c 'import pip'
mypy             | command -v mypy
python3-sklearn  | /usr/bin/python3 -c 'import sklearn'
python3-matplotlib | /usr/bin/python3 -c 'import matplotlib'
sox              | command -v sox
imagemagick      | command -v convert
"

missing_packages() { # list
    local package test_command
    while IFS='|' read -r package test_command; do
        package=${package// /}
        [ -n "$package" ] || continue
        eval "$test_command" >/dev/null 2>&1 || printf '%s ' "$package"
    done <<<"$1"
}

apt_install() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$@" >>"$build_root/packages.log" 2>&1
}

may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

update_package_lists() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    "${as_root[@]}" apt-get update -q >>"$build_root/packages.log" 2>&1
}

install_packages() {
    local wanted missing
    wanted=$basic_packages
    [ ${#tiers[@]} = 0 ] || wanted+=$all_packages
    missing=$(missing_packages "$wanted")
    [ -n "$missing" ] || return 0
    if ! may_install; then
        echo "run_tests.sh: these packages are missing, and neither root nor sudo is here to install them:"
        echo "  sudo apt-get install $missing"
        return 1
    fi
    echo "installing $missing"
    update_package_lists
    # shellcheck disable=SC2086 # one word for each package
    apt_install $missing
    missing=$(missing_packages "$wanted")
    [ -n "$missing" ] || return 0
    tail -n 20 "$build_root/packages.log"
    echo "run_tests.sh: could not install $missing(the log is $build_root/packages.log)"
    return 1
}

# An older distribution has a meson below 1.0; pip brings a newer one into a folder of ours.
provide_meson() {
    has_meson && return 0
    echo "meson $(meson --version) is too old; installing a newer one in $build_root/python"
    if ! python3 -m venv "$build_root/python" >>"$build_root/packages.log" 2>&1 && may_install; then
        apt_install python3-venv
        python3 -m venv "$build_root/python" >>"$build_root/packages.log" 2>&1
    fi
    "$build_root/python/bin/pip" install -q 'meson>=1.0' >>"$build_root/packages.log" 2>&1
    PATH=$build_root/python/bin:$PATH
    has_meson && return 0
    echo "run_tests.sh: meson 1.0 or later is needed, this is $(meson --version); try: pipx install meson"
    return 1
}

# ---- Counting ---------------------------------------------------------------------------------------------

passed=0
failed=0
skipped=0

count_result() { # name, exit status
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
        echo "  ok: $1"
    else
        failed=$((failed + 1))
        echo "  FAILED: $1"
    fi
}

show_errors() { # log of a build that failed
    if ! grep -E -A3 'error:|ERROR:|undefined reference' "$1" | head -n 80; then
        tail -n 40 "$1"
    fi
    echo "  (the whole log is $1)"
}

# Sets up and builds in a fresh folder: all, or the programs of the suites that the array `suites` names.
build() { # name, meson arguments...
    local name=$1 folder=$build_root/$1 log=$build_root/$1.log
    shift
    echo "== $name: ${CC:-default compiler} $*"
    rm -rf "$folder"
    meson setup "$folder" "$source_root" "$@" >"$log" 2>&1 &&
        ninja -C "$folder" -j "$jobs" -k 0 "${suites[@]/#/tests/check_}" >>"$log" 2>&1 && return
    show_errors "$log"
    count_result "$name: build" 1
    return 1
}

# Runs the tests of a folder, or those that `suites` names, and counts their results.
run_tests() { # name, arguments of meson test...
    local name=$1 folder=$build_root/$1 log=$build_root/$1.log started=$SECONDS
    shift
    rm -f "$folder"/meson-logs/testlog*.json
    meson test -C "$folder" --no-rebuild --num-processes "$jobs" --timeout-multiplier "${timeouts:-2}" "$@" \
        "${suites[@]}" >>"$log" 2>&1
    local status=$? counts here_passed here_failed here_skipped
    # one file, whose name holds the wrapper's, if there is one
    if ! counts=$(python3 "$source_root/tests/boundary/read_testlog.py" "$folder"/meson-logs/testlog*.json); then
        tail -n 40 "$log"
        count_result "$name: tests" 1
        return
    fi
    read -r here_passed here_failed here_skipped <<<"$counts"
    # Status without a failed test: meson itself has failed.
    if [ "$status" != 0 ] && [ "$here_failed" = 0 ]; then
        tail -n 40 "$log"
        here_failed=1
    fi
    passed=$((passed + here_passed))
    failed=$((failed + here_failed))
    skipped=$((skipped + here_skipped))
    echo "   $here_passed passed, $here_failed failed, $here_skipped skipped in $((SECONDS - started)) s"
}

# One configuration. Failing to build is one failure.
run_configuration() { # name, meson arguments...
    build "$@" && run_tests "$1"
}

leave_out() { # what, why
    echo "== $1: left out, $2"
    skipped=$((skipped + 1))
}

# ---- Configurations ---------------------------------------------------------------------------------------

# Debian's libblas.so.3 is whichever BLAS is selected on the machine, for programs linked with the reference
# library too; only its own folder makes sure that the reference library runs.
reference_blas_folder() {
    local folder
    for folder in /usr/lib/*/blas /usr/lib/blas; do
        [ -e "$folder/libblas.so.3" ] && echo "$folder" && return
    done
}

tier_gcc() {
    CC=gcc CXX=g++ run_configuration gcc -Dwerror=true -Ddefault_library=both
}

# What looks at sources, installs, and builds by itself sees the same in the first tier.
tier_clang() {
    CC=clang CXX=clang++ build clang -Dwerror=true &&
        run_tests clang --no-suite boundary --no-suite downstream --no-suite python --no-suite fault \
            --no-suite examples --no-suite example
}

# What multiplies matrices.
product_suites=(layer model session report limits trainer gradient dead_units trajectory precision threads
    concurrency signals memory blas_threads network_gradient)

tier_products() {
    local suites=("${product_suites[@]}")
    CC=gcc run_configuration openblas-products -Dproducts=cblas -Dcblas=openblas -Dwerror=true
}

tier_reference-blas() {
    local folder suites=("${product_suites[@]}")
    folder=$(reference_blas_folder)
    CC=gcc build reference-blas -Dproducts=cblas -Dcblas=netlib -Ddefault_library=shared &&
        LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} run_tests reference-blas
    LD_LIBRARY_PATH=$folder ldd "$build_root/reference-blas/lib/libdae.so.0" 2>/dev/null |
        grep -E "blas.* => $folder/" >/dev/null
    count_result "reference-blas: the reference library is what was loaded" $?
}

# Nothing optional, without optimisation, and a static library only: each is one more way to be built. All is built, and
# what features change is run; all suites run without optimisation in the tier coverage.
tier_minimal() {
    CC=gcc build minimal -Dauto_features=disabled -Dcblas=none -Dtests=enabled -Ddefault_library=static \
        -Dbuildtype=debug -Dwerror=true || return
    local suites=(kinds status source idx gzip npy png pnm wav dataset noise model model_file session trainer checkpoint blas_threads
        products threads)
    run_tests minimal
}

tier_sanitizers() {
    local timeouts=8
    # detect_stack_use_after_return is off, where newer compilers have it on: the frames that it puts on the heap
    # are not aligned as AVX-512 kernels need it (seen with gcc 12).
    export ASAN_OPTIONS=detect_stack_use_after_return=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    # Without what takes minutes here and calls nothing that the suites do not, and builds of their own. The check of
    # pointers for overflow doubles the time to compile kernels; AddressSanitizer sees where such pointers lead.
    CC=gcc build sanitizers -Db_sanitize=address,undefined -Dc_args=-fno-sanitize=pointer-overflow -Db_lundef=false \
        -Dbuildtype=debugoptimized -Dwerror=true &&
        run_tests sanitizers --no-suite benchmark --no-suite examples --no-suite example --no-suite downstream
}

tier_scripts() {
    echo "== scripts"
    local script scripts=()
    while IFS= read -r script; do
        head -c 64 "$script" | head -n 1 | grep -qE '^#!.*\b(ba)?sh\b' && scripts+=("$script")
    done < <(find "$source_root" \( -path "$build_root" -o -path '*/.git' -o -path '*/build*' \) -prune -o \
        -type f \( -name '*.sh' -o -path '*/.ci/*' \) -print | sort)
    shellcheck --severity=warning "${scripts[@]}"
    count_result "shellcheck (${#scripts[@]} scripts)" $?
}

# shellcheck source=ci/tools.sh
. "$source_root/tests/ci/tools.sh"
# shellcheck source=ci/cross.sh
. "$source_root/tests/ci/cross.sh"

mkdir -p "$build_root" || exit 1
build_root=$(cd "$build_root" && pwd)
: >"$build_root/packages.log"
install_packages && provide_meson || {
    echo "0 passed, 1 failed"
    exit 1
}

suites=()
times=()
[ ${#tiers[@]} -gt 0 ] || run_configuration default
for tier in "${tiers[@]}"; do
    began=$SECONDS
    # killing a training 100 times, and gradients in every place of a network, take minutes: once is enough
    [ "$tier" = scripts ] || [ "$tier" = gcc ] || export DAE_SPARSE=1 DAE_KILLS=10
    "tier_$tier"
    times+=("$tier $((SECONDS - began)) s")
done
[ ${#times[@]} = 0 ] || (IFS=, && echo "times: ${times[*]}, together $SECONDS s")

[ "$passed" -gt 0 ] || [ "$failed" -gt 0 ] || echo "no test has run"
[ "$skipped" = 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
