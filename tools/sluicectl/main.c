// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl: cuts drives into slices and gives the slices to guests. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "request.h"

static const struct verb * const verbs[] = {
	&verb_doctor, &verb_bind, &verb_unbind, &verb_list, &verb_types, &verb_show,
	&verb_create, &verb_destroy, &verb_attach, &verb_detach,
};

static void print_help(void)
{
	printf("Usage: sluicectl VERB [options] [arguments]\n\nVerbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-8s %-12s %s\n", verbs[i]->name, verbs[i]->args, verbs[i]->summary);
	printf("\n'sluicectl VERB --help' lists the options of a verb; the manual page\n"
	       "sluicectl(8) explains them and the exit codes.\n");
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

/* A full disk or a closed pipe must not look like success. */
static int finish(int code)
{
	if ((fflush(stdout) || ferror(stdout)) && code == DONE)
		return fail(FAILED, "cannot write the output");
	return code;
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	struct request rq;
	int code;

	setlocale(LC_ALL, "");
	if (argc < 2) {
		fail(USAGE, "a verb is missing");
		hint("see sluicectl --help");
		return USAGE;
	}
	if (!strcmp(argv[1], "help") && argc > 2 && find_verb(argv[2])) {
		argv[1] = argv[2];
		argv[2] = "--help";
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help();
		return finish(DONE);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("sluicectl %s\n", SLUICE_VERSION);
		return finish(DONE);
	}
	verb = find_verb(argv[1]);
	if (!verb) {
		fail(USAGE, "unknown verb '%s'", argv[1]);
		hint(*argv[1] == '-' ? "the verb comes before its options, see sluicectl --help" :
				       "see sluicectl --help");
		return USAGE;
	}
	code = request_parse(verb, argc - 1, argv + 1, &rq);
	if (code)
		return code < 0 ? finish(DONE) : code;
	return finish(verb->run(&rq));
}
