// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory that VFIO cannot pin: what the guest sees, and what the kernel's
 * log says for whoever started the VMM
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "lib/dma.h"
#include "lib/nvme_io.h"
#include "lib/tap.h"
#include "lib/test.h"

/*
 * Directories of file systems that let no page stay pinned: an ordinary one, such
 * as ext4, and one with DAX
 */
#define DIRECTORY	"SLUICE_TEST_UNPINNABLE"
#define DAX_DIRECTORY	"SLUICE_TEST_DAX"

/* Returns a descriptor of the kernel's log, from its end on */
static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		tap_bail("the kernel's log cannot be read");
	return fd;
}

/* Counts the lines since that have both @one and @two, and shows them */
static unsigned int log_count(int fd, const char *one, const char *two)
{
	unsigned int nr = 0;
	char line[8192];
	ssize_t len;

	for (;;) {
		len = read(fd, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return nr;
		line[len] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (!strstr(line, one) || !strstr(line, two))
			continue;
		tap_diag("%s", line);
		nr++;
	}
}

static u16 identify_to(struct nvme *nv, u64 iova)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_IDENTIFY, .prp1 = iova, .cdw10 = CNS_CTRL,
	};

	return nvme_exec_status(&nv->asq, &sqe);
}

static void *file_memory(const char *directory, size_t len)
{
	const char *dir = getenv(directory);
	char path[256];
	void *va;
	int fd;

	if (!dir)
		tap_bail("%s is not set", directory);
	snprintf(path, sizeof(path), "%s/memory", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, len))
		tap_bail("%s: %s", path, strerror(errno));
	va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (va == MAP_FAILED)
		tap_bail("%s cannot be mapped", path);
	close(fd);
	unlink(path);
	return va;
}

/* A file as memory, as with QEMU's memory-backend-file,share=on */
static void check_file(const struct test_opts *opts, const char *directory,
		       const char *error)
{
	char where[32];
	struct vfio_dev dev;
	struct nvme nv;
	u64 iova;
	void *va;
	int log;

	test_start(&nv, &dev, opts);
	log = log_open();
	va = file_memory(directory, PAGE);
	iova = dma_reserve_iova(&dev, PAGE);
	snprintf(where, sizeof(where), "0x%llx ", (unsigned long long)iova);
	if (vfio_map(&dev, va, iova, PAGE, VFIO_MAP_RW))
		tap_bail("a file cannot be mapped for DMA");
	is(identify_to(&nv, iova), DNR(ST_TRANSFER),
	   "a command with memory in the file fails");
	is(log_count(log, where, error), 1,
	   "the log has the address, the error and the cause");
	is(identify_to(&nv, iova), DNR(ST_TRANSFER), "another command fails");
	is(identify_to(&nv, dma_reserve_iova(&dev, PAGE)), DNR(ST_TRANSFER),
	   "and one with no memory at all");
	is(log_count(log, "cannot be pinned", ""), 0, "nothing more is logged");
	is(identify_to(&nv, nv.scratch.iova[0]), ST_OK,
	   "one with other memory does not");
	vfio_unmap(&dev, iova, PAGE);
	munmap(va, PAGE);
	close(log);
	test_stop(&nv, &dev);
}

static void test_file(const struct test_opts *opts)
{
	check_file(opts, DIRECTORY, "(error -EFAULT)");
}

static void test_dax(const struct test_opts *opts)
{
	check_file(opts, DAX_DIRECTORY, "(error -EOPNOTSUPP)");
}

/* The capability with which a process may lock as much memory as it likes */
static void lock_freely(bool may)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		tap_bail("capget: %s", strerror(errno));
	data[0].effective &= ~BIT(CAP_IPC_LOCK);
	data[0].effective |= may ? BIT(CAP_IPC_LOCK) : 0;
	if (syscall(SYS_capset, &header, data))
		tap_bail("capset: %s", strerror(errno));
}

/* A user who may lock no more memory, as with "ulimit -l" */
static void test_limit(const struct test_opts *opts)
{
	struct rlimit before, none = {};
	struct dma_buf buf;
	struct vfio_dev dev;
	char where[32];
	unsigned int i;
	struct nvme nv;
	int log;

	test_start(&nv, &dev, opts);
	log = log_open();
	if (getrlimit(RLIMIT_MEMLOCK, &before))
		tap_bail("getrlimit: %s", strerror(errno));
	none.rlim_max = before.rlim_max;
	/* VFIO looks at the capability when memory is mapped */
	lock_freely(false);
	dma_alloc(&dev, &buf, PAGE, 0);
	setrlimit(RLIMIT_MEMLOCK, &none);
	snprintf(where, sizeof(where), "0x%llx ",
		 (unsigned long long)buf.iova[0]);
	ok(identify_to(&nv, buf.iova[0]) != ST_OK,
	   "a command with memory beyond the limit fails");
	is(log_count(log, where, "(error -ENOMEM)"), 1,
	   "the log has the address, the error and the cause");
	ok(identify_to(&nv, buf.iova[0]) != ST_OK, "another command fails");
	is(log_count(log, "cannot be pinned", ""), 0, "nothing more is logged");
	setrlimit(RLIMIT_MEMLOCK, &before);
	/* VFIO is not asked again for half a second */
	for (i = 0; i < 100 && identify_to(&nv, buf.iova[0]) != ST_OK; i++)
		usleep(100000);
	ok(i < 100, "with a larger limit it does not, after a while");
	lock_freely(true);
	dma_free(&buf);
	close(log);
	test_stop(&nv, &dev);
}

static void test_v1(const struct test_opts *opts)
{
	struct test_opts how = *opts;
	struct vfio_dev dev;
	char where[32];
	struct nvme nv;
	int log;

	how.path = VFIO_PATH_GROUP_V1;
	test_open(&dev, opts->id, &how);
	nvme_attach(&nv, &dev);
	nvme_alloc_admin(&nv, 32, 32);
	nvme_write_admin_regs(&nv);
	log = log_open();
	ok(!nvme_enable(&nv), "no queue in a container of type 1, version 1");
	is(nvme_read32(&nv, REG_CSTS) & CSTS_CFS, CSTS_CFS,
	   "the controller's status is fatal");
	snprintf(where, sizeof(where), "0x%llx ",
		 (unsigned long long)nv.acq.mem.iova[0]);
	is(log_count(log, where, "(error -EACCES)"), 1,
	   "the log has the address, the error and the cause");
	close(log);
	test_stop(&nv, &dev);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "file", test_file },
		{ "dax", test_dax },
		{ "limit", test_limit },
		{ "v1", test_v1 },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
