#!/usr/bin/env bash
# Runs README's commands in a Debian that has just been installed. See usage() below.
set -u -o pipefail

usage() {
    cat <<'TEXT'
usage: tests/ci/fresh_debian.sh [--folder DIR] [--epochs N] RELEASE [ARCH] [-- ARGUMENT ...]

Installs Debian RELEASE (bookworm, trixie) for ARCH (amd64, the default, or i386) into a folder, clones the last commit
of this checkout into it, and runs there what README.md says, word for word: the Python package, and the first steps in a shell with
pictures from docs/images; then examples/run_mnist.sh and tests/run_tests.sh, each of which does all of its own set-up. The last line is "N passed, N failed", one for each command; the exit
status is 0 if all passed.

  --folder DIR   where to put system and logs (default: build-tests/fresh-RELEASE-ARCH in the checkout); what stands in
                 DIR/system is removed first
  --epochs N     train for N epochs, not for the 50 of examples/run_mnist.sh
  ARGUMENT ...   given to tests/run_tests.sh, "--tier clang" say

It needs root and debootstrap. The mirror is the one that this machine's apt has; MNIST comes from $MNIST_DIR or from
mnist-data/ of the checkout if one is there, else examples/run_mnist.sh gets it.
TEXT
}

say() { echo "fresh_debian.sh: $*"; }

die() {
    say "$*" >&2
    exit 1
}

wrong_usage() {
    echo "fresh_debian.sh: $1 (see --help)" >&2
    exit 2
}

source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd) || exit 1
folder='' named=() training=() tests=()
while [ $# -gt 0 ]; do
    case $1 in
        --folder | --epochs)
            [ $# -ge 2 ] || wrong_usage "$1 needs a value"
            if [ "$1" = --folder ]; then folder=$2; else training=(--epochs "$2"); fi
            shift
            ;;
        --help | -h)
            usage
            exit 0
            ;;
        --)
            shift
            tests=("$@")
            break
            ;;
        -*) wrong_usage "unknown argument $1" ;;
        *) named+=("$1") ;;
    esac
    shift
done
[ ${#named[@]} = 1 ] || [ ${#named[@]} = 2 ] || wrong_usage "expected RELEASE and perhaps ARCH"
release=${named[0]} arch=${named[1]:-amd64}
case $arch in
    amd64) personality=linux64 ;;
    i386) personality=linux32 ;;
    *) wrong_usage "ARCH is $arch, expected amd64 or i386" ;;
esac
folder=${folder:-$source_root/build-tests/fresh-$release-$arch}

[ "$(id -u)" = 0 ] || die "only root can install a system; please run this as root"
command -v debootstrap >/dev/null || die "debootstrap is missing; please run: apt-get install debootstrap"
mkdir -p "$folder" || exit 1
folder=$(cd "$folder" && pwd)
system=$folder/system

# The mirror that this machine takes Debian from, or the name that every Debian knows.
mirror() {
    # shellcheck disable=SC2016 # apt fills in the fields
    apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Label: Debian' 2>/dev/null |
        grep . || echo http://deb.debian.org/debian
}

install_system() {
    local cache=${folder%/*}/fresh-packages-$release-$arch
    rm -rf --one-file-system "$system"
    mkdir -p "$cache"
    debootstrap --variant=minbase --arch="$arch" --cache-dir="$cache" "$release" "$system" "$(mirror | head -n 1)" \
        >"$folder/debootstrap.log" 2>&1 && return
    tail -n 20 "$folder/debootstrap.log"
    return 1
}

# How this machine reaches the network, the sources, and the data if they are here.
furnish_system() {
    cp -L /etc/resolv.conf /etc/hosts "$system/etc/" &&
        apt-config dump | grep -E '^Acquire::(http|https)::Proxy' >"$system/etc/apt/apt.conf.d/90proxy"
    echo 'APT::Get::Assume-Yes "true";' >"$system/etc/apt/apt.conf.d/90yes"
    git clone -q --no-hardlinks "$source_root" "$system/srv/libdae" || return
    local data=${MNIST_DIR:-$source_root/mnist-data}
    [ ! -d "$data" ] || cp -r "$data" "$system/srv/libdae/mnist-data"
}

# Runs a command in the clone, as root with nothing of this machine's environment but its proxies. Its mounts and
# processes end with it.
in_system() { # command...
    unshare --mount --pid --fork --kill-child setarch "$personality" bash -c '
        system=$1
        shift
        mount -t proc proc "$system/proc" && mount -t devpts devpts "$system/dev/pts" && mount -t tmpfs tmpfs "$system/dev/shm" &&
            exec env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
                ${http_proxy+"http_proxy=$http_proxy"} ${https_proxy+"https_proxy=$https_proxy"} \
                chroot "$system" sh -c '\''cd /srv/libdae && exec "$@"'\'' sh "$@"' bash "$system" "$@"
}

passed=0 failed=0
readme_command() { # name of the log, command...
    local log=$folder/$1.log
    shift
    say "$*"
    if in_system "$@" >"$log" 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        say "FAILED: $*"
    fi
    tail -n 12 "$log" | sed 's/^/    /'
}

# Block NUMBER of commands below a heading of README.md.
readme_block() { # heading number
    awk -v heading="## $1" -v wanted="$2" '/^## / {inside = $0 == heading} inside && /^```sh$/ {at++; shown = at == wanted; next}
        /^```$/ {shown = 0} shown' "$system/srv/libdae/README.md"
}

# Runs such commands as somebody types them who is root already.
typed() { # name of the log, commands
    readme_command "$1" bash -ec "sudo() { \"\$@\"; }; export DEBIAN_FRONTEND=noninteractive; apt-get update -qq
$2"
}

say "installing $release for $arch in $system"
install_system && furnish_system || die "could not install $release for $arch (the log is $folder/debootstrap.log)"
typed run_python "$(readme_block 'In Python' 1)
ls -l denoised.pgm"
typed run_dae "$(readme_block 'First steps' 1)
mkdir clean test
cp docs/images/{denoised,loss,reference,reference-loss,reference-sigmoid}.png clean/
cp docs/images/unet.png test/
dae noise docs/images/unet.png 'gaussian(0.1)' -o noisy.png
time { $(readme_block 'First steps' 2)
}
ls -l clean.png
ls -l /usr/local/share/man/man1/dae.1
ninja -C build uninstall"
readme_command run_mnist examples/run_mnist.sh "${training[@]}"
readme_command run_tests tests/run_tests.sh "${tests[@]}"
say "logs are in $folder"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
