// SPDX-License-Identifier: GPL-2.0-only
#include "request.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "message.h"

/* One row for each option; the getopt code is 256 + the index of the row. */
static const struct option_text {
	unsigned int bit;
	const char *name;
	const char *value;	/* NULL for a flag */
	char letter;		/* 0 for none */
	const char *help;
} option_texts[] = {
	{ OPT_JSON,	  "json",	NULL,	  'j', "print JSON" },
	{ OPT_BYTES,	  "bytes",	NULL,	  'b', "print exact numbers of bytes" },
	{ OPT_DRY_RUN,	  "dry-run",	NULL,	  'n', "print what would be done, change nothing" },
	{ OPT_NAME,	  "name",	"NAME",	  'N', "name (GPT label) of the slice" },
	{ OPT_SIZE,	  "size",	"SIZE",	  's', "10G, 512MiB, 25% of the disk, or max" },
	{ OPT_UUID,	  "uuid",	"UUID",	  'u', "UUID of the slice (default: random)" },
	{ OPT_POOL,	  "pool",	NULL,	  'p', "make it a member of the pool" },
	{ OPT_KEEP_DATA,  "keep-data",	NULL,	  'k', "do not zero the new slice" },
	{ OPT_BLOCK_SIZE, "block-size", "BYTES",  0,   "block size, for an image file" },
	{ OPT_WIPE,	  "wipe",	NULL,	  'w', "zero the contents first" },
	{ OPT_DISK,	  "disk",	"DISK",	  'd', "only on this disk (or, destroy: image)" },
	{ OPT_QUEUES,	  "queues",	"N",	  'q', "I/O queue pairs for the guest" },
	{ OPT_TYPE,	  "type",	"TYPE",	  't', "mdev type, for example q4" },
	{ OPT_FORCE,	  "force",	NULL,	  'f', "even while a program has the device open" },
	{ OPT_TAKE,	  "force",	NULL,	  'f', "even if a stopped guest may own it" },
	{ OPT_STRICT,	  "strict",	NULL,	  0,   "count warnings as failures" },
};

#define CODE_BASE	256
#define CODE_HELP	(CODE_BASE + (int)ARRAY_SIZE(option_texts))

static void print_help(const struct verb *verb)
{
	printf("Usage: sluicectl %s [options]%s%s\n\n%s.\n\nOptions:\n", verb->name,
	       *verb->args ? " " : "", verb->args, verb->summary);
	for (size_t i = 0; i < ARRAY_SIZE(option_texts); i++) {
		char *name __free = NULL;
		const struct option_text *o = &option_texts[i];

		if (!(verb->options & o->bit))
			continue;
		name = xasprintf("%s%s%s", o->name, o->value ? " " : "", o->value ?: "");
		printf("  %c%c%c --%-18s %s\n", o->letter ? '-' : ' ', o->letter ?: ' ',
		       o->letter ? ',' : ' ', name, o->help);
	}
	printf("  -h, --%-18s %s\n\nThe manual page sluicectl(8) describes all of this.\n", "help",
	       "show this text");
}

static void apply(struct request *rq, unsigned int bit, const char *value)
{
	switch (bit) {
	case OPT_JSON:
		rq->json = true;
		break;
	case OPT_DRY_RUN:
		rq->dry_run = true;
		break;
	case OPT_BYTES:
		rq->bytes = true;
		break;
	case OPT_POOL:
		rq->pool = true;
		break;
	case OPT_KEEP_DATA:
		rq->keep_data = true;
		break;
	case OPT_WIPE:
		rq->wipe = true;
		break;
	case OPT_FORCE:
	case OPT_TAKE:
		rq->force = true;
		break;
	case OPT_STRICT:
		rq->strict = true;
		break;
	case OPT_NAME:
		rq->name = value;
		break;
	case OPT_SIZE:
		rq->size = value;
		break;
	case OPT_UUID:
		rq->uuid = value;
		break;
	case OPT_BLOCK_SIZE:
		rq->block_size = value;
		break;
	case OPT_DISK:
		rq->disk = value;
		break;
	case OPT_QUEUES:
		rq->queues = value;
		break;
	case OPT_TYPE:
		rq->type = value;
		break;
	}
}

/* Fills the tables for getopt_long() with the options that this verb takes. */
static void build_tables(const struct verb *verb, struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (size_t i = 0; i < ARRAY_SIZE(option_texts); i++) {
		const struct option_text *o = &option_texts[i];

		if (!(verb->options & o->bit))
			continue;
		*longs++ = (struct option) {
			.name = o->name,
			.has_arg = o->value ? required_argument : no_argument,
			.val = CODE_BASE + i,
		};
		if (!o->letter)
			continue;
		*shorts++ = o->letter;
		if (o->value)
			*shorts++ = ':';
	}
	*longs++ = (struct option) { .name = "help", .val = CODE_HELP };
	*longs = (struct option) { };
	*shorts++ = 'h';
	*shorts = '\0';
}

static const struct option_text *find_option(int code)
{
	if (code >= CODE_BASE)
		return &option_texts[code - CODE_BASE];
	for (size_t i = 0; i < ARRAY_SIZE(option_texts); i++)
		if (option_texts[i].letter == code)
			return &option_texts[i];
	return NULL;
}

static int __format(2, 3) bad_usage(const struct verb *verb, const char *fmt, ...)
{
	char *what __free = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&what, fmt, args) < 0)
		abort();
	va_end(args);
	fail(USAGE, "%s: %s", verb->name, what);
	hint("usage: sluicectl %s [options]%s%s (see sluicectl %s --help)", verb->name,
	     *verb->args ? " " : "", verb->args, verb->name);
	return USAGE;
}

static int bad_option(const struct verb *verb, const char *word)
{
	if (optopt >= CODE_BASE)
		return bad_usage(verb, "no value may follow this option: %s", word);
	if (optopt)
		return bad_usage(verb, "unknown option -%c", optopt);
	return bad_usage(verb, "unknown or ambiguous option %s", word);
}

static int check_count(const struct verb *verb, const struct request *rq)
{
	if (rq->argc < verb->min_args)
		return bad_usage(verb, "an argument is missing: %s", verb->args);
	if (rq->argc > verb->max_args)
		return bad_usage(verb, "unexpected argument %s", rq->argv[verb->max_args]);
	for (int i = 0; i < rq->argc; i++)
		if (!*rq->argv[i])
			return bad_usage(verb, "an argument is empty");
	return 0;
}

int request_parse(const struct verb *verb, int argc, char **argv, struct request *rq)
{
	struct option longs[ARRAY_SIZE(option_texts) + 2];
	char shorts[2 * ARRAY_SIZE(option_texts) + 4];
	unsigned int seen = 0;
	int code;

	build_tables(verb, longs, shorts);
	*rq = (struct request) { };
	optind = 1;
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_text *o;

		switch (code) {
		case 'h':
		case CODE_HELP:
			print_help(verb);
			return -1;
		case ':':
			return bad_usage(verb, "a value must follow %s", argv[optind - 1]);
		case '?':
			return bad_option(verb, argv[optind - 1]);
		}
		o = find_option(code);
		if (o->value && !*optarg)
			return bad_usage(verb, "the value of --%s is empty", o->name);
		if (o->value && (seen & o->bit))
			return bad_usage(verb, "--%s is given twice", o->name);
		seen |= o->bit;
		apply(rq, o->bit, optarg);
	}
	rq->argc = argc - optind;
	rq->argv = argv + optind;
	return check_count(verb, rq);
}
