// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the KUnit suites that it is linked with and prints TAP.
 */

#include <stdarg.h>
#include <stdio.h>

#include "kunit_shim.h"

struct kunit_allocation {
	struct kunit_allocation *next;
	size_t padding;
};

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct kunit_allocation *a = calloc(1, sizeof(*a) + size);

	assert(gfp == GFP_KERNEL);
	if (!a)
		abort();
	a->next = test->allocations;
	test->allocations = a;
	return a + 1;
}

static void free_all(struct kunit *test)
{
	struct kunit_allocation *a;

	while (test->allocations) {
		a = test->allocations;
		test->allocations = a->next;
		free(a);
	}
}

static void fail(struct kunit *test, bool stops)
{
	test->failed = true;
	if (stops)
		longjmp(test->stop, 1);
}

bool kunit_shim_check(struct kunit *test, bool ok, struct kunit_shim_place p)
{
	if (ok)
		return true;
	printf("# %s:%d: expected %s\n", p.file, p.line, p.what);
	fail(test, p.stops);
	return false;
}

static bool compare(long long a, const char *how, long long b)
{
	switch (how[0]) {
	case '=':
		return a == b;
	case '!':
		return a != b;
	case '<':
		return a <= b;
	default:
		return a > b;
	}
}

bool kunit_shim_compare(struct kunit *test, long long a, const char *how,
			long long b, struct kunit_shim_place p)
{
	if (compare(a, how, b))
		return true;
	printf("# %s:%d: expected %s %s %lld, got %lld\n", p.file, p.line,
	       p.what, how, b, a);
	fail(test, p.stops);
	return false;
}

bool kunit_shim_strings(struct kunit *test, const char *a, bool equal,
			const char *b, struct kunit_shim_place p)
{
	if (!strcmp(a, b) == equal)
		return true;
	printf("# %s:%d: expected %s %s '%s', got '%s'\n", p.file, p.line,
	       p.what, equal ? "==" : "!=", b, a);
	fail(test, p.stops);
	return false;
}

void kunit_shim_explain(bool ok, const char *format, ...)
{
	va_list args;

	if (ok)
		return;
	va_start(args, format);
	printf("# with ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

static struct kunit_suite *suites, **last = &suites;

void kunit_shim_add(struct kunit_suite *suite)
{
	*last = suite;
	last = &suite->next;
}

static bool run(const struct kunit_case *c)
{
	struct kunit test = { 0 };

	if (!setjmp(test.stop))
		c->run(&test);
	free_all(&test);
	if (shim_live) {
		printf("# %u allocations not freed\n", shim_live);
		test.failed = true;
	}
	return !test.failed;
}

int main(void)
{
	unsigned int nr = 0, failed = 0;
	const struct kunit_suite *suite;
	const struct kunit_case *c;

	for (suite = suites; suite; suite = suite->next) {
		for (c = suite->test_cases; c->run; c++) {
			bool ok = run(c);

			failed += !ok;
			printf("%sok %u - %s.%s\n", ok ? "" : "not ", ++nr,
			       suite->name, c->name);
		}
	}
	printf("1..%u\n", nr);
	return failed || !nr ? 1 : 0;
}
