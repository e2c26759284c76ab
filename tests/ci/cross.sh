#!/usr/bin/env bash
# The tier that builds for other processors and runs there, in an emulator. Part of run_tests.sh, as tools.sh is.
# shellcheck disable=SC2154 # variables of run_tests.sh

# processor | prefix of its gcc | its family for meson | what runs it | Debian's packages
processors="
x86-64 | x86_64-linux-gnu | x86_64 | env | gcc
x86-64 without FMA | x86_64-linux-gnu | x86_64 | qemu-x86_64-static -cpu Nehalem | qemu-user-static
AArch64 | aarch64-linux-gnu | aarch64 | qemu-aarch64-static | gcc-aarch64-linux-gnu libc6-dev-arm64-cross
armhf | arm-linux-gnueabihf | arm | qemu-arm-static | gcc-arm-linux-gnueabihf libc6-dev-armhf-cross
riscv64 | riscv64-linux-gnu | riscv64 | qemu-riscv64-static | gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
"

provide_cross() { # prefix of gcc, emulator, packages...
    local prefix=$1 emulator=$2
    shift 2
    can_compile "$prefix-gcc" c stdio.h && command -v "$emulator" >/dev/null && return
    may_install && update_package_lists && apt_install qemu-user-static "$@"
    can_compile "$prefix-gcc" c stdio.h && command -v "$emulator" >/dev/null
}

# The library as for a small machine, with products of its own alone, and the program that uses it.
build_platform() { # folder, prefix of gcc, family
    [ -x "$1/platform" ] && return
    rm -rf "$1" && mkdir -p "$1" || return
    printf "[binaries]\nc = '%s-gcc'\nar = '%s-gcc-ar'\n[host_machine]\nsystem = 'linux'\ncpu_family = '%s'\n" \
        "$2" "$2" "$3" >"$1/machine.ini"
    printf "cpu = '%s'\nendian = 'little'\n" "$3" >>"$1/machine.ini"
    meson setup "$1/build" "$source_root" --cross-file "$1/machine.ini" -Dauto_features=disabled -Dcblas=none \
        -Ddefault_library=static -Dwerror=true && ninja -C "$1/build" -j "$jobs" &&
        "$2-gcc" -std=c11 -Wall -Wextra -Werror -I "$source_root/include" "$source_root/tests/ci/platform.c" \
            "$1/build/lib/libdae.a" -static -pthread -lm -o "$1/platform"
}

# The lines that must be those of an earlier processor: all where products are the same, else all before training.
compare_platform() { # files of one and the other
    if [ "$(grep -o '[a-z]* products' "$1.says")" = "$(grep -o '[a-z]* products' "$2.says")" ]; then
        diff "$1" "$2"
    else
        diff <(head -n 4 "$1") <(head -n 4 "$2")
    fi
}

tier_cross() {
    local name prefix family emulator packages program result other seen=() folder=$build_root/cross
    echo "== cross"
    rm -rf "$folder" && mkdir -p "$folder" || return
    while IFS='|' read -r name prefix family emulator packages; do
        name=${name% } prefix=${prefix// /} family=${family// /} emulator=${emulator# }
        [ -n "$name" ] || continue
        # shellcheck disable=SC2086 # an emulator with its arguments; one word for each package
        if ! provide_cross "$prefix" "${emulator%% *}" $packages; then
            leave_out "cross: $name" "its compiler or its emulator is not to be had here"
            continue
        fi
        program=$folder/$prefix/platform result=$folder/${name// /-}
        if ! build_platform "$folder/$prefix" "$prefix" "$family" >"$result.log" 2>&1; then
            show_errors "$result.log"
            count_result "cross: $name: build" 1
            continue
        fi
        # shellcheck disable=SC2086 # an emulator with its arguments
        $emulator "$program" "$result.safetensors" >"$result" 2>"$result.says"
        count_result "cross: $name ($(tail -n 1 "$result.says"))" $?
        for other in "${seen[@]}"; do
            compare_platform "$other" "$result"
            count_result "cross: $name gives what ${other##*/} gives" $?
        done
        seen+=("$result")
    done <<<"$processors"
}
