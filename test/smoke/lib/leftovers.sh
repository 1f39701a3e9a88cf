# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Did the lab leave anything on the machine? Compares with what there was before.

firewall_rules() {
	{
		iptables-save 2>/dev/null || true
		ip6tables-save 2>/dev/null || true
		nft list ruleset 2>/dev/null || true
	} | sed '/^#/d; s/\[[0-9:]*\]//'
}

hugepage_files() {
	local mount
	awk '$3 == "hugetlbfs" { print $2 }' /proc/mounts | while read -r mount; do
		find "$mount" -type f 2>/dev/null
	done
	find /run/dpdk -mindepth 1 -maxdepth 1 -name "ovnet-[0-9]*" 2>/dev/null || true
}

# Programs anywhere, other namespaces included. What a living process holds is its own: this is
# asked when the lab's processes are gone.
xdp_programs() {
	local held
	held=$(cat /proc/[0-9]*/fdinfo/* 2>/dev/null | awk '$1 == "prog_id:" { print $2 }' | jq -sc .)
	bpftool -j prog list 2>/dev/null | jq -r --argjson held "${held:-[]}" '.[]
		| select(.type == "xdp" and (.id | IN($held[]) | not)) | "\(.id) \(.name)"'
}

# Everything of ours that could be left, one thing per line. Devices and namespaces by the
# names ovnet and the lab give them: the machine may have a life of its own.
machine_state() {
	ip netns list | awk '$1 ~ /^ov[0-9]+-/ { print "namespace", $1 }'
	ip -o link | awk -F'[:@ ]+' '$2 ~ /^(ovnet|flannel|cni0|fab0)/ { print "device", $2 }'
	awk -v top="$LAB_TOP/" 'index($2, top) == 1 { print "mount", $2 }' /proc/mounts
	ip route show table all proto 111 | sed 's/^/route /'
	hugepage_files | sed 's/^/hugepage file /'
	xdp_programs | awk '/ovnet/ { print "XDP program", $0 }'
	# Where the lab and the preset put them: other tests have theirs elsewhere.
	awk 'NF > 7 { print "socket", $8 }' /proc/net/unix | grep -aE "^socket ($LAB_TOP|/run/ovnet)/" || true
	firewall_rules | sed 's/^/firewall rule /'
	# Others may hold some still; the last one gives all back.
	[ -d "$HUGE_DIR" ] || echo "hugepages $(cat /proc/sys/vm/nr_hugepages)"
}

leftovers_note() {
	machine_state | sort -u
}

# Where others held hugepages before, how many there were without them is not known.
known_before() {
	if grep -q '^hugepages ' <<<"$1"; then
		cat
	else
		grep -av '^hugepages '
	fi
}

# leftovers_new BEFORE: what is there now and was not. While other labs run, what does not carry
# our name may be theirs.
leftovers_new() {
	local pattern="$LAB"
	compgen -G "$LAB_TOP/ov*" >/dev/null || pattern='.'
	machine_state | sort -u | comm -13 <(printf '%s\n' "$1") - | grep -a -- "$pattern" |
		known_before "$1" || true
	lab_pids | sed 's/^/process /'
	lab_cgroups | sed 's/^/cgroup /'
	[ ! -e "$LAB_DIR" ] || echo "directory $LAB_DIR"
}

no_leftovers() {
	[ -z "$(leftovers_new "$1")" ]
}

# leftovers_check BEFORE: namespaces die in the background, so wait a little.
leftovers_check() {
	if retry 10 no_leftovers "$1"; then
		say "nothing is left: no namespace, process, device, route, socket, hugepage," \
			"XDP program or firewall rule"
		return 0
	fi
	say "LEFT BEHIND:"
	leftovers_new "$1" >&2
	failed "left behind: $(leftovers_new "$1" | paste -sd ';')"
	return 1
}
