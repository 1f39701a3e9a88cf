#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Checks what a compiler does not: form, spelling, sizes, who includes whom. Each finding is
# file:line and the cure.
#
#   scripts/lint.sh [CHECK...]     all of them without an argument; --list names them
set -uo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1

CHECKS="format includes frees spelling shell lua license size units"
MAX_FILE=500 MAX_FUNCTION=80
# Of 100: what `systemd-analyze security` says of a unit without any sandbox, 92 to 96.
MAX_EXPOSURE=32

# tracked PATTERN...: files of the tree, new ones included, deleted ones not.
tracked() {
	git ls-files -co --exclude-standard -- "$@" | sort -u | while read -r f; do
		[ ! -f "$f" ] || echo "$f"
	done
}

c_files() {
	tracked '*.c' '*.h'
}

shell_files() {
	tracked | xargs -r awk 'FNR == 1 {
		if (/^#!.*sh/ || FILENAME ~ /\.sh$/) print FILENAME
		nextfile
	}'
}

lint_format() {
	c_files | xargs -r clang-format --dry-run -Werror --ferror-limit=3 2>&1 |
		sed -n 's/: error: code should be clang-formatted.*/: run clang-format -i on it/p' |
		sort -u
}

lint_includes() {
	c_files | xargs -r test/lint/include_edges.py
	c_files | xargs -r test/lint/file_circles.py
}

lint_frees() {
	tracked 'lib/path/*.c' 'lib/path/*.h' | grep -v '^lib/path/drop\.c$' |
		xargs -r grep -nHE '\brte_(pktmbuf_free|mbuf_raw_free|mempool_put)' |
		grep -v '#pragma' |
		sed -E 's/^([^:]*:[0-9]+):.*/\1: only drop.c frees packets here: call drop(), with a reason/'
}

lint_spelling() {
	tracked | grep -vE '^(LICENSE$|test/fuzz/corpus/)' | xargs -r codespell --ignore-words-list \
		"$(paste -sd, test/lint/words)" 2>&1 |
		sed -E 's/^([^:]*:[0-9]+): /\1: misspelt: /; s/$/ (or add the word to test\/lint\/words)/'
}

lint_shell() {
	shell_files | xargs -r shellcheck -f gcc 2>&1
}

# luac5.4 stops at the first fault of a file.
lint_lua() {
	tracked '*.lua' | while read -r f; do
		luac5.4 -p -- "$f" 2>&1 | sed 's/^luac5.4: //'
	done
}

# The first line, or the second after a shebang.
lint_license() {
	{
		tracked '*.c' '*.h' '*.py' '*.sh' '*.lua' '*meson.build' '*.conf'
		shell_files
	} | sort -u | xargs -r awk 'BEGIN {
		for (i = 1; i < ARGC; i++) {
			line = 1
			text = ""
			getline text < ARGV[i]
			if (text ~ /^#!/) {
				line = 2
				text = ""
				getline text < ARGV[i]
			}
			close(ARGV[i])
			if (text !~ /SPDX-License-Identifier: BSD-3-Clause/)
				print ARGV[i] ":" line ": put \047SPDX-License-Identifier: BSD-3-Clause\047 on this line"
		}
	}'
}

lint_size() {
	{
		c_files
		shell_files
		tracked '*.py' '*.lua' '*meson.build'
	} | sort -u | xargs -r wc -l | awk -v max="$MAX_FILE" '$2 != "total" && $1 > max {
		print $2 ":" $1 ": longer than " max " lines: split it by topic" }'
	c_files | ctags -L - --languages=C --langmap=C:.c.h --kinds-C=f --fields=+ne -f - 2>/dev/null |
		awk -F'\t' -v max="$MAX_FUNCTION" '
			match($0, /\tline:[0-9]+/) { from = substr($0, RSTART + 6, RLENGTH - 6) }
			match($0, /\tend:[0-9]+/) { to = substr($0, RSTART + 5, RLENGTH - 5)
				if (to - from + 1 > max) print $2 ":" from ": " $1 " is longer than " \
					max " lines: split it" }'
}

# Would systemd take the unit, and is what it may do as little as it was?
lint_units() {
	local unit dir
	dir=$(mktemp -d)
	tracked 'systemd/*.service.in' | while read -r unit; do
		# What it starts is not installed here.
		sed -E 's,^(Exec[A-Za-z]*=-?)@[a-z]+@[^ ]*,\1/bin/true,' "$unit" >"$dir/$(basename "$unit" .in)"
		systemd-analyze verify --man=no "$dir/$(basename "$unit" .in)" 2>&1 |
			sed -E "s,^[^:]*:([0-9]+): ,$unit:\1: ,; t; s,^,$unit:1: ,"
		systemd-analyze security --offline=true --no-pager --threshold="$MAX_EXPOSURE" \
			"$dir/$(basename "$unit" .in)" >"$dir/out" 2>&1 ||
			echo "$unit:1: its sandbox is weaker than $MAX_EXPOSURE: $(tail -n 1 "$dir/out")"
	done
	rm -rf "$dir"
}

# cannot CHECK: not here, and why. Each release of clang-format forms some lines its own way; that of
# Debian 12 counts.
cannot() {
	[ "$1" = units ] && ! systemd-analyze --version >/dev/null 2>&1 &&
		echo "SKIP: units wants systemd-analyze"
	[ "$1" = format ] && ! clang-format --version | grep -q ' version 14\.' &&
		echo "SKIP: format wants clang-format 14, here is $(clang-format --version)"
}

if [ "${1:-}" = --list ]; then
	echo "$CHECKS"
	exit 0
fi
failed=0
read -ra all <<<"$CHECKS"
[ $# -gt 0 ] || set -- "${all[@]}"

for check in "$@"; do
	[[ " $CHECKS " == *" $check "* ]] || { echo "lint.sh: no check $check" >&2 && exit 2; }
	if cannot "$check"; then
		[ $# -gt 1 ] || exit 77
		continue
	fi
	found=$("lint_$check")
	if [ -n "$found" ]; then
		printf '%s\n' "$found"
		failed=1
	fi
done
exit $failed
