// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each call fails once for each allocation and each copy that it makes: an
 * error is all that comes of it, nothing is lost, and the call works afterwards
 *
 * fail-nth makes the nth one of a thread fail that fault injection knows.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/nvme_io.h"
#include "lib/slice.h"
#include "lib/tap.h"
#include "lib/test.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MAX_FAULTS	3000u
#define VECTORS		3u
/* Of a page that the device has used, far from all others */
#define USED_IOVA	0x4000000ull

/**
 * struct subject - what the calls are made on
 * @opts: command line
 * @dev: the open device
 * @nv: its controller, enabled
 * @slice: where it is in sysfs
 * @parent: PCI address of the parent
 * @efds: for interrupts
 * @page: memory to map
 */
struct subject {
	const struct test_opts *opts;
	struct vfio_dev dev;
	struct nvme nv;
	struct slice slice;
	char parent[64];
	int efds[VECTORS];
	void *page;
};

/**
 * struct call - one that is made to fail
 * @name: what it does
 * @make: 0 or a negative errno
 * @undo: after it was a success, so that it can be made again; may be NULL
 * @cannot_fail: it needs no memory
 */
struct call {
	const char *name;
	int (*make)(struct subject *s);
	void (*undo)(struct subject *s);
	bool cannot_fail;
};

static int nth_fd = -1;

/* Copying the number may be what an earlier one makes fail: then only once. */
static void arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, len, 0) != len &&
	    pwrite(nth_fd, text, len, 0) != len)
		tap_bail("no fault can be armed");
}

/* Returns whether the fault has come. Reading may be what it comes in. */
static bool disarm(void)
{
	char text[16] = "";
	ssize_t len = pread(nth_fd, text, sizeof(text) - 1, 0);
	bool came = len > 0 && !strtoul(text, NULL, 10);

	arm(0);
	return came;
}

/* What is held: it must not grow with the failures. */
struct held {
	unsigned long long instances;
	unsigned long long pairs;
	long long pinned;
};

static long long vm_counter(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "re");
	char key[64];
	long long val, found = 0;

	if (!f)
		tap_bail("/proc/vmstat cannot be read");
	while (fscanf(f, "%63s %lld", key, &val) == 2) {
		if (!strcmp(key, name))
			found = val;
	}
	fclose(f);
	return found;
}

static struct held holds(const struct subject *s)
{
	char parent[600];

	if (slice_write("/proc/sys/vm", "stat_refresh", "1"))
		tap_bail("the counters cannot be summed up");
	snprintf(parent, sizeof(parent), "%s/../../sluice", s->slice.type);
	return (struct held){
		.instances = slice_number(s->slice.type, "available_instances"),
		.pairs = slice_number(parent, "queue_pairs_free"),
		.pinned = vm_counter("nr_foll_pin_acquired") -
			  vm_counter("nr_foll_pin_released"),
	};
}

static bool same(const struct held *a, const struct held *b)
{
	return a->instances == b->instances && a->pairs == b->pairs &&
	       a->pinned == b->pinned;
}

/* What is released late has a moment. */
static bool settles(const struct subject *s, const struct held *before)
{
	u64 end = now_ms() + 5000;
	struct held now;

	do {
		now = holds(s);
		if (same(before, &now))
			return true;
		sleep_ms(20);
	} while (now_ms() < end);
	tap_diag("instances %llu, was %llu; queue pairs %llu, was %llu; pinned %lld, was %lld",
		 now.instances, before->instances, now.pairs, before->pairs,
		 now.pinned, before->pinned);
	return false;
}

static void try_call(struct subject *s, const struct call *call)
{
	unsigned int nth, refused = 0;
	struct held before;
	bool came, kept = true;
	int ret;

	ret = call->make(s);
	is(-ret, 0, "%s: works", call->name);
	if (ret)
		return;
	if (call->undo)
		call->undo(s);
	before = holds(s);
	for (nth = 1; nth < MAX_FAULTS; nth++) {
		arm(nth);
		ret = call->make(s);
		came = disarm();
		refused += ret < 0;
		if (!ret && call->undo)
			call->undo(s);
		if (!came)
			break;
		if (kept && !settles(s, &before)) {
			tap_diag("%s: after fault %u, which gave %d", call->name,
				 nth, ret);
			kept = false;
		}
		test_still_alive();
	}
	tap_diag("%s: %u faults, %u times an error", call->name, nth - 1, refused);
	is(-ret, 0, "%s: works again after %u faults", call->name, nth - 1);
	is(nth > 1 && refused, !call->cannot_fail,
	   "%s: faults come, and errors of them", call->name);
	ok(kept, "%s: nothing is lost", call->name);
}

/* Calls on the open device */

static int info(struct subject *s)
{
	struct vfio_device_info arg = { .argsz = sizeof(arg) };

	return ioctl(s->dev.fd, VFIO_DEVICE_GET_INFO, &arg) ? -errno : 0;
}

static int region_info(struct subject *s)
{
	struct {
		struct vfio_region_info info;
		char caps[256];
	} arg = { .info = { .argsz = sizeof(arg) } };

	return ioctl(s->dev.fd, VFIO_DEVICE_GET_REGION_INFO, &arg) ? -errno : 0;
}

static int irq_info(struct subject *s)
{
	struct vfio_irq_info arg = {
		.argsz = sizeof(arg), .index = VFIO_PCI_MSIX_IRQ_INDEX,
	};

	return ioctl(s->dev.fd, VFIO_DEVICE_GET_IRQ_INFO, &arg) ? -errno : 0;
}

static int set_irqs(struct subject *s)
{
	return vfio_set_eventfds(&s->dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, VECTORS,
				 s->efds);
}

static void no_irqs(struct subject *s)
{
	if (vfio_disable_irqs(&s->dev, VFIO_PCI_MSIX_IRQ_INDEX))
		tap_bail("interrupts cannot be disabled");
}

/* With iommufd, an error may come when all is done: of telling where it is. */
static int map_page(struct subject *s)
{
	int ret = vfio_map(&s->dev, s->page, 0, PAGE, VFIO_MAP_RW);

	if (ret)
		vfio_unmap(&s->dev, 0, PAGE);
	return ret;
}

static void unmap_page(struct subject *s)
{
	if (vfio_unmap(&s->dev, 0, PAGE))
		tap_bail("a page cannot be unmapped");
}

/* It may be mapped still: then the device uses it once more. */
static void map_used_page(struct subject *s)
{
	struct nvme_sqe sqe = {
		.opcode = ADM_IDENTIFY,
		.prp1 = USED_IOVA,
		.cdw10 = CNS_CTRL,
	};

	vfio_map(&s->dev, s->page, USED_IOVA, PAGE, VFIO_MAP_RW);
	if (nvme_exec_status(&s->nv.asq, &sqe) != ST_OK)
		tap_bail("the device cannot use a page");
}

/* An error may also come when all is done: of telling how much it was. */
static int unmap_used_page(struct subject *s)
{
	int ret = vfio_unmap(&s->dev, USED_IOVA, PAGE);

	if (ret)
		map_used_page(s);
	return ret;
}

static int read_config(struct subject *s)
{
	u32 val;
	ssize_t ret = vfio_read(&s->dev, VFIO_PCI_CONFIG_REGION_INDEX, 0, &val,
				sizeof(val));

	return ret < 0 ? ret : 0;
}

static int write_register(struct subject *s)
{
	u32 val = s->nv.cc | CC_EN;
	ssize_t ret = vfio_write(&s->dev, VFIO_PCI_BAR0_REGION_INDEX, REG_CC,
				 &val, sizeof(val));

	return ret < 0 ? ret : 0;
}

static int map_doorbells(struct subject *s)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  s->dev.fd,
			  s->dev.offset[VFIO_PCI_BAR0_REGION_INDEX] + REG_DB);

	if (page == MAP_FAILED)
		return -errno;
	munmap(page, PAGE);
	return 0;
}

static int reset(struct subject *s)
{
	return vfio_reset(&s->dev);
}

/* Back to a controller that runs, on the same memory */
static void enable(struct subject *s)
{
	vfio_set_command(&s->dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER,
			 PCI_COMMAND_INTX_DISABLE);
	nvme_write_admin_regs(&s->nv);
	if (!nvme_enable(&s->nv))
		tap_bail("the controller cannot be enabled");
}

static const struct call device_calls[] = {
	{ "GET_INFO", info, NULL, false },
	{ "GET_REGION_INFO", region_info, NULL, false },
	{ "GET_IRQ_INFO", irq_info, NULL, false },
	{ "SET_IRQS", set_irqs, no_irqs, false },
	{ "map of memory", map_page, unmap_page, false },
	{ "unmap of memory", unmap_used_page, map_used_page, false },
	{ "read of the configuration space", read_config, NULL, false },
	{ "write to a register", write_register, NULL, false },
	{ "mmap of the doorbells", map_doorbells, NULL, false },
	{ "RESET", reset, enable, true },
};

static void subject_init(struct subject *s, const struct test_opts *opts)
{
	char path[600], real[4096];

	*s = (struct subject){ .opts = opts };
	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		tap_bail("this kernel cannot inject faults");
	if (!slice_find(&s->slice, opts->id))
		tap_bail("%s is no mdev of Sluice", opts->id);
	snprintf(path, sizeof(path), "%s/../..", s->slice.type);
	if (!realpath(path, real))
		tap_bail("no parent of %s", opts->id);
	snprintf(s->parent, sizeof(s->parent), "%.60s", strrchr(real, '/') + 1);
}

static void test_device(const struct test_opts *opts)
{
	struct subject s;
	unsigned int i;

	subject_init(&s, opts);
	s.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	for (i = 0; i < VECTORS; i++)
		s.efds[i] = eventfd(0, EFD_CLOEXEC);
	test_start(&s.nv, &s.dev, opts);
	map_used_page(&s);
	for (i = 0; i < ARRAY_SIZE(device_calls); i++)
		try_call(&s, &device_calls[i]);
	is(nvme_identify(&s.nv, CNS_CTRL, 0), ST_OK, "the controller works");
	test_stop(&s.nv, &s.dev);
	for (i = 0; i < VECTORS; i++)
		close(s.efds[i]);
	munmap(s.page, PAGE);
	close(nth_fd);
}

/* Opening and closing */

static int open_device(struct subject *s)
{
	return vfio_open(&s->dev, s->opts->id, s->opts->path);
}

static void close_device(struct subject *s)
{
	vfio_close(&s->dev);
}

/* Attributes */

static int set_poll_us(struct subject *s)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "/sys/bus/mdev/devices/%s/sluice",
		 s->slice.uuid);
	return slice_write(dir, "poll_us", "20");
}

static int rescan(struct subject *s)
{
	char dir[600];

	snprintf(dir, sizeof(dir), "%s/../../sluice", s->slice.type);
	return slice_write(dir, "rescan", "1");
}

static int create(struct subject *s)
{
	return slice_attach(&s->slice);
}

static bool is_there(struct subject *s)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/mdev/devices/%s", s->slice.uuid);
	return !access(path, F_OK);
}

static void detach(struct subject *s)
{
	if (slice_detach(&s->slice) ||
	    !slice_wait_state(&s->slice, "free", 60000))
		tap_bail("the slice cannot be detached");
}

static void attach(struct subject *s)
{
	if (slice_attach(&s->slice))
		tap_bail("the slice cannot be attached");
}

/* A removal is refused before it begins, or it is done. */
static int remove_mdev(struct subject *s)
{
	int ret = slice_detach(&s->slice);

	if (ret && !is_there(s))
		attach(s);
	return ret;
}

static const struct call open_calls[] = {
	{ "open", open_device, close_device, false },
};

static const struct call attribute_calls[] = {
	{ "poll_us", set_poll_us, NULL, false },
	{ "remove", remove_mdev, attach, false },
};

static const struct call rescan_calls[] = {
	{ "rescan", rescan, NULL, false },
};

static const struct call create_calls[] = {
	{ "create", create, detach, false },
};

static void try_calls(struct subject *s, const struct call *calls,
		      unsigned int nr_calls)
{
	unsigned int i;

	for (i = 0; i < nr_calls; i++)
		try_call(s, &calls[i]);
	close(nth_fd);
}

static void test_open_faults(const struct test_opts *opts)
{
	struct subject s;

	subject_init(&s, opts);
	try_calls(&s, open_calls, ARRAY_SIZE(open_calls));
}

static void test_attributes(const struct test_opts *opts)
{
	struct subject s;

	subject_init(&s, opts);
	try_calls(&s, attribute_calls, ARRAY_SIZE(attribute_calls));
}

static void test_rescan(const struct test_opts *opts)
{
	struct subject s;

	subject_init(&s, opts);
	try_calls(&s, rescan_calls, ARRAY_SIZE(rescan_calls));
}

static void test_create(const struct test_opts *opts)
{
	struct subject s;

	subject_init(&s, opts);
	detach(&s);
	try_calls(&s, create_calls, ARRAY_SIZE(create_calls));
	attach(&s);
}

/* The parent, with its slices detached */

#define DRIVER "/sys/bus/pci/drivers/sluice_nvme"

static int bind_parent(struct subject *s)
{
	return slice_write(DRIVER, "bind", s->parent);
}

static void unbind_parent(struct subject *s)
{
	if (slice_write(DRIVER, "unbind", s->parent))
		tap_bail("the parent cannot be unbound");
}

static const struct call bind_calls[] = {
	{ "bind", bind_parent, unbind_parent, false },
};

static void test_bind(const struct test_opts *opts)
{
	struct subject s;

	subject_init(&s, opts);
	unbind_parent(&s);
	try_calls(&s, bind_calls, ARRAY_SIZE(bind_calls));
	is(bind_parent(&s), 0, "bound at last");
	if (opts->second) {
		struct slice other = s.slice;

		snprintf(other.uuid, sizeof(other.uuid), "%s", opts->second);
		is(slice_attach(&other), 0, "the other slice is attached again");
	}
	attach(&s);
}

/*
 * Threads of the driver, for which no nth can be said: three in a hundred of
 * their allocations fail while users come and go.
 */

#define USERS		10u
#define USER_LOG	"/tmp/alloc_faults.log"

static void set_probability(const char *percent)
{
	static const char *const dirs[] = {
		"/sys/kernel/debug/failslab",
		"/sys/kernel/debug/fail_page_alloc",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		if (slice_write(dirs[i], "times", "-1") ||
		    slice_write(dirs[i], "probability", percent))
			tap_bail("no faults in %s", dirs[i]);
	}
}

/* What the library says of its failures is no point of this test. */
static _Noreturn void use_it(const struct test_opts *opts)
{
	static const struct nvme_queue_opts interrupts = { .interrupt = true };
	unsigned int i, good = 0;
	struct nvme_qpair qp;
	struct vfio_dev dev;
	struct nvme_sqe sqe;
	struct dma_buf buf;
	struct nvme nv;

	if (!freopen(USER_LOG, "w", stdout))
		_exit(2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_start(&nv, &dev, opts);
	nvme_qpair_create(&nv, &qp, 1, 64, interrupts);
	dma_alloc(&dev, &buf, 64 * PAGE, DMA_SCATTER);
	for (i = 0; i < 64; i++) {
		sqe = nvme_rw(IO_READ, 0, 1);
		sqe.prp1 = buf.iova[i];
		good += nvme_exec_status(&qp.sq, &sqe) == ST_OK;
	}
	test_stop(&nv, &dev);
	_exit(good == 64 ? 0 : 1);
}

static bool user_is_well(const struct test_opts *opts)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		tap_bail("no child");
	if (!pid)
		use_it(opts);
	return waitpid(pid, &status, 0) == pid && !status;
}

/* For who wants to know why */
static void tell_log(void)
{
	FILE *log = fopen(USER_LOG, "re");
	char line[256];

	while (log && fgets(line, sizeof(line), log))
		tap_diag("user: %s", strtok(line, "\n"));
	if (log)
		fclose(log);
}

static void test_threads(const struct test_opts *opts)
{
	unsigned int i, ill = 0;
	struct held before;
	struct subject s;

	subject_init(&s, opts);
	ok(user_is_well(opts), "a user without faults is served");
	before = holds(&s);
	set_probability("3");
	for (i = 0; i < USERS; i++) {
		ill += !user_is_well(opts);
		test_still_alive();
	}
	set_probability("0");
	tap_diag("%u of %u users were not served well", ill, USERS);
	ok(ill, "the faults reach users");
	ok(settles(&s, &before), "nothing is lost");
	if (!ok(user_is_well(opts), "the next user is served"))
		tell_log();
	close(nth_fd);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "open", test_open_faults },
		{ "device", test_device },
		{ "attributes", test_attributes },
		{ "rescan", test_rescan },
		{ "create", test_create },
		{ "threads", test_threads },
		{ "bind", test_bind },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
