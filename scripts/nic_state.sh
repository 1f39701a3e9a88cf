# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the kernel had on a NIC: noted, checked, and put on an interface. Sourced by nic.sh.

# What an interface has, a line each, as words for `ip`.

# "inet 10.0.0.5 peer 10.0.0.6/32 brd ... scope global dynamic eth0\ valid_lft 5sec preferred_lft 4sec"
addresses() {
	local family first rest word words lifetime
	ip -o addr show dev "$1" | while read -r _ _ family first rest; do
		[[ $family == inet* && " $rest " != *" temporary "* ]] || continue
		lifetime=${rest#*\\} rest=${rest%%\\*}
		words=$first
		[ "$family" = inet ] || words+=" nodad"
		set -f
		# shellcheck disable=SC2086
		set -- $rest
		while [ $# -gt 0 ]; do
			case $1 in
			peer | brd | scope | metric) words+=" $1 $2" && shift ;;
			noprefixroute | home | mngtmpaddr | autojoin) words+=" $1" ;;
			esac
			shift
		done
		if [[ " $rest " == *" dynamic "* ]]; then
			for word in $lifetime; do
				words+=" ${word%sec}"
			done
		fi
		echo "addr $words" || exit
	done
}

# What the routing tables say of a device, as words for `ip`, the device itself as "dev .".
#   route4, route6  a route; one of IPv4 with several next hops is one with all of them, IPv6 joins them itself
#   first4          before another device's of the same rank, so the one that is taken
# What the kernel makes of addresses it makes again, unless they are noprefixroute (kernel=1). Of what router
# advertisements brought, the kernel's own are kept until the next one comes, behind it: two of the same rank
# would have the kernel refuse the advertisement (ra=1).
# shellcheck disable=SC2016
ROUTES='
function words(from, to,    i, out) {
	for (i = from; i <= to; i++) {
		if ($i == "nhid" || $i == "error") { i++; continue }
		if ($i ~ /^(linkdown|dead|pervasive|unresolved|notify|(rt_)?(offload|offload_failed|trap))$/) continue
		if ($i == "dev" && $(i + 1) == dev) { out = out " dev ."; i++; continue }
		out = out " " ($i ~ /^[0-9]+sec$/ ? substr($i, 1, length($i) - 3) : $i)
	}
	return out
}
function value(word,    i) {
	for (i = 2; i < NF; i++) if ($i == word) return $(i + 1)
	return ""
}
function keep(text) { kept[++n] = text; of[n] = key }
$1 ~ /^(local|broadcast|multicast|anycast)$/ { next }
{
	gsub(/\\/, " ")
	key = $1 " " value("table") " " value("metric") " " value("tos")
	ours = hops = 0
	for (i = 2; i <= NF; i++) {
		if ($i == "nexthop") hop[++hops] = i
		if ($(i - 1) == "dev" && $i == dev) ours = 1
	}
	hop[hops + 1] = NF + 1
}
!ours {
	if (key in at) ahead[at[key]] = 1
	seen[key] = 1
	next
}
{
	proto = value("proto")
	if (proto == "ra" && ra)
		for (i = 2; i <= NF; i++) if ($(i - 1) == "metric") $i = $i + 1
	made[n + 1] = proto == "kernel" && !kernel
	if (family == 4 && !(key in seen)) at[key] = n + 1
	seen[key] = 1
	if (family == 4 || !hops) keep(words(1, NF))
	else for (i = 1; i <= hops; i++) {
		text = words(hop[i], hop[i + 1] - 1)
		if (text ~ / dev \./) keep(words(1, hop[1] - 1) text)
	}
}
END {
	for (i = 1; i <= n; i++)
		if (ahead[i]) print "first" family kept[i]
		else if (!made[i]) print "route" family kept[i]
}'

routes() {
	local family kernel='' ra='' conf=/proc/sys/net/ipv6/conf/$1
	[[ $(ip -o addr show dev "$1") != *" noprefixroute "* ]] || kernel=1
	[ ! -e "$conf" ] || case $(<"$conf/accept_ra")$(<"$conf/forwarding") in
	2* | 10) ra=1 ;;
	esac
	for family in 4 6; do
		ip -$family -o route show table all |
			awk -v dev="$1" -v family=$family -v kernel="$kernel" -v ra="$ra" "$ROUTES" || return
	done
}

# What is not as the kernel would make it for any interface.
SETTINGS="ipv4/rp_filter ipv4/forwarding ipv4/arp_ignore ipv4/arp_announce ipv4/arp_filter ipv4/accept_local
	ipv6/disable_ipv6 ipv6/forwarding ipv6/accept_ra ipv6/addr_gen_mode"

settings() {
	local name at=/proc/sys/net is
	for name in $SETTINGS; do
		[ -e "$at/${name%/*}/conf/$1" ] || continue
		is=$(<"$at/${name%/*}/conf/$1/${name#*/}") || return
		[ "$is" = "$(<"$at/${name%/*}/conf/default/${name#*/}")" ] || echo "sysctl $name $is" || return
	done
}

neighbours() {
	local to kind lladdr rest
	ip neigh show dev "$1" nud permanent | while read -r to kind lladdr rest; do
		[ "$kind" != lladdr ] || echo "neigh $to lladdr $lladdr nud permanent" || exit
	done
}

# noted DRIVER IFACE TWIN NOIOMMU
noted() {
	local iface=$2 flags
	set -o pipefail
	echo "ovnet-nic 1" && echo "driver $1" && echo "twin $3" && echo "noiommu $4" || return
	if [ -n "$iface" ]; then
		flags=$(<"$NET/$iface/flags") && echo "up $((flags & 1))" && echo "iface $iface" &&
			echo "mac $(<"$NET/$iface/address")" && echo "mtu $(<"$NET/$iface/mtu")" &&
			settings "$iface" && addresses "$iface" && routes "$iface" && neighbours "$iface" || return
	fi
	echo "end"
}

# remember ADDRESS DRIVER IFACE TWIN NOIOMMU: whole, or not at all, as the interface is gone then.
remember() {
	local new=$STATE/$1.new
	rm -f "$new" "$STATE/$1.twin"
	(umask 077 && noted "${@:2}" >"$new") && (recall "$1.new") && mv "$new" "$STATE/$1" && return 0
	rm -f "$new"
	return 1
}

# What is noted, checked before it is used: to NOTED (key -> value) and KEPT (lines of ip's words).

declare -A NOTED
KEPT=()

recall() {
	local key value
	NOTED=() KEPT=()
	[ -e "$STATE/$1" ] || return 1
	while read -r key value; do
		[[ -z ${NOTED[end]:-} && $value =~ ^[A-Za-z0-9_.:/@\ -]*$ ]] ||
			die "$STATE/$1: '$key $value' is nothing that take can note"
		case $key in
		addr | route4 | route6 | first4 | neigh | sysctl) KEPT+=("$key $value") ;;
		ovnet-nic | driver | twin | noiommu | iface | mac | mtu | up) NOTED[$key]=$value ;;
		end) NOTED[end]=1 ;;
		*) die "$STATE/$1: '$key' was not written by take" ;;
		esac
	done <"$STATE/$1"
	[ "${NOTED[ovnet-nic]:-}${NOTED[end]:-}" = 11 ] && [[ ${NOTED[driver]:-} =~ ^[A-Za-z0-9_-]*$ ]] &&
		[[ ${NOTED[mtu]:-0} =~ ^[0-9]+$ ]] || die "$STATE/$1 was not written by take, or not to its end"
	[ -z "${NOTED[iface]:-}" ] || is_iface "${NOTED[iface]}" || die "$STATE/$1: no name of an interface"
	[ -z "${NOTED[twin]:-}" ] || is_iface "${NOTED[twin]}" || die "$STATE/$1: no name of a twin"
}

# put_setting DEV NAME VALUE: the host works without it, too.
put_setting() {
	[[ " ${SETTINGS//[$'\n\t']/ } " == *" $2 "* ]] || return
	[ ! -e "/proc/sys/net/${2%/*}/conf/$1" ] || put "/proc/sys/net/${2%/*}/conf/$1/${2#*/}" "$3" || return 0
}

# put_route DEV KEY WORD...: beside what other devices have, which `replace` would take the place of.
put_route() {
	local dev=$1 family=${2: -1} verb=append words=() hop=0 gone='' before='' word err
	for word in "${@:3}"; do
		[ "$word" != nexthop ] || gone='' hop=${#words[@]}
		[ -z "$gone" ] || continue
		if [ "$before" = dev ]; then
			[ "$word" != . ] || word=$dev
			[ -e "$NET/$word" ] || gone=1
		fi
		[ -z "$gone" ] || { warn "no $word for a next hop of $3" && words=("${words[@]:0:hop}") && continue; }
		words+=("$word")
		before=$word
	done
	if [ "$2" = first4 ]; then
		verb=prepend
		ip -4 route del "${words[@]}" 2>/dev/null
	fi
	err=$(ip -"$family" route $verb "${words[@]}" 2>&1) || [[ $err == *"File exists"* ]] || { warn "$err" && return 1; }
}

# restore DEV: routes that others lead through come first.
restore() {
	local dev=$1 pass line words failed=0
	for pass in sysctl link addr near far neigh; do
		if [ $pass = link ]; then
			[ -z "${NOTED[mtu]:-}" ] || ip link set dev "$dev" mtu "${NOTED[mtu]}" || failed=1
			[ "${NOTED[up]:-1}" = 0 ] || ip link set dev "$dev" up || failed=1
		fi
		for line in "${KEPT[@]}"; do
			read -ra words <<<"$line"
			case $pass:$line in
			sysctl:sysctl\ *) put_setting "$dev" "${words[@]:1}" ;;
			addr:addr\ *) ip addr replace "${words[@]:1}" dev "$dev" ;;
			near:*\ via\ *) ;;
			near:route?\ * | near:first4\ * | far:route?\ *\ via\ * | far:first4\ *\ via\ *)
				put_route "$dev" "${words[@]}" ;;
			neigh:neigh\ *) ip neigh replace "${words[@]:1}" dev "$dev" ;;
			esac || { warn "not on $dev: $line" && failed=1; }
		done
	done
	return $failed
}
