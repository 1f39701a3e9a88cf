#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every verb in turn, what came of each, and their JSON in one directory, for perf/report.sh; runs by
# perf/run.sh all.
set -euo pipefail
perf=$(cd "$(dirname "$0")" && pwd)
BUILD=$(realpath -m -- "$1")
export BUILD
shift

usage() {
	cat <<-END
		usage: perf/run.sh all [OPTION...]

		Every verb in turn; perf/report.sh makes a report of it. Exit status 1 if one of them failed: the
		others run all the same. Without --quick some hours, most of them rfc2544's trials of 60 s.

		  --json DIR     where VERB.json and VERB.log go, instead of $BUILD/perf
		  --quick        a quarter of an hour, noisier
		  --verbs LIST   these only: stages,core
	END
}

wrong() {
	echo "all: $*; see perf/run.sh all --help" >&2
	exit 2
}

DIR=$BUILD/perf OPTIONS=() VERBS=$("$perf/run.sh" --list | grep -vx all)
while [ $# -gt 0 ]; do
	case $1 in
	--json) DIR=$(realpath -m -- "${2:?--json takes a directory}") && shift ;;
	--verbs) VERBS=${2//,/ } && shift ;;
	--quick) OPTIONS+=(--quick) ;;
	--help | -h) usage && exit 0 ;;
	*) wrong "unknown option $1" ;;
	esac
	shift
done
for verb in $VERBS; do
	"$perf/run.sh" --list | grep -vx all | grep -qx -- "$verb" || wrong "no verb '$verb'"
done

# outcome STATUS
outcome() {
	case $1 in
	0) echo ok ;;
	77) echo skipped ;;
	*) echo failed ;;
	esac
}

# why VERB: what a verb said in the end that did not do what it should have.
why() {
	grep -aE '^(SKIP|FAIL): ' "$DIR/$1.log" | tail -n 1 || tail -n 1 "$DIR/$1.log"
}

# beside VERB: its contenders, where a verb does not measure all of them by itself.
beside() {
	case $1 in
	core | pvp) echo "--vs testpmd,ovs" ;;
	esac
}

# one VERB: figures of an earlier run are not this one's.
one() {
	local rc=0 start=$SECONDS said=''
	rm -f "$DIR/$1.json"
	printf '\n== %s\n' "$1" >&2
	# shellcheck disable=SC2046
	"$perf/run.sh" "$1" --json "$DIR/$1.json" $(beside "$1") "${OPTIONS[@]}" 2>&1 </dev/null |
		tee "$DIR/$1.log" >&2 || rc=$?
	case $rc in 130 | 143) exit $rc ;; esac # Ctrl-C means all of it
	[ $rc = 0 ] || said=$(why "$1")
	jq -nc --arg verb "$1" --arg outcome "$(outcome $rc)" --arg why "$said" \
		--argjson seconds $((SECONDS - start)) '{$verb, $outcome, $seconds, $why}' >>"$DIR/turns"
}

# What other verbs came to in an earlier run into the same directory stays: theirs are still the figures there.
all_json() {
	local before='{"verbs": []}'
	[ ! -s "$DIR/all.json" ] || before=$(<"$DIR/all.json")
	jq -s --argjson before "$before" '. as $now | {bench: "all", verbs: ([$before.verbs[]
		| select(.verb | IN($now[].verb) | not)] + $now)} | .seconds = (.verbs | map(.seconds) | add)' \
		"$DIR/turns" >"$DIR/all.new"
	mv "$DIR/all.new" "$DIR/all.json"
}

mkdir -p "$DIR"
: >"$DIR/turns"
trap 'rm -f "$DIR/turns"' EXIT
for verb in $VERBS; do
	one "$verb"
	all_json
done
echo
jq -r '[.outcome, .verb, "\(.seconds) s", .why] | @tsv' "$DIR/turns" | column -t -s $'\t'
echo "JSON and logs are in $DIR; perf/report.sh $DIR makes a report of them"
jq -es '[.[] | select(.outcome == "failed")] == []' "$DIR/turns" >/dev/null
