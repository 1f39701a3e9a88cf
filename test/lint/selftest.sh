#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every check of scripts/lint.sh can fail: in a small tree that is clean, one violation at a
# time is planted and has to be found, by file and line.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
git init -q .
mkdir -p scripts test/lint lib/{base,encap,fib,lease,path,port} app
cp "$root/.clang-format" "$root/.shellcheckrc" .
cp "$root/scripts/lint.sh" scripts/
cp "$root"/test/lint/{file_circles.py,include_edges.py,words} test/lint/

c_file() {
	mkdir -p "$(dirname "$1")"
	{ echo '/* SPDX-License-Identifier: BSD-3-Clause */' && cat; } >"$1"
}

c_file lib/base/net.h <<<'int ovnet_x;'
c_file lib/base/rcu.h <<<'#include <rte_rcu_qsbr.h>'
c_file lib/fib/fib.h <<<'#include "base/net.h"'
c_file lib/fib/fib_writer.h <<<'#include "fib/fib.h"'
c_file lib/port/port.h <<<'#include "base/net.h"'
c_file lib/path/drop.c <<<'#include "fib/fib.h"'
c_file app/ovnetd/peers/set.h <<<'#include "base/net.h"'
c_file app/ovnetd/methods/show.c <<<'#include "peers/set.h"'
c_file app/ovnetd/daemon.h <<<'#include "peers/set.h"'
c_file lib/base/b.c <<<$'\nint ovnet_b(void)\n{\n\treturn ovnet_a();\n}'
c_file app/main.c <<<'#include "fib/fib_writer.h"'

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# finds CHECK FILE:LINE WHAT: the file on stdin breaks that rule.
finds() {
	local check=$1 file=${2%:*} line=${2#*:} out
	mkdir -p "$(dirname "$file")"
	cat >"$file"
	out=$(scripts/lint.sh "$check") && fail "$check does not find $3"
	grep -q "^$file:$line:" <<<"$out" || fail "$check finds $3 elsewhere: $out"
	rm "$file"
	scripts/lint.sh "$check" >/dev/null || fail "$check complains without a reason: $(scripts/lint.sh "$check")"
}

out=$(scripts/lint.sh) || fail "the clean tree is not: $out"
S='/* SPDX-License-Identifier: BSD-3-Clause */'

rc=0
scripts/lint.sh format >/dev/null || rc=$?
[ $rc = 77 ] || finds format lib/base/a.c:2 "two blanks" <<<"$S"$'\nint  ovnet_a;'
finds includes lib/base/a.c:3 "base -> fib" <<<"$S"$'\n#include "base/net.h"\n#include "fib/fib.h"'
finds includes lib/base/a.c:2 "no folder" <<<"$S"$'\n#include "net.h"'
finds includes lib/lease/a.c:2 "lease -> port" <<<"$S"$'\n#include "port/port.h"'
finds includes lib/lease/flannel/a.c:2 "flannel -> port" <<<"$S"$'\n#include "port/port.h"'
finds includes lib/lease/a.c:1 "lease -> rte by a header" <<<"$S"$'\n#include "base/rcu.h"'
finds includes lib/encap/a.c:1 "encap -> rte" <<<"$S"$'\n#include <rte_mbuf.h>'
finds includes lib/path/a.c:2 "path -> writer" <<<"$S"$'\n#include "fib/fib_writer.h"'
finds includes app/ovnetd/node/a.c:2 "node -> peers" <<<"$S"$'\n#include "peers/set.h"'
finds includes app/ovnetd/node/a.c:2 "node -> the daemon" <<<"$S"$'\n#include "daemon.h"'
finds includes lib/base/a.c:4 "a circle of files" <<<"$S"$'\nint ovnet_a(void)\n{\n\treturn ovnet_b();\n}'
finds frees lib/path/a.c:3 "a raw free" <<<"$S"$'\n\nrte_pktmbuf_free_bulk(p, n);'
finds spelling lib/base/a.c:2 "a typing error" <<<"$S"$'\n/* rec'"ieve */"
finds shell scripts/a.sh:3 "an unquoted variable" <<<$'#!/bin/sh\n# SPDX-License-Identifier: BSD-3-Clause\nrm $1'
finds lua scripts/a.lua:2 "no Lua" <<<$'-- SPDX-License-Identifier: BSD-3-Clause\nlocal x = = 3'
finds license lib/base/a.h:1 "no license" <<<'int ovnet_a;'
finds license scripts/a:2 "no license behind a shebang" <<<$'#!/bin/sh\ntrue'
finds size lib/base/a.c:501 "a long file" < <(echo "$S" && printf '\n%.0s' {1..500})
finds size lib/base/a.c:2 "a long function" < <(
	printf '%s\nint ovnet_f(void)\n{\n' "$S" && printf '\tovnet_x++;\n%.0s' {1..80} && echo '}'
)
unit=$'[Service]\nExecStart=@sbindir@/x\nDynamicUser=yes\nCapabilityBoundingSet=\nPrivateNetwork=yes
SystemCallFilter=@basic-io\nSystemCallArchitectures=native\nRestrictNamespaces=yes\nPrivateDevices=yes
ProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectKernelLogs=yes\nProtectClock=yes\nProtectHome=yes
RestrictAddressFamilies=none\nMemoryDenyWriteExecute=yes\nPrivateUsers=yes\n'
rc=0
scripts/lint.sh units >/dev/null || rc=$?
if [ $rc = 0 ]; then
	finds units systemd/a.service.in:3 "an unknown setting" <<<"${unit/DynamicUser/DynamikUser}"
	finds units systemd/a.service.in:1 "an open sandbox" <<<$'[Service]\nExecStart=@sbindir@/x'
fi
echo "every check finds what is planted"
