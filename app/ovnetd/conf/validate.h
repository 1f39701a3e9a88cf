/* SPDX-License-Identifier: BSD-3-Clause */
/* What a setting's text must look like. All return 0 or negative errno. Pure but for check_file. */
#ifndef OVNET_APP_CONF_VALIDATE_H
#define OVNET_APP_CONF_VALIDATE_H

#include <assert.h>

/* "inherit": -1; a number up to `max`: it; anything else: -EINVAL. */
int inherit_or_number(const char *text, int max);

int check_endpoints(const char *text);
int check_path_or_none(const char *text);
int check_not_empty(const char *text);
int check_file(const char *text); /* readable, or "" */
int check_iface(const char *text);
int check_regex(const char *text);
int check_ifname(const char *text);
int check_iface_name_or_none(const char *text);
int check_twin(const char *text);
int check_pci_or_none(const char *text); /* "0000:3b:00.0", "3b:00.0" */
int check_port_name_or_none(const char *text);
int check_addr(const char *text);
int check_public_ip(const char *text);
int check_public_ipv6(const char *text);
int check_ingress(const char *text);
int check_dscp(const char *text);
int check_ttl(const char *text);
int check_server_name(const char *text); /* or "" */
int check_cpus(const char *text);
int check_vm_pool(const char *text);
int check_vm_dns(const char *text);
int check_vm_routes(const char *text);
int check_domain_or_none(const char *text);
int check_socket_dir(const char *text);
int check_socket(const char *text);
int check_socket_or_none(const char *text);
int check_mode(const char *text);
int check_mode_or_none(const char *text);
int check_owner_or_none(const char *text); /* its form; whether there is such a user: when used */

/* `member` is a struct conf_uplink: address_net and address are one setting. */
int parse_uplink_address(void *member, const char *text);
/* `member` is a struct conf_port: MAC and whether there is one, addresses and how many. */
int parse_port_mac(void *member, const char *text);
int parse_port_addresses(void *member, const char *text);
int parse_unicast4(void *member, const char *text); /* struct ovnet_addr */
int parse_mac(void *member, const char *text);      /* struct ovnet_mac */

#endif
