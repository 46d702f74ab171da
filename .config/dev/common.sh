# shellcheck shell=sh
# What all parts of ./dev share: places, messages, steps with a log and a repeat command. Read by ./dev, in its directory.

export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
state=$root/.cache
# Results of slow builds and package downloads, kept by content and shared by all clones on the machine.
shared=${XDG_CACHE_HOME:-$HOME/.cache}/prexorcloud-production
logs=$root/log
mkdir -p "$state" "$shared" "$logs"

say() { printf '%s\n' "$*"; }

die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

# content_of PATH...: a hash over names and bytes of the files below the paths.
content_of() {
    find "$@" -type f ! -path '*/target/*' ! -path '*/__pycache__/*' | sort | while read -r file; do
        printf '%s\n' "$file"
        cat "$file"
    done | sha256sum | cut -c1-16
}

# What all clones share is made by one process at a time.
take_lock() {
    exec 8>"$shared/lock"
    flock 8
}
release_lock() { exec 8>&-; }

# Each step that ran, as "passed" or "failed", for the closing line.
passed=0
failed=0

# What the log says at present: the play, task, check or test that runs, else its last line.
last_words() {
    tail -n 40 "$1" | tr -d '*\r' | awk '
        NF { last = $0 } /^(PLAY|TASK|RUNNING|INFO|----|Running sanity)|PASSED|FAILED/ { known = $0 }
        END { print substr(known ? known : last, 1, 90) }'
}

# Where it went wrong first, and how the log ends; in one piece where these are close together.
show_failure() {
    lines=$(wc -l <"$1")
    first=$(grep -naE -m 1 '^(fatal: |\[ERROR\]|ERROR!|ERROR: |E   |FAILED |.* FAILED$)|error: ' "$1" | cut -d: -f1)
    from=$((${first:-$lines} - 3))
    if [ $((lines - from)) -lt 65 ]; then
        [ $((lines - from)) -gt 25 ] || from=$((lines - 25))
        say "---- the end of $1:"
    else
        say "---- $1, from line $first:"
        tail -n "+$((from > 0 ? from : 1))" "$1" | head -n 40 | cut -c1-300
        say "---- the end of $1:"
        from=$((lines - 25))
    fi
    tail -n "+$((from > 0 ? from : 1))" "$1" | cut -c1-300
    say "----"
}

# step NAME REPEAT SECONDS COMMAND...: run COMMAND with its output in log/NAME.log; show that it runs, how long, and how it
# ended. Counts the result; returns 0 either way, so that the gates after it run too.
step() {
    name=$1 repeat=$2 limit=$3
    shift 3
    log=$logs/$name.log
    begun=$(date +%s)
    printf '%-28s running\n' "$name"
    (
        while sleep 20; do
            printf '%-28s %4d s  %s\n' "$name" $(($(date +%s) - begun)) "$(last_words "$log")"
        done
    ) &
    ticker=$!
    code=0
    NO_COLOR=1 ANSIBLE_NOCOLOR=1 PY_COLORS=0 timeout --kill-after=30 "$limit" "$@" >"$log" 2>&1 </dev/null || code=$?
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null || :
    took=$(($(date +%s) - begun))
    if [ "$code" -eq 0 ]; then
        passed=$((passed + 1))
        printf '%-28s passed in %d s\n' "$name" "$took"
        return 0
    fi
    failed=$((failed + 1))
    [ "$code" -ne 124 ] || say "(stopped: it took longer than $limit s)" >>"$log"
    show_failure "$log"
    printf '%-28s FAILED after %d s\n  log:    %s\n  repeat: %s\n' "$name" "$took" "$log" "$repeat"
}

# The closing line of a run, alone on its line; CI reads it.
close_run() {
    say "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
