# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What every verb of perf/run.sh has: the lab's helpers, this folder's, words for its arguments, and its
# JSON. A verb says `BENCH=NAME`, `export OVNET_BUILD=DIR`, sources this, and defines usage().

perf=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$perf/../test/smoke/lib.sh"
for part in cpus memory quiet envelope; do
	# shellcheck source=/dev/null
	. "$perf/lib/$part.sh"
done
unset part
JSON='' QUICK=''

# choose OPTION WORD CHOICE...: CHOSEN, or the end.
choose() {
	[[ -n $2 && " ${*:3} " == *" $2 "* ]] || fail "$BENCH: $1 takes one of ${*:3}, not '$2'"
	CHOSEN=$2
}

# json_file FILE: JSON, as a path that holds wherever the verb goes.
json_file() {
	JSON=$(realpath -m -- "$1")
	[ -d "$(dirname "$JSON")" ] || fail "$BENCH: --json: no directory $(dirname "$JSON"); make it first"
}

# other_option OPTION: --help and what nobody knows.
other_option() {
	case $1 in
	--help | -h) usage && exit 0 ;;
	*) fail "$BENCH: unknown option $1; see perf/run.sh $BENCH --help" ;;
	esac
}

# stats FILTER...: jq with this folder's stats.jq: `include "stats";`.
stats() {
	jq -L "$perf/lib" "$@"
}

# result_keep FILE: the figures of a run, an object, behind the envelope; stays in $LAB_DIR/result.json
# and where --json says. What the verb says itself wins.
result_keep() {
	envelope "$BENCH" | jq -s '.[0] + .[1]' - "$1" >"$LAB_DIR/result.new"
	mv "$LAB_DIR/result.new" "$LAB_DIR/result.json"
	[ -z "$JSON" ] || cp "$LAB_DIR/result.json" "$JSON"
}
