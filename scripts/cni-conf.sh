#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A CNI network out of subnet.env, of the standard plugins alone: the bridge and host-local
# configuration that flannel's CNI plugin hands on, for podman, cri-o, containerd without that plugin.
# Where a part of the subnet is for VMs, host-local is kept out of that.

usage() {
	cat <<-END
		$0 [-f ENV-FILE] [-o OUT] [-n NAME] [-b BRIDGE] [-g]

		Writes a CNI network configuration as the subnet file asks for it, with the plugins bridge,
		host-local and portmap. Make it anew when the file changes: another subnet or MTU.
		  -f  the subnet file (/run/flannel/subnet.env)
		  -o  the file to write, /etc/cni/net.d/10-ovnet.conflist for example (standard output)
		  -n  name of the network (ovnet)
		  -b  name of the bridge (cni0)
		  -g  the bridge is the containers' default gateway: they reach the world as well. Without it
		      they have a route to the overlay alone, which is what flannel's plugin gives them

	END
}

refuse() {
	echo "cni-conf.sh: $*" >&2
	exit 1
}

subnet_file=/run/flannel/subnet.env
out='' name=ovnet bridge=cni0 default_gateway=false
case ${1-} in
--help) usage && exit 0 ;;
esac
while getopts "f:o:n:b:gh" option; do
	case $option in
	f) subnet_file=$OPTARG ;;
	o) out=$OPTARG ;;
	n) name=$OPTARG ;;
	b) bridge=$OPTARG ;;
	g) default_gateway=true ;;
	h) usage && exit 0 ;;
	*) usage >&2 && exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 0 ] || { usage >&2 && exit 2; }
# As CNI has it, and Linux its interfaces.
case $name in
[!A-Za-z0-9]* | *[!A-Za-z0-9_.-]* | '') refuse "-n $name: not the name of a network" ;;
esac
case $bridge in
*[!A-Za-z0-9_.-]* | '' | . | .. | ????????????????*) refuse "-b $bridge: not the name of an interface" ;;
esac

# Nothing in the file is run.
network='' subnet='' network6='' subnet6='' mtu='' ip_masq=''
first='' last='' first6='' last6='' written_over=''
[ -f "$subnet_file" ] && [ -r "$subnet_file" ] ||
	refuse "cannot read $subnet_file: is ovnetd running, does its --subnet-file name another?"
while IFS='=' read -r key value || [ -n "$key" ]; do
	case $key in
	FLANNEL_NETWORK) network=$value ;;
	FLANNEL_SUBNET) subnet=$value ;;
	FLANNEL_IPV6_NETWORK) network6=$value ;;
	FLANNEL_IPV6_SUBNET) subnet6=$value ;;
	FLANNEL_MTU) mtu=$value ;;
	FLANNEL_IPMASQ) ip_masq=$value ;;
	OVNET_RANGE_START) first=$value ;;
	OVNET_RANGE_END) last=$value ;;
	OVNET_IPV6_RANGE_START) first6=$value ;;
	OVNET_IPV6_RANGE_END) last6=$value ;;
	DOCKER_*) written_over=yes ;;
	esac
done <"$subnet_file"

missing=''
[ -n "$network$network6" ] || missing="$missing, FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK"
[ -n "$subnet$subnet6" ] || missing="$missing, FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET"
[ -n "$mtu" ] || missing="$missing, FLANNEL_MTU"
[ -n "$ip_masq" ] || missing="$missing, FLANNEL_IPMASQ"
cure=' (the options of docker were written over it: give mk-docker-opts.sh another -d, restart ovnetd)'
[ -z "$missing" ] || refuse "$subnet_file is missing ${missing#, }${written_over:+$cure}"

# is REGEX WHAT VALUE
is() {
	printf '%s\n' "$3" | grep -Eqx -- "$1" || refuse "$subnet_file: $2=$3: not what it has to be"
}
v4='(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])'
v4="$v4(\\.$v4){3}"
v6='[0-9A-Fa-f:]*:[0-9A-Fa-f:]*'
len4='/(3[0-2]|[12]?[0-9])' len6='/(12[0-8]|1[01][0-9]|[1-9]?[0-9])'
[ -z "$network" ] || is "$v4$len4(,$v4$len4)*" FLANNEL_NETWORK "$network"
[ -z "$subnet" ] || is "$v4$len4" FLANNEL_SUBNET "$subnet"
[ -z "$network6" ] || is "$v6$len6(,$v6$len6)*" FLANNEL_IPV6_NETWORK "$network6"
[ -z "$subnet6" ] || is "$v6$len6" FLANNEL_IPV6_SUBNET "$subnet6"
is '[1-9][0-9]{0,4}' FLANNEL_MTU "$mtu"
is 'true|false' FLANNEL_IPMASQ "$ip_masq"
[ -z "$first$last" ] || { is "$v4" OVNET_RANGE_START "$first" && is "$v4" OVNET_RANGE_END "$last"; }
[ -z "$first6$last6" ] || {
	is "$v6" OVNET_IPV6_RANGE_START "$first6" && is "$v6" OVNET_IPV6_RANGE_END "$last6"
}

# prefix ADDRESS/LENGTH: the network it is in, either IP version: host-local refuses host bits.
prefix() {
	printf '%s\n' "$1" | awk -F/ '
	function hex(s,   i, n) {
		for (i = 1; i <= length(s); i++)
			n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return n + 0
	}
	function keep(value, bits, width,   below) { # its first bits
		below = 1
		for (bits = bits < 0 ? 0 : bits; bits < width; bits++)
			below *= 2
		return value - value % below
	}
	$1 !~ /:/ {
		split($1, part, ".")
		for (i = 1; i <= 4; i++)
			text = text (i > 1 ? "." : "") keep(part[i], $2 - 8 * (i - 1), 8)
		print text "/" $2
		next
	}
	{
		sides = split(tolower($1), side, "::")
		n = split(side[1], part, ":")
		m = sides > 1 ? split(side[2], behind, ":") : 0
		if (sides > 2 || (sides > 1 ? n + m > 7 : n != 8))
			exit 1
		for (i = n + 1; i <= 8; i++)
			part[i] = i > 8 - m ? behind[i - 8 + m] : 0
		for (i = 1; i <= 8; i++) {
			if (length(part[i]) > 4 || part[i] == "")
				exit 1
			group[i] = keep(hex(part[i]), $2 - 16 * (i - 1), 16)
			if (group[i])
				last = i
		}
		for (i = 1; i <= last; i++)
			text = text (i > 1 ? ":" : "") sprintf("%x", group[i])
		print text (last < 8 ? last < 7 ? "::" : ":0" : "") "/" $2
	}'
}

# range SUBNET FIRST LAST
range() {
	net=$(prefix "$1") && [ -n "$net" ] || refuse "$subnet_file: $1 is not a subnet"
	printf '[{"subnet": "%s"' "$net"
	[ -z "$2" ] || printf ', "rangeStart": "%s", "rangeEnd": "%s"' "$2" "$3"
	printf '}]'
}

ranges=$([ -z "$subnet" ] || range "$subnet" "$first" "$last") || exit 1
ranges6=$([ -z "$subnet6" ] || range "$subnet6" "$first6" "$last6") || exit 1
routes=$(printf '%s\n' "$network,$network6" | tr ',' '\n' | while read -r net; do
	[ -z "$net" ] || printf '{"dst": "%s"}, ' "$(prefix "$net")"
done)
case $routes in
*'""'*) refuse "$subnet_file: not all of $network $network6 are networks" ;;
esac

configuration() {
	cat <<-END
		{
		    "cniVersion": "0.3.1",
		    "name": "$name",
		    "plugins": [
		        {
		            "type": "bridge",
		            "bridge": "$bridge",
		            "ipMasq": $([ "$ip_masq" = true ] && echo false || echo true),
		            "mtu": $mtu,
		            "isGateway": true,
		            "isDefaultGateway": $default_gateway,
		            "ipam": {
		                "type": "host-local",
		                "ranges": [$ranges${ranges6:+${ranges:+, }}$ranges6],
		                "routes": [${routes%, }]
		            }
		        },
		        {"type": "portmap", "capabilities": {"portMappings": true}}
		    ]
		}
	END
}

if [ -z "$out" ]; then
	configuration
	exit
fi
# Whole or not at all: who watches that directory takes names that end like OUT.
new=$(mktemp "$out.XXXXXX") || exit 1
trap 'rm -f "$new"' EXIT
configuration >"$new" && chmod 644 "$new" && mv "$new" "$out"
