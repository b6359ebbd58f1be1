/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The little of KUnit that drivers/core/table/gpt*_test.c need, so that the same
 * tests run in user space under the sanitizers of the compiler. kunit_run.c
 * has the main program.
 */
#ifndef SLUICE_FUZZ_KUNIT_SHIM_H
#define SLUICE_FUZZ_KUNIT_SHIM_H

#include <setjmp.h>

struct kunit {
	bool failed;
	jmp_buf stop;
	void *allocations;
};

struct kunit_case {
	void (*run)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
	struct kunit_suite *next;
};

/* An expectation, and whether the test ends where it is not met. */
struct kunit_shim_place {
	const char *file;
	int line;
	const char *what;
	bool stops;
};

void kunit_shim_add(struct kunit_suite *suite);

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp);

bool kunit_shim_check(struct kunit *test, bool ok, struct kunit_shim_place p);
bool kunit_shim_compare(struct kunit *test, long long a, const char *how,
			long long b, struct kunit_shim_place p);
bool kunit_shim_strings(struct kunit *test, const char *a, bool equal,
			const char *b, struct kunit_shim_place p);
void kunit_shim_explain(bool ok, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

#define KUNIT_CASE(fn)	{ .run = fn, .name = #fn }

/*
 * One file has one suite, which is known before main() begins. The declaration
 * at the end takes the semicolon that follows the macro.
 */
#define kunit_test_suites(suite) \
	static void __attribute__((__constructor__)) kunit_shim_add_suite(void) \
	{ \
		kunit_shim_add(suite); \
	} \
	struct kunit_suite

#define kunit_shim_here(what, stops) \
	((struct kunit_shim_place){ __FILE__, __LINE__, what, stops })

#define KUNIT_EXPECT_TRUE(test, x) \
	kunit_shim_check(test, x, kunit_shim_here(#x, false))
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p) \
	kunit_shim_check(test, p, kunit_shim_here(#p, true))
#define KUNIT_EXPECT_EQ(test, a, b) \
	kunit_shim_compare(test, a, "==", b, kunit_shim_here(#a, false))
#define KUNIT_EXPECT_EQ_MSG(test, a, b, ...) \
	kunit_shim_explain(KUNIT_EXPECT_EQ(test, a, b), __VA_ARGS__)
#define KUNIT_ASSERT_EQ(test, a, b) \
	kunit_shim_compare(test, a, "==", b, kunit_shim_here(#a, true))
#define KUNIT_ASSERT_NE(test, a, b) \
	kunit_shim_compare(test, a, "!=", b, kunit_shim_here(#a, true))
#define KUNIT_ASSERT_LE(test, a, b) \
	kunit_shim_compare(test, a, "<=", b, kunit_shim_here(#a, true))
#define KUNIT_ASSERT_GT(test, a, b) \
	kunit_shim_compare(test, a, ">", b, kunit_shim_here(#a, true))
#define KUNIT_EXPECT_STREQ(test, a, b) \
	kunit_shim_strings(test, a, true, b, kunit_shim_here(#a, false))
#define KUNIT_EXPECT_STRNEQ(test, a, b) \
	kunit_shim_strings(test, a, false, b, kunit_shim_here(#a, false))
#define KUNIT_ASSERT_STREQ(test, a, b) \
	kunit_shim_strings(test, a, true, b, kunit_shim_here(#a, true))

#endif /* SLUICE_FUZZ_KUNIT_SHIM_H */
