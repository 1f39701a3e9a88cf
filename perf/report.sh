#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A report of what perf/run.sh measured.
set -euo pipefail
perf=$(cd "$(dirname "$0")" && pwd)

usage() {
	cat <<-END
		usage: perf/report.sh [DIR | FILE.json...] [-o FILE.md] [--readme]

		A report in Markdown of what perf/run.sh wrote by --json, with plots beside it (SVG): what was wanted and
		whether it is reached, tables, the machine, and what was not measured or failed.

		  DIR        where perf/run.sh all put it; default: build/perf
		  -o FILE    default: REPORT.md in that directory, or in the first file's
		  --readme   of perf/results, and its excerpts in README.md ("How fast") and docs/speed.md, too

		The release's: perf/run.sh all --json perf/results && perf/report.sh --readme
	END
}

wrong() {
	echo "report: $*" >&2
	exit 1
}

OUT='' README=() FILES=()
while [ $# -gt 0 ]; do
	case $1 in
	-o) OUT=${2:?-o takes a file} && shift ;;
	--readme) README=(--into "$perf/../README.md" "$perf/../docs/speed.md") ;;
	--help | -h) usage && exit 0 ;;
	-*) wrong "unknown option $1; see perf/report.sh --help" ;;
	*) FILES+=("$1") ;;
	esac
	shift
done
if [ ${#FILES[@]} = 0 ]; then
	FILES=("${BUILD:-$perf/../build}/perf")
	[ ${#README[@]} = 0 ] || FILES=("$perf/results")
fi
if [ -d "${FILES[0]}" ]; then
	dir=${FILES[0]}
	[ ${#FILES[@]} = 1 ] || wrong "one directory, or files"
	mapfile -t FILES < <(find "$dir" -maxdepth 1 -name '*.json' | LC_ALL=C sort)
	[ ${#FILES[@]} -gt 0 ] || wrong "no JSON in $dir: perf/run.sh all makes it"
	OUT=${OUT:-$dir/REPORT.md}
fi
OUT=$(realpath -m -- "${OUT:-$(dirname "${FILES[0]}")/REPORT.md}")
[ -d "$(dirname "$OUT")" ] || wrong "no directory $(dirname "$OUT") for the report"
"$perf/report/main.py" --verbs "$("$perf/run.sh" --list | grep -vx all | tr '\n' ' ')" --out "$OUT" \
	"${README[@]}" --files "${FILES[@]}"
echo "$OUT"
