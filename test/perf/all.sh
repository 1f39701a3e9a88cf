#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# perf/run.sh all with verbs that do as they are told: what each came to is said, the others run all the same, figures of
# an earlier run do not stand in for this one's.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
out=$dir/out

fail() {
	echo "FAIL: all.sh: $*; it said: $(cat "$dir/said")" >&2
	exit 1
}

mkdir "$dir/perf"
cp "$root/perf/all.sh" "$dir/perf"
cat >"$dir/perf/run.sh" <<'END'
#!/bin/sh
[ "$1" != --list ] || { printf '%s\n' good bad skips all && exit; }
echo "$*" >>"$(dirname "$0")/ran"
echo "{\"bench\": \"$1\"}" >"$3"
case $1 in
bad) echo "FAIL: bad.sh:1: as told" && echo more && exit 1 ;;
skips) echo "SKIP: as told" && exit 77 ;;
esac
END
chmod +x "$dir/perf/run.sh"

# all STATUS OPTION...
all() {
	local rc=0
	"$dir/perf/all.sh" "$dir/build" "${@:2}" >"$dir/said" 2>&1 || rc=$?
	[ $rc = "$1" ] || fail "status $rc, not $1, of: ${*:2}"
}

# outcomes FILTER: holds of all.json.
outcomes() {
	jq -e "$1" "$out/all.json" >/dev/null || fail "not so: $1 of $(cat "$out/all.json")"
}

mkdir "$out"
echo old >"$out/bad.json"
all 1 --quick --json "$out"
[ "$(cut -d' ' -f1 "$dir/perf/ran" | tr '\n' ' ')" = "good bad skips " ] || fail "not every verb ran"
grep -q -- '^good .*--quick$' "$dir/perf/ran" || fail "--quick does not reach the verbs"
outcomes '[.verbs[] | .outcome] == ["ok", "failed", "skipped"]'
outcomes '.verbs[1].why == "FAIL: bad.sh:1: as told" and .verbs[2].why == "SKIP: as told"'
! grep -q old "$out/bad.json" || fail "an earlier run's figures are still there"
grep -qE '^failed +bad ' "$dir/said" || fail "the end does not say what failed"
all 0 --verbs good,skips --json "$out"
outcomes '[.verbs[] | .verb] == ["bad", "good", "skips"]'
all 2 --verbs nonsense --json "$out"
all 2 --verbs all --json "$out"
all 0 --help
echo "all verbs run, and what they came to is said"
