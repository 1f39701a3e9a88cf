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
		echo "addr $words"
	done
}

# What the kernel makes of addresses and router advertisements it makes again.
routes() {
	local family line word words skip
	for family in 4 6; do
		ip -"$family" -o route show table all dev "$1" | while read -r line; do
			case $line in
			"local "* | "broadcast "* | "multicast "* | "anycast "* | *" proto ra "*) continue ;;
			*nexthop*)
				warn "the route '${line%% *}' has several next hops: it is not kept"
				continue
				;;
			esac
			words='' skip=''
			set -f
			for word in $line; do
				[ -z "$skip" ] || { skip='' && continue; }
				case $word in
				nhid | error) skip=1 ;;
				linkdown | dead | pervasive | offload | trap | rt_offload | rt_trap) ;;
				*sec) words+=" ${word%sec}" ;;
				*) words+=" $word" ;;
				esac
			done
			echo "route$family$words"
		done
	done
}

neighbours() {
	local to kind lladdr rest
	ip neigh show dev "$1" nud permanent | while read -r to kind lladdr rest; do
		[ "$kind" != lladdr ] || echo "neigh $to lladdr $lladdr nud permanent"
	done
}

# remember ADDRESS DRIVER IFACE TWIN
remember() {
	local new=$STATE/$1.new iface=$3 flags
	rm -f "$new"
	(
		umask 077
		exec >"$new"
		echo "ovnet-nic 1"
		echo "driver $2"
		echo "twin $4"
		if [ -n "$iface" ]; then
			flags=$(<"$NET/$iface/flags")
			echo "iface $iface"
			echo "mac $(<"$NET/$iface/address")"
			echo "mtu $(<"$NET/$iface/mtu")"
			echo "up $((flags & 1))"
			addresses "$iface"
			routes "$iface"
			neighbours "$iface"
		fi
	) && mv "$new" "$STATE/$1" && return 0
	rm -f "$new"
	return 1
}

# What is noted, checked before it is used: to NOTED (key -> value) and LINES (of ip's words).

declare -A NOTED
LINES=()

recall() {
	local key value
	NOTED=() LINES=()
	[ -e "$STATE/$1" ] || return 1
	while read -r key value; do
		[[ $value =~ ^[A-Za-z0-9_.:/@\ -]*$ ]] || die "$STATE/$1: '$key $value' was not written by take"
		case $key in
		addr | route4 | route6 | neigh) LINES+=("$key $value") ;;
		ovnet-nic | driver | twin | iface | mac | mtu | up) NOTED[$key]=$value ;;
		*) die "$STATE/$1: '$key' was not written by take" ;;
		esac
	done <"$STATE/$1"
	[ "${NOTED[ovnet-nic]:-}" = 1 ] && [[ ${NOTED[driver]:-} =~ ^[A-Za-z0-9_-]*$ ]] &&
		[[ ${NOTED[mtu]:-0} =~ ^[0-9]+$ ]] || die "$STATE/$1 was not written by take"
	[ -z "${NOTED[iface]:-}" ] || is_iface "${NOTED[iface]}" || die "$STATE/$1: no name of an interface"
	[ -z "${NOTED[twin]:-}" ] || is_iface "${NOTED[twin]}" || die "$STATE/$1: no name of a twin"
}

# restore DEV: routes that others lead through come first.
restore() {
	local dev=$1 pass line words failed=0
	[ -z "${NOTED[mtu]:-}" ] || ip link set dev "$dev" mtu "${NOTED[mtu]}" || failed=1
	[ "${NOTED[up]:-1}" = 0 ] || ip link set dev "$dev" up || failed=1
	for pass in addr near far neigh; do
		for line in "${LINES[@]}"; do
			read -ra words <<<"$line"
			case $pass:$line in
			addr:addr\ *) ip addr replace "${words[@]:1}" dev "$dev" ;;
			near:route?\ *\ via\ *) ;;
			near:route?\ * | far:route?\ *\ via\ *)
				ip -"${words[0]#route}" route replace "${words[@]:1}" dev "$dev" ;;
			neigh:neigh\ *) ip neigh replace "${words[@]:1}" dev "$dev" ;;
			esac || { warn "not on $dev: $line" && failed=1; }
		done
	done
	return $failed
}
