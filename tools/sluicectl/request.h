/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsed command lines, and the verbs. */
#ifndef SLUICECTL_REQUEST_H
#define SLUICECTL_REQUEST_H

#include "util.h"

/* One bit for each option, to say which options a verb takes. */
enum option_bit {
	OPT_JSON	= 1 << 0,
	OPT_DRY_RUN	= 1 << 1,
	OPT_BYTES	= 1 << 2,
	OPT_NAME	= 1 << 3,
	OPT_SIZE	= 1 << 4,
	OPT_UUID	= 1 << 5,
	OPT_POOL	= 1 << 6,
	OPT_KEEP_DATA	= 1 << 7,
	OPT_BLOCK_SIZE	= 1 << 8,
	OPT_WIPE	= 1 << 9,
	OPT_DISK	= 1 << 10,
	OPT_QUEUES	= 1 << 11,
	OPT_TYPE	= 1 << 12,
	OPT_FORCE	= 1 << 13,
	OPT_STRICT	= 1 << 14,
	OPT_TAKE	= 1 << 15,
};

struct request {
	bool json, dry_run, bytes, pool, keep_data, wipe, force, strict;
	const char *name, *size, *uuid, *block_size, *disk, *queues, *type;
	char **argv;	/* the arguments after the options */
	int argc;
};

struct verb {
	const char *name;
	const char *args;	/* as in the help text */
	const char *summary;
	unsigned int options;	/* enum option_bit */
	int min_args, max_args;
	int (*run)(const struct request *rq);
};

extern const struct verb verb_attach, verb_bind, verb_create, verb_destroy, verb_detach,
			 verb_doctor, verb_list, verb_show, verb_types, verb_unbind;

/*
 * Parses argv[0..argc-1]; argv[0] is the verb. Returns 0, or prints a message
 * and returns an exit code, or shows the requested help and returns -1.
 */
int request_parse(const struct verb *verb, int argc, char **argv, struct request *rq);

#endif
