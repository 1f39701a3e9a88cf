/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OVNET_BASE_STAGE_H
#define OVNET_BASE_STAGE_H

/* The stages in the packet's order: file, counter, CLI row and trace line share the name. */
#define OVNET_STAGES(X)           \
	X(RX, rx)                 \
	X(CLASSIFY, classify)     \
	X(REASSEMBLE, reassemble) \
	X(ROUTE, route)           \
	X(SEGMENT, segment)       \
	X(ENCAP, encap)           \
	X(DECAP, decap)           \
	X(DELIVER, deliver)       \
	X(MERGE, merge)           \
	X(PUNT, punt)             \
	X(LOCAL, local)           \
	X(TX, tx)                 \
	X(DROP, drop)

enum ovnet_stage {
#define OVNET_STAGE_ENUM(id, name) OVNET_STAGE_##id,
	OVNET_STAGES(OVNET_STAGE_ENUM)
#undef OVNET_STAGE_ENUM
		OVNET_STAGE_COUNT
};

#endif
