// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options and the list of cases, for every test program here
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "test.h"

#define WATCHDOG_S	300
#define OPEN_MS		10000

static const char usage[] =
	"usage: %s [OPTION]... DEVICE\n"
	"DEVICE is the UUID of an mdev, or the address of a PCI function bound to\n"
	"vfio-pci.\n"
	"  --path group|iommufd  way to open the device (default: group)\n"
	"  --second DEVICE       another one on the same parent\n"
	"  --seed NUMBER         of everything random (default: 1)\n"
	"  --count NUMBER        repetitions of long loops\n"
	"  --trapped             write doorbells through the device file\n"
	"  --case NAME           run one case only\n"
	"  --list                print the names of the cases\n";

static void watchdog(int sig)
{
	static const char msg[] = "Bail out! hung, no progress for too long\n";

	(void)sig;
	if (write(STDOUT_FILENO, msg, sizeof(msg) - 1) < 0)
		_exit(2);
	_exit(EXIT_FAILURE);
}

void test_still_alive(void)
{
	alarm(WATCHDOG_S);
}

void test_open(struct vfio_dev *dev, const char *id,
	       const struct test_opts *opts)
{
	int ret = vfio_open_wait(dev, id, opts->path, OPEN_MS);

	if (ret)
		tap_bail("%s cannot be opened: %s", id, strerror(-ret));
	dev->trapped = opts->trapped;
}

void test_start(struct nvme *nv, struct vfio_dev *dev,
		const struct test_opts *opts)
{
	test_open(dev, opts->id, opts);
	nvme_start(nv, dev);
}

void test_stop(struct nvme *nv, struct vfio_dev *dev)
{
	nvme_free(nv);
	vfio_close(dev);
}

static u64 parse_number(const char *arg)
{
	char *end;
	u64 val;

	errno = 0;
	val = strtoull(arg, &end, 0);
	if (errno || end == arg || *end) {
		fprintf(stderr, "not a number: %s\n", arg);
		exit(2);
	}
	return val;
}

static enum vfio_path parse_path(const char *arg)
{
	if (!strcmp(arg, "group"))
		return VFIO_PATH_GROUP;
	if (!strcmp(arg, "iommufd"))
		return VFIO_PATH_IOMMUFD;
	fprintf(stderr, "not a path: %s (group or iommufd)\n", arg);
	exit(2);
}

static void list_cases(const struct test_case *cases, unsigned int nr_cases)
{
	unsigned int i;

	for (i = 0; i < nr_cases; i++)
		puts(cases[i].name);
	exit(EXIT_SUCCESS);
}

/* Returns the name of the only case to run, NULL for all */
static const char *parse(int argc, char **argv, struct test_opts *opts,
			 const struct test_case *cases, unsigned int nr_cases)
{
	static const struct option options[] = {
		{ "path", required_argument, NULL, 'p' },
		{ "second", required_argument, NULL, '2' },
		{ "seed", required_argument, NULL, 's' },
		{ "count", required_argument, NULL, 'n' },
		{ "case", required_argument, NULL, 'c' },
		{ "trapped", no_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *only = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			opts->path = parse_path(optarg);
			break;
		case '2':
			opts->second = optarg;
			break;
		case 's':
			opts->seed = parse_number(optarg);
			break;
		case 'n':
			opts->count = parse_number(optarg);
			break;
		case 'c':
			only = optarg;
			break;
		case 't':
			opts->trapped = true;
			break;
		case 'l':
			list_cases(cases, nr_cases);
			break;
		case 'h':
			printf(usage, argv[0]);
			exit(EXIT_SUCCESS);
		default:
			fprintf(stderr, usage, argv[0]);
			exit(2);
		}
	}
	if (optind != argc - 1) {
		fprintf(stderr, usage, argv[0]);
		exit(2);
	}
	opts->id = argv[optind];
	return only;
}

/* Skip if the kernel or the device does not have this path. */
static void probe_path(const struct test_opts *opts)
{
	const char *node = opts->path == VFIO_PATH_GROUP ? "/dev/vfio/vfio" :
							   "/dev/iommu";
	char dir[256];

	if (access(node, F_OK))
		tap_skip_all("this kernel has no %s", node);
	vfio_sysfs_dir(opts->id, dir, sizeof(dir));
	if (access(dir, F_OK))
		tap_bail("no such device: %s", dir);
}

int test_main(int argc, char **argv, const struct test_case *cases,
	      unsigned int nr_cases)
{
	struct test_opts opts = { .path = VFIO_PATH_GROUP, .seed = 1 };
	const char *only = parse(argc, argv, &opts, cases, nr_cases);
	unsigned int i, ran = 0;

	tap_begin();
	probe_path(&opts);
	signal(SIGALRM, watchdog);
	for (i = 0; i < nr_cases; i++) {
		if (only && strcmp(only, cases[i].name))
			continue;
		tap_group(cases[i].name);
		test_still_alive();
		cases[i].run(&opts);
		ran++;
	}
	if (!ran)
		tap_bail("no such case: %s", only);
	return tap_end();
}
