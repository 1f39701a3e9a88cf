/* SPDX-License-Identifier: BSD-3-Clause */
/* The options' numbers (RFC 8415 section 21, RFC 3646). Private to lib/packet. */
#ifndef OVNET_PACKET_DHCP6_MSG_H
#define OVNET_PACKET_DHCP6_MSG_H

enum dhcp6_option {
	DHCP6_CLIENT_ID = 1,
	DHCP6_SERVER_ID = 2,
	DHCP6_IA_NA = 3,
	DHCP6_IA_TA = 4,
	DHCP6_ADDRESS = 5,
	DHCP6_LIST = 6,
	DHCP6_PREFERENCE = 7,
	DHCP6_STATUS = 13,
	DHCP6_RAPID_COMMIT = 14,
	DHCP6_DNS = 23,
	DHCP6_DOMAINS = 24,
	DHCP6_IA_PD = 25,
};

enum dhcp6_status {
	DHCP6_SUCCESS = 0,
	DHCP6_NO_ADDRS = 2,
	DHCP6_NO_BINDING = 3,
	DHCP6_NOT_ON_LINK = 4,
	DHCP6_NO_PREFIX = 6,
};

#define DHCP6_HEADER   4  /* type, transaction */
#define DHCP6_OPTION   4  /* code, length */
#define DHCP6_ADDR_LEN 24 /* address, two lifetimes; options may follow */

#endif
