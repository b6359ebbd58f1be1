// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: KUnit tests of doorbell pages that are mapped into their user
 *
 * The test's thread is the user: its stores fault, as those of a guest do.
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core.h"
#include "poll/poller.h"

#define PAGES	2

/**
 * struct fake - a slice with doorbell pages
 * @sdev: the slice
 * @entry: what its poller keeps of it
 * @poller: its poller, without a thread
 */
struct fake {
	struct sluice_dev sdev;
	struct sluice_poll_entry entry;
	struct sluice_poller poller;
};

static int fake_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct fake *f = file->private_data;

	return sluice_doorbell_mmap(&f->entry, vma, vma->vm_pgoff);
}

static const struct file_operations fake_fops = {
	.mmap = fake_mmap,
};

static void fake_end(void *doorbells)
{
	sluice_doorbell_exit(doorbells);
}

static struct fake *fake_slice(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	struct sluice_doorbells *db;

	KUNIT_ASSERT_NOT_NULL(test, f);
	db = &f->entry.doorbells;
	KUNIT_ASSERT_EQ(test, sluice_doorbell_init(db, PAGES), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fake_end, db), 0);
	sluice_poll_entry_init(&f->entry, &f->sdev);
	sluice_poller_prepare(&f->poller, NUMA_NO_NODE);
	f->poller.task = current;
	f->entry.poller = &f->poller;
	return f;
}

/* Map @nr pages from page @first on; the mapping ends with the test. */
static __le32 __user *map(struct kunit *test, struct fake *f,
			  unsigned int first, unsigned int nr)
{
	struct file *file;
	unsigned long addr;

	file = anon_inode_getfile("[sluice-kunit]", &fake_fops, f, O_RDWR);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	addr = kunit_vm_mmap(test, file, 0, nr * PAGE_SIZE,
			     PROT_READ | PROT_WRITE, MAP_SHARED,
			     first * PAGE_SIZE);
	fput(file);
	KUNIT_ASSERT_NE(test, addr, 0);
	return (__le32 __user *)addr;
}

/* The doorbell @index of page @page, as the poller sees it */
static u32 word(struct fake *f, unsigned int page, unsigned int index)
{
	const __le32 *words = f->entry.doorbells.words + page * PAGE_SIZE;

	return le32_to_cpu(READ_ONCE(words[index]));
}

static void ring(struct kunit *test, __le32 __user *doorbell, u32 value)
{
	KUNIT_EXPECT_EQ(test, put_user(cpu_to_le32(value), doorbell), 0);
}

static u64 faults(struct fake *f)
{
	return atomic64_read(&f->entry.doorbells.faults);
}

static void unmap(struct fake *f)
{
	guard(mutex)(&f->entry.doorbells.lock);
	sluice_doorbell_unmap(&f->entry.doorbells);
}

static void there_may_be_no_pages(struct kunit *test)
{
	struct sluice_doorbells db = { .words = &db };

	KUNIT_EXPECT_EQ(test, sluice_doorbell_init(&db, 0), 0);
	KUNIT_EXPECT_NULL(test, db.words);
	sluice_doorbell_clear(&db);
	sluice_doorbell_exit(&db);
}

static void a_reset_clears_all_of_them(struct kunit *test)
{
	struct fake *f = fake_slice(test);
	struct sluice_doorbells *db = &f->entry.doorbells;

	KUNIT_EXPECT_NULL(test, memchr_inv(db->words, 0, PAGES * PAGE_SIZE));
	memset(db->words, 0xff, PAGES * PAGE_SIZE);
	sluice_doorbell_clear(db);
	KUNIT_EXPECT_NULL(test, memchr_inv(db->words, 0, PAGES * PAGE_SIZE));
}

static void the_first_store_wakes_the_slice(struct kunit *test)
{
	struct fake *f = fake_slice(test);
	__le32 __user *words = map(test, f, 0, PAGES);

	KUNIT_EXPECT_TRUE(test, list_empty(&f->entry.node));
	ring(test, words + 5, 7);
	KUNIT_EXPECT_EQ(test, word(f, 0, 5), 7);
	KUNIT_EXPECT_EQ(test, faults(f), 1);
	KUNIT_EXPECT_TRUE(test, f->entry.faulted);
	KUNIT_EXPECT_FALSE(test, list_empty(&f->entry.node));
	/* The next ones cost nothing */
	ring(test, words + 5, 8);
	ring(test, words + 1023, 9);
	KUNIT_EXPECT_EQ(test, word(f, 0, 5), 8);
	KUNIT_EXPECT_EQ(test, word(f, 0, 1023), 9);
	KUNIT_EXPECT_EQ(test, faults(f), 1);
}

static void each_page_is_at_its_place(struct kunit *test)
{
	struct fake *f = fake_slice(test);
	__le32 __user *words = map(test, f, 0, PAGES);
	__le32 __user *second = map(test, f, 1, 1);

	ring(test, words + 1024, 1);
	KUNIT_EXPECT_EQ(test, word(f, 1, 0), 1);
	ring(test, words, 2);
	KUNIT_EXPECT_EQ(test, word(f, 0, 0), 2);
	KUNIT_EXPECT_EQ(test, word(f, 1, 0), 1);
	KUNIT_EXPECT_EQ(test, faults(f), 2);
	/* In a mapping that begins with the second page, too */
	ring(test, second, 3);
	KUNIT_EXPECT_EQ(test, word(f, 1, 0), 3);
	KUNIT_EXPECT_EQ(test, word(f, 0, 0), 2);
	KUNIT_EXPECT_EQ(test, faults(f), 3);
}

static void after_an_unmap_a_store_faults_again(struct kunit *test)
{
	struct fake *f = fake_slice(test);
	__le32 __user *words = map(test, f, 0, PAGES);
	__le32 __user *other = map(test, f, 1, 1);

	ring(test, words, 1);
	ring(test, words + 1024, 2);
	ring(test, other + 1, 3);
	unmap(f);
	list_del_init(&f->entry.node);
	f->entry.faulted = 0;
	KUNIT_EXPECT_EQ(test, word(f, 0, 0), 1);
	KUNIT_EXPECT_EQ(test, faults(f), 3);
	ring(test, words, 4);
	KUNIT_EXPECT_EQ(test, faults(f), 4);
	KUNIT_EXPECT_EQ(test, word(f, 0, 0), 4);
	KUNIT_EXPECT_TRUE(test, f->entry.faulted);
	KUNIT_EXPECT_FALSE(test, list_empty(&f->entry.node));
	ring(test, words + 1024, 5);
	ring(test, other + 1, 6);
	KUNIT_EXPECT_EQ(test, faults(f), 6);
	KUNIT_EXPECT_EQ(test, word(f, 1, 0), 5);
	KUNIT_EXPECT_EQ(test, word(f, 1, 1), 6);
}

/* The files of all slices may share one address space. */
static void the_pages_of_other_slices_stay(struct kunit *test)
{
	struct fake *f = fake_slice(test), *other = fake_slice(test);
	__le32 __user *words = map(test, f, 0, PAGES);
	__le32 __user *others = map(test, other, 0, PAGES);

	unmap(f);
	ring(test, words, 1);
	ring(test, others, 2);
	KUNIT_EXPECT_PTR_EQ(test, f->entry.doorbells.mapping,
			    other->entry.doorbells.mapping);
	unmap(f);
	ring(test, others, 3);
	KUNIT_EXPECT_EQ(test, faults(other), 1);
	KUNIT_EXPECT_EQ(test, word(other, 0, 0), 3);
	KUNIT_EXPECT_EQ(test, word(f, 0, 0), 1);
}

/* A private mapping would keep the guest's stores for itself. */
static void a_private_mapping_is_refused(struct kunit *test)
{
	struct fake *f = fake_slice(test);
	struct vm_area_struct *vma = kunit_kzalloc(test, sizeof(*vma),
						   GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vma);
	KUNIT_EXPECT_EQ(test, sluice_doorbell_mmap(&f->entry, vma, 0), -EINVAL);
	KUNIT_EXPECT_NULL(test, f->entry.doorbells.mapping);
}

static struct kunit_case doorbell_cases[] = {
	KUNIT_CASE(there_may_be_no_pages),
	KUNIT_CASE(a_reset_clears_all_of_them),
	KUNIT_CASE(the_first_store_wakes_the_slice),
	KUNIT_CASE(each_page_is_at_its_place),
	KUNIT_CASE(after_an_unmap_a_store_faults_again),
	KUNIT_CASE(the_pages_of_other_slices_stay),
	KUNIT_CASE(a_private_mapping_is_refused),
	{}
};

static struct kunit_suite doorbell_suite = {
	.name = "sluice_doorbell",
	.test_cases = doorbell_cases,
};

kunit_test_suite(doorbell_suite);
