/* SPDX-License-Identifier: BSD-3-Clause */
#include "expression.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "base/packet_record.h"
#include "command.h"

/* NULL with what libpcap says in `err`. */
static json_t *compile(const char *text, int link, char *err, size_t size)
{
	pcap_t *p = pcap_open_dead(link, PACKET_RECORD_SNAP_MAX);
	struct bpf_program program;
	json_t *list = NULL;

	if (p == NULL) {
		snprintf(err, size, "no memory");
		return NULL;
	}
	if (pcap_compile(p, &program, text, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(err, size, "%s", pcap_geterr(p));
	} else {
		list = json_array();
		for (unsigned i = 0; i < program.bf_len; i++)
			json_array_append_new(list,
				json_pack("[i,i,i,I]", (int)program.bf_insns[i].code,
					(int)program.bf_insns[i].jt, (int)program.bf_insns[i].jf,
					(json_int_t)program.bf_insns[i].k));
		pcap_freecode(&program);
	}
	pcap_close(p);
	return list;
}

static void complain(const char *text, const char *why)
{
	char line[1024];

	snprintf(line, sizeof(line), "\"%s\": %s; see pcap-filter(7)", text, why);
	(void)command_failed(line);
}

json_t *expression_outer(const char *text)
{
	char err[PCAP_ERRBUF_SIZE + 64], ignored[sizeof(err)];
	json_t *ether = compile(text, DLT_EN10MB, err, sizeof(err));

	if (ether == NULL) {
		complain(text, err);
		return NULL;
	}
	return json_pack("{s:o,s:o*}", "ether", ether, "raw",
		compile(text, DLT_RAW, ignored, sizeof(ignored)));
}

json_t *expression_inner(const char *text)
{
	char err[PCAP_ERRBUF_SIZE + 64];
	json_t *raw = compile(text, DLT_RAW, err, sizeof(err));

	if (raw == NULL)
		complain(text, err);
	return raw;
}
