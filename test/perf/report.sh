#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# perf/report.sh of what real runs wrote (test/fixtures/perf): each verb has its section, plots are drawn, each target's
# verdict follows the figure, and what is missing, failed or broken is said.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "FAIL: report.sh: $*" >&2
	exit 1
}

# fresh: the fixtures as they are.
fresh() {
	rm -rf "$dir/run"
	mkdir "$dir/run"
	cp "$root"/test/fixtures/perf/*.json "$dir/run"
}

# change VERB FILTER
change() {
	jq "$2" "$dir/run/$1.json" >"$dir/changed"
	! cmp -s "$dir/changed" <(jq . "$dir/run/$1.json") || fail "the filter changes nothing of $1: $2"
	mv "$dir/changed" "$dir/run/$1.json"
}

text=$dir/run/REPORT.md
report() {
	"$root/perf/report.sh" "$dir/run" >/dev/null
}

# says PATTERN WHEN
says() {
	grep -qE -- "$1" "$text" || fail "nothing of '$1' $2"
}

# verdict VERB WHAT FILTER WORD: of that target, where the verb's figures are changed by FILTER.
verdict() {
	fresh
	change "$1" "$3"
	"$root/perf/report.sh" "$dir/run/$1.json" >/dev/null
	says "^\| $1 \| $2.*\| $4 \|\$" "where $1 is changed by $3"
}

fresh
report
for verb in $("$root/perf/run.sh" --list | grep -vx all); do
	says "^## .*\(\`$verb\`\)" "of a full run"
	[ -e "$dir/run/$verb.json" ] || says "not measured: \`perf/run.sh $verb\`" "though there is no $verb.json"
done
plots=$(sed -n 's/.*!\[[^]]*\](\([^)]*\)).*/\1/p' "$text")
for plot in $plots; do
	python3 -c 'import sys, xml.dom.minidom as x
sys.exit(len(x.parse(sys.argv[1]).getElementsByTagName("path")) < 10)' "$dir/run/$plot" || fail "$plot shows nothing"
done
for plot in stages peers core pvp latency host scale; do
	grep -qx "$plot.svg" <<<"$plots" || fail "no plot $plot.svg"
done

for way in encap:1.5 decap:1.8; do
	path=${way%:*} limit=${way#*:}
	verdict stages "$path, 64 B, 256 peers" "(.rows[] | select(.path == \"$path\") | .floors) = $limit" yes
	verdict stages "$path, 64 B, 256 peers" "(.rows[] | select(.path == \"$path\") | .floors) = $limit + 0.01" '\*\*no\*\*'
done
zipf='.rows[] | select(.mix == "zipf" and .peers == 65536)'
verdict stages "65,536 peers" "($zipf | .cycles_per_packet) = 1" yes
verdict stages "65,536 peers" "($zipf | .cycles_per_packet) = 9999" '\*\*no\*\*'
verdict core "decap beside the best" '(.rows[] | .ratio_to_ovs? | values) = 5.5' yes
verdict core "decap beside the best" '(.rows[] | select(.sink == "null") | .ratio_to_ovs? | values) = 5.49' '\*\*no\*\*'
verdict core "decap beside testpmd" '(.rows[] | .ratio_to_testpmd? | values) = 0.5' yes
verdict core "encap beside the best" '.rounds += 1' 'not measured'
verdict pvp "busy cycles per packet beside testpmd" '(.rows[].busy_ovnet_to_this) = 1.6' yes
verdict pvp "busy cycles per packet beside testpmd" '(.rows[].busy_ovnet_to_this) = 1.7' '\*\*no\*\*'
verdict churn "packets lost" '.lost = 1' '\*\*no\*\*'
verdict churn "packets lost" '.lost = 0 | .sent += 1' yes
verdict churn "p99.9 beside" '.p999_ratio = 2' yes
verdict churn "p99.9 beside" '.p999_ratio = 2.01' '\*\*no\*\*'
verdict scale "two workers" '(.rows[] | select(.workers == 2) | .ratio_to_one) = 1.9' yes
verdict scale "two workers" '(.rows[] | select(.what == "encap" and .workers == 2) | .ratio_to_one) = 1.8' '\*\*no\*\*'
verdict latency "p99 at 50 % load" '(.rows[].ratio_to_testpmd) = 1.5' yes
verdict latency "p99 at 50 % load" '(.rows[] | select(.load_percent == 50) | .ratio_to_testpmd) = 2' '\*\*no\*\*'

fresh
rm "$dir/run/pvp.json" "$dir/run/core.json"
echo '{"bench": "all", "verbs": [{"verb": "pvp", "outcome": "failed", "seconds": 3, "why": "FAIL: it broke"}]}' \
	>"$dir/run/all.json"
report
says '^\*\*failed: FAIL: it broke\*\*' "though pvp failed"
says '^\| pvp \|.*not measured' "though pvp failed"
says 'not measured: `perf/run.sh core`' "though there is no core.json"
says '^\| core \|.*not measured' "though there is no core.json"

fresh
report
printf 'a\n<!-- perf/report.sh: summary -->\nold\n<!-- end -->\nb\n' >"$dir/README.md"
"$root/perf/report/main.py" --verbs "core" --out "$text" --into "$dir/README.md" --files "$dir"/run/*.json
text=$dir/README.md
says '^\| decap into null \|' "in the excerpt"
says '\[the report\]\(run/REPORT.md\)' "in the excerpt"
says '^b$' "behind the excerpt"
! grep -q '^old$' "$text" || fail "the excerpt is not new"
cp "$text" "$dir/once"
"$root/perf/report/main.py" --verbs "core" --out "$dir/run/REPORT.md" --into "$text" --files "$dir"/run/*.json
cmp -s "$text" "$dir/once" || fail "the excerpt differs when it is made again"

# refuses WHAT COMMAND...: an error that says so.
refuses() {
	local said
	! said=$("${@:2}" 2>&1) || fail "no error: $1"
	[[ $said == *"$1"* ]] || fail "not '$1' but: $said"
}

echo none >"$dir/plain.md"
refuses "put lines" "$root/perf/report/main.py" --verbs core --out "$dir/run/REPORT.md" --into "$dir/plain.md" \
	--files "$dir/run/core.json"
echo '{' >"$dir/run/idle.json"
refuses "idle.json" "$root/perf/report.sh" "$dir/run"
echo '{"bench": "core"}' >"$dir/run/idle.json"
refuses "there is another file of 'core' already" "$root/perf/report.sh" "$dir/run"
mkdir "$dir/empty"
refuses "no JSON in" "$root/perf/report.sh" "$dir/empty"
echo "the report says what was measured, and what not"
