# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) the snapferry authors
#
# What the scripts share. Sourced, never run; the sourcing script sets -euo pipefail.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv-conformance"
REQUIREMENTS="$ROOT/Tests/Conformance/requirements.txt"
# Where all optimised builds go: apart from the debug build, so that one can run beside the other.
RELEASE="$ROOT/.build-release/release"

# Says what goes on, on standard error, so that standard output stays the program's.
say() { printf '%s\n' "$*" >&2; }

# Ends the script with one line that says what to do.
die() {
    say "error: $*"
    exit 2
}

# Succeeds where a Swift of 6.2 or later is on the PATH.
require_swift() {
    local found version
    command -v swift >/dev/null ||
        die "no Swift toolchain found; install Swift 6.2 or later from https://www.swift.org/install/linux and put 'swift' on the PATH"
    found="$(swift --version 2>/dev/null || true)"
    version="$(sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' <<<"$found" | head -n 1)"
    if [[ -z "$version" ]] || ((${version%%.*} < 6 || (${version%%.*} == 6 && ${version##*.} < 2))); then
        die "Swift ${version:-of an unknown version} is too old; install 6.2 or later from https://www.swift.org/install/linux"
    fi
}

# Installs Debian packages, or says which ones somebody else has to install.
install_packages() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
    command -v apt-get >/dev/null || die "install what these Debian packages hold, then run this again: $*"
    if ((EUID != 0)); then
        # A sudo that would ask for a password is of use only where somebody can answer.
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
            apt=(sudo "${apt[@]}")
        else
            die "missing packages and no right to install them; run: sudo apt-get install $*"
        fi
    fi
    say "installing $*"
    "${apt[@]}" update -qq >&2 || say "warning: apt-get update failed; trying with the package lists at hand"
    "${apt[@]}" install -y -qq --no-install-recommends "$@" >&2 ||
        die "apt-get could not install them; run: sudo apt-get install $*"
}

# Succeeds where the C compiler finds a header; the toolchain brings its own clang.
has_header() {
    local compiler
    compiler="$(dirname "$(readlink -f "$(command -v swift)")")/clang"
    [[ -x "$compiler" ]] || compiler="$(command -v clang || command -v cc || true)"
    if [[ -z "$compiler" ]]; then
        [[ -e "/usr/include/$1" || -e "/usr/include/$(uname -m)-linux-gnu/$1" ]]
        return
    fi
    printf '#include <stddef.h>\n#include <%s>\n' "$1" | "$compiler" -E -x c - >/dev/null 2>&1
}

# Installs the headers that CTransport includes, where they are missing.
require_headers() {
    local missing=()
    has_header curl/curl.h || missing+=(libcurl4-openssl-dev)
    has_header openssl/hmac.h || missing+=(libssl-dev)
    has_header expat.h || missing+=(libexpat1-dev)
    ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# Installs headless Chromium for tests of pages; where it can't be had, those tests are skipped, and say so.
require_browser() {
    if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then return; fi
    (install_packages chromium chromium-driver) || say "warning: no headless Chromium; the tests of pages are skipped"
}

# build_release PRODUCT: what ships, or the simulator, which shares most of it; Swift's own library inside.
build_release() {
    swift build -c release --static-swift-stdlib --scratch-path "$ROOT/.build-release" --product "$1" >&2
}

# Makes the Python environment of the conformance tests, or brings it up to date with the pinned requirements.
require_python() {
    if ! command -v python3 >/dev/null || ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
        install_packages python3 python3-venv
    fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        die "the conformance tests need Python 3.10 or later, and this is $(python3 --version 2>&1); install a later one"
    make_environment "$VENV" "$REQUIREMENTS" ||
        die "pip could not install the pinned Python packages; check the network (or PIP_INDEX_URL), then run this again"
}

# make_environment FOLDER REQUIREMENTS: a virtual environment with what the file pins.
make_environment() {
    local folder="$1" requirements="$2" wanted
    wanted="$(sha256sum "$requirements" | cut -d ' ' -f 1) $(python3 --version)"
    # A checkout that was moved has a venv that points elsewhere; only one that runs counts.
    if [[ "$(cat "$folder/.installed" 2>/dev/null || true)" == "$wanted" ]] && "$folder/bin/python" -c '' 2>/dev/null; then
        return
    fi
    say "installing the Python packages of $requirements into $folder"
    rm -rf "$folder"
    python3 -m venv "$folder" || die "python3 could not make a virtual environment; run: sudo apt-get install python3-venv"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" || return 1
    printf '%s\n' "$wanted" >"$folder/.installed"
}

# A duration in seconds as people read it.
minutes() { printf '%d:%02d' "$(($1 / 60))" "$(($1 % 60))"; }
