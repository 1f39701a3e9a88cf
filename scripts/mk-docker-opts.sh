#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Docker's options out of subnet.env, in flannel's form: units written for flannel's script of this
# name run this one unchanged. Where a part of the subnet is for VMs, docker is kept out of that.

usage() {
	cat >&2 <<-END
		$0 [-f FLANNEL-ENV-FILE] [-d DOCKER-ENV-FILE] [-i] [-c] [-m] [-k COMBINED-KEY]

		Writes Docker's options as the subnet file asks for them: --bip, --ip-masq, --mtu,
		and --fixed-cidr where a part of the subnet is for VMs (vm.pool of ovnet.conf).
		  -f  the subnet file (/run/flannel/subnet.env)
		  -d  the file to write (/run/docker_opts.env)
		  -i  one variable for each option, DOCKER_OPT_MTU and so on
		  -c  all options in one variable; without -i and -c, both ways
		  -k  name of that variable (DOCKER_OPTS); what the environment holds by that
		      name stays in front
		  -m  without --ip-masq, for old Dockers

	END
	exit 1
}

subnet_file=/run/flannel/subnet.env
docker_file=/run/docker_opts.env
combined_key=DOCKER_OPTS
each='' combined='' masquerade=yes

while getopts "f:d:icmk:?h" option; do
	case $option in
	f) subnet_file=$OPTARG ;;
	d) docker_file=$OPTARG ;;
	i) each=yes ;;
	c) combined=yes ;;
	m) masquerade='' ;;
	k) combined_key=$OPTARG ;;
	*) usage ;;
	esac
done
[ -n "$each$combined" ] || each=yes combined=yes
case $combined_key in
[!A-Za-z_]* | *[!A-Za-z0-9_]* | '')
	echo "-k $combined_key: not the name of a variable" >&2
	exit 1
	;;
esac

# "." looks for a bare name in PATH.
case $subnet_file in
*/*) ;;
*) subnet_file=./$subnet_file ;;
esac
if [ -f "$subnet_file" ]; then
	# shellcheck disable=SC1090
	. "$subnet_file"
fi

bip=${FLANNEL_SUBNET:+--bip=$FLANNEL_SUBNET}
fixed_cidr=${OVNET_FIXED_CIDR:+--fixed-cidr=$OVNET_FIXED_CIDR}
mtu=${FLANNEL_MTU:+--mtu=$FLANNEL_MTU}
ip_masq=''
# Docker masquerades where the overlay does not.
case ${FLANNEL_IPMASQ-} in
true) ip_masq=--ip-masq=false ;;
false) ip_masq=--ip-masq=true ;;
'') ;;
*)
	echo "Invalid value of FLANNEL_IPMASQ: $FLANNEL_IPMASQ" >&2
	exit 1
	;;
esac
[ -n "$masquerade" ] || ip_masq=''

eval "before=\${$combined_key-}"
{
	if [ -n "$each" ]; then
		[ -z "$bip" ] || echo "DOCKER_OPT_BIP=\"$bip\""
		[ -z "$fixed_cidr" ] || echo "DOCKER_OPT_FIXED_CIDR=\"$fixed_cidr\""
		[ -z "$ip_masq" ] || echo "DOCKER_OPT_IPMASQ=\"$ip_masq\""
		[ -z "$mtu" ] || echo "DOCKER_OPT_MTU=\"$mtu\""
	fi
	if [ -n "$combined" ]; then
		# shellcheck disable=SC2154
		options="$before${before:+ }${bip:+ $bip}${fixed_cidr:+ $fixed_cidr}${ip_masq:+ $ip_masq}${mtu:+ $mtu}"
		echo "$combined_key=\"$options\""
	fi
} >"$docker_file" || exit 1

# network ADDRESS/LENGTH: the prefix it is in.
network() {
	IFS=./ read -r a b c d len <<-END
		$1
	END
	n=$(((a << 24 | b << 16 | c << 8 | d) & ~((1 << (32 - len)) - 1)))
	echo "$((n >> 24 & 255)).$((n >> 16 & 255)).$((n >> 8 & 255)).$((n & 255))/$len"
}

[ -n "${FLANNEL_SUBNET-}" ] || exit 0
route=$(ip -4 route show exact "$(network "$FLANNEL_SUBNET")" 2>/dev/null | grep ' via ')
[ -z "$route" ] || {
	echo "Your routing table already contains the subnet: $route"
	exit 1
}
