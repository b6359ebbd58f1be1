// SPDX-License-Identifier: GPL-2.0-only
/* sluicectl doctor: can this host run Sluice, and what to change. */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "json.h"
#include "message.h"
#include "output.h"
#include "request.h"

enum { COL_VERDICT, COL_CHECK, COL_FOUND, COL_ADVICE };

static const struct column columns[] = {
	[COL_VERDICT]	= { "", 0 },
	[COL_CHECK]	= { "CHECK", 0 },
	[COL_FOUND]	= { "FOUND", SCOLS_FL_WRAP },
	[COL_ADVICE]	= { "WHAT TO DO", SCOLS_FL_WRAP },
};

static const struct {
	const char *name, *colour;
} verdicts[] = {
	[VERDICT_OK]	= { "OK", "green" },
	[VERDICT_WARN]	= { "WARN", "yellow" },
	[VERDICT_FAIL]	= { "FAIL", "red" },
	[VERDICT_UNKNOWN] = { "UNKNOWN", "yellow" },
};

void findings_add(struct findings *f, enum verdict level, const char *check,
		  const char *advice, const char *fmt, ...)
{
	struct finding *finding;
	va_list args;

	f->v = xrecalloc(f->v, f->n + 1, sizeof(*f->v));
	finding = &f->v[f->n++];
	finding->level = level;
	finding->check = xstrdup(check);
	finding->advice = advice ? xstrdup(advice) : NULL;
	va_start(args, fmt);
	if (vasprintf(&finding->found, fmt, args) < 0)
		abort();
	va_end(args);
}

void findings_unseen(struct findings *f, const char *check, const char *what)
{
	bool root = !geteuid();

	findings_add(f, VERDICT_UNKNOWN, check, root ? NULL : "run doctor as root", "%s %s", what,
		     root ? "cannot be seen on this system" : "cannot be seen without root");
}

static void findings_clear(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].check);
		free(f->v[i].found);
		free(f->v[i].advice);
	}
	free(f->v);
}

static unsigned int count(const struct findings *f, enum verdict level)
{
	unsigned int n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->v[i].level == level;
	return n;
}

static int print_json(const struct findings *f, bool fit)
{
	struct json_object *root = json_root();
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < f->n; i++) {
		struct json_object *obj = json_object_new_object();

		json_add_text(obj, "verdict", verdicts[f->v[i].level].name);
		json_add_text(obj, "check", f->v[i].check);
		json_add_text(obj, "found", f->v[i].found);
		json_add_text(obj, "advice", f->v[i].advice);
		json_object_array_add(array, obj);
	}
	json_add_bool(root, "fit", fit);
	json_add_number(root, "warnings", count(f, VERDICT_WARN));
	json_add_number(root, "failures", count(f, VERDICT_FAIL));
	json_add_number(root, "unknown", count(f, VERDICT_UNKNOWN));
	json_object_object_add(root, "findings", array);
	return json_print(root);
}

static void print_summary(const struct findings *f, bool fit)
{
	unsigned int warnings = count(f, VERDICT_WARN), unknown = count(f, VERDICT_UNKNOWN);

	printf("\n%zu checks: %u failed, %u warning%s", f->n, count(f, VERDICT_FAIL), warnings,
	       warnings == 1 ? "" : "s");
	if (unknown)
		printf(", %u unknown", unknown);
	printf(": this host is %sfit%s\n", fit ? "" : "not ",
	       fit && unknown ? ", as far as could be seen" : "");
}

static int print_table(const struct findings *f, bool fit)
{
	int r;

	struct libscols_table *tb = output_new(columns, ARRAY_SIZE(columns));

	for (size_t i = 0; i < f->n; i++) {
		struct libscols_line *line = output_line(tb, NULL);

		output_set(line, COL_VERDICT, verdicts[f->v[i].level].name);
		scols_cell_set_color(scols_line_get_cell(line, COL_VERDICT),
				     verdicts[f->v[i].level].colour);
		output_set(line, COL_CHECK, f->v[i].check);
		output_set(line, COL_FOUND, f->v[i].found);
		output_set(line, COL_ADVICE, f->v[i].advice);
	}
	r = output_print(tb);
	if (!r)
		print_summary(f, fit);
	return r;
}

static int doctor(const struct request *rq)
{
	struct findings f __cleanup(findings_clear) = { };
	bool fit;
	int r;

	doctor_iommu(&f);
	doctor_kernel(&f);
	doctor_modules(&f);
	doctor_security(&f);
	doctor_drives(&f);
	fit = !count(&f, VERDICT_FAIL) && !(rq->strict && count(&f, VERDICT_WARN));
	r = rq->json ? print_json(&f, fit) : print_table(&f, fit);
	if (r)
		return r;
	return fit ? DONE : FAILED;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "Say whether this host is fit for Sluice, and what to do if not",
	.options = OPT_JSON | OPT_STRICT,
	.run = doctor,
};
