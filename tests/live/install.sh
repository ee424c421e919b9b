#!/usr/bin/env bash
# Install what the live tests need, by apt and npm, and note in .live/available what is there.
#
# One line a thing: `name yes`; `name no WHY` where it may not be installed here (no root, no
# registry); `name failed WHY` where it should have worked, which CI takes for a failure. It always
# ends with 0: pytest names the tests that cannot run. Run it again at will: only what is missing
# is fetched.
set -uo pipefail
cd "$(dirname "$0")/../.."
mkdir -p .live
rm -f .live/available
NOTED=.live/available.part
: >"$NOTED"
export DEBIAN_FRONTEND=noninteractive
APT_LOG=$PWD/.live/apt.log NPM_LOG=$PWD/.live/npm.log
: >"$APT_LOG"

note() { # NAME WHY-NOT TESTS; WHY-NOT begins with no or failed, or is empty: it is there
    echo "$1 ${2:-yes}" >>"$NOTED"
    [ -z "$2" ] || echo "not installed: $1 (${2#* }); these live tests will not run: $3"
}

missing() { # PACKAGE…: those of them that are not installed
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
    done
}

quietly() { # COMMAND…, while no package may start a service: the tests start their own
    local policy=/usr/sbin/policy-rc.d result
    if [ -e $policy ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
    "$@"
    result=$?
    rm -f $policy
    return $result
}

apt_install() { # PACKAGE…; prints why it could not
    local wanted reached=yes
    command -v apt-get >/dev/null || { echo "no this is no Debian: there is no apt-get"; return; }
    wanted=$(missing "$@")
    [ -z "$wanted" ] && return
    [ "$(id -u)" = 0 ] || { echo "no only root may install" $wanted; return; }
    apt-get update -o APT::Update::Error-Mode=any >>"$APT_LOG" 2>&1 || reached=
    # shellcheck disable=SC2086  # one word a package
    quietly apt-get install -y --no-install-recommends $wanted >>"$APT_LOG" 2>&1 </dev/null && return
    if [ -n "$reached" ]; then
        echo "failed apt could not install" $wanted", see .live/apt.log"
    else
        echo "no the package registry cannot be reached, see .live/apt.log"
    fi
}

npm_install() { # prints why it could not
    command -v npm >/dev/null || { echo "no there is no npm: install Node 20 or 22"; return; }
    local node headers
    node=$(node -p 'process.execPath')
    headers=${npm_config_nodedir:-$(dirname "$(dirname "$(realpath "$node")")")}
    [ -f "$headers/include/node/node.h" ] || { echo "no there are no headers of Node in $headers/include/node"; return; }
    cd tests/live/atproto || return
    cmp -s package-lock.json node_modules/.installed && return
    # The scripts of packages are not run: they would fetch from elsewhere. The one that matters
    # compiles SQLite, and is told to compile against the headers that are here.
    if ! npm ci --ignore-scripts >"$NPM_LOG" 2>&1; then
        npm ping >>"$NPM_LOG" 2>&1 || { echo "no the npm registry cannot be reached, see .live/npm.log"; return; }
        echo "failed npm could not install the Bluesky servers, see .live/npm.log"
    elif ! compile_sqlite "$headers" >>"$NPM_LOG" 2>&1; then
        echo "failed better-sqlite3 does not compile with Node $(node --version), see .live/npm.log"
    else
        cp package-lock.json node_modules/.installed
    fi
}

compile_sqlite() ( # HEADERS
    gyp=$(npm root -g)/npm/bin/node-gyp-bin/node-gyp
    cd node_modules/better-sqlite3 && npm_config_nodedir=$1 "$gyp" rebuild --release
)

why=$(apt_install dovecot-imapd dovecot-lmtpd dovecot-sieve postfix openssl)
[ -z "$why" ] && [ "$(id -u)" != 0 ] && why="no Postfix and Dovecot start as root only"
note mail "$why" "test_mail.py"

why=$(apt_install postgresql redis-server build-essential)
[ -z "$why" ] && why=$(npm_install)
note bluesky "$why" "test_bluesky.py"

note chromium "$(apt_install chromium)" "test_status_page.py and tests/browser"

mv "$NOTED" .live/available
