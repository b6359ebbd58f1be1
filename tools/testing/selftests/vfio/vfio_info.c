// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VFIO reports about a device: device, region and interrupt information
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "lib/tap.h"
#include "lib/test.h"

static int device_info(struct vfio_dev *dev, u32 argsz,
		       struct vfio_device_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = argsz;
	return ioctl(dev->fd, VFIO_DEVICE_GET_INFO, info) ? -errno : 0;
}

static void test_device(const struct test_opts *opts)
{
	struct vfio_device_info info;
	struct vfio_dev dev;

	test_open(&dev, opts->id, opts);
	is(device_info(&dev, sizeof(info), &info), 0, "GET_INFO");
	ok(info.flags & VFIO_DEVICE_FLAGS_PCI, "is a PCI device");
	ok(info.flags & VFIO_DEVICE_FLAGS_RESET, "can be reset");
	ok(info.num_regions >= VFIO_PCI_NUM_REGIONS, "%u regions",
	   info.num_regions);
	ok(info.num_irqs > VFIO_PCI_MSIX_IRQ_INDEX, "%u interrupt indices",
	   info.num_irqs);
	is(device_info(&dev, 0, &info), -EINVAL, "argsz 0 is refused");
	is(device_info(&dev, 15, &info), -EINVAL, "argsz 15 is refused");
	is(device_info(&dev, ~0u, &info), 0, "argsz of U32_MAX is harmless");
	is(ioctl(dev.fd, VFIO_DEVICE_GET_INFO, NULL) ? errno : 0, EFAULT,
	   "a null pointer is refused");
	ok(ioctl(dev.fd, _IO(VFIO_TYPE, VFIO_BASE + 99), NULL) < 0,
	   "an unknown ioctl is refused");
	vfio_close(&dev);
}

static int region_info(struct vfio_dev *dev, u32 index, u32 argsz,
		       struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = argsz;
	info->index = index;
	return ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

static bool power_of_two(u64 n)
{
	return n && !(n & (n - 1));
}

static void check_bar(struct vfio_dev *dev, u32 index, u64 min)
{
	u32 rw = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	struct vfio_region_info info;

	is(region_info(dev, index, sizeof(info), &info), 0, "region %u",
	   index);
	ok(power_of_two(info.size) && info.size >= min,
	   "region %u has a power of two bytes, at least 0x%llx", index,
	   (unsigned long long)min);
	is(info.flags & rw, rw, "region %u can be read and written", index);
}

static void check_absent(struct vfio_dev *dev, u32 index)
{
	struct vfio_region_info info;
	int ret = region_info(dev, index, sizeof(info), &info);

	ok(ret == -EINVAL || (!ret && !info.size), "region %u is absent",
	   index);
}

static void test_regions(const struct test_opts *opts)
{
	u32 bad[] = { VFIO_PCI_NUM_REGIONS + 1000, 0x7fffffff, ~0u };
	struct vfio_region_info info;
	struct vfio_dev dev;
	unsigned int i;

	test_open(&dev, opts->id, opts);
	check_bar(&dev, VFIO_PCI_BAR0_REGION_INDEX, 0x2000);
	check_bar(&dev, VFIO_PCI_BAR2_REGION_INDEX, 0x2000);
	check_absent(&dev, VFIO_PCI_BAR1_REGION_INDEX);
	check_absent(&dev, VFIO_PCI_BAR3_REGION_INDEX);
	check_absent(&dev, VFIO_PCI_BAR4_REGION_INDEX);
	check_absent(&dev, VFIO_PCI_BAR5_REGION_INDEX);
	check_absent(&dev, VFIO_PCI_ROM_REGION_INDEX);
	check_absent(&dev, VFIO_PCI_VGA_REGION_INDEX);
	is(region_info(&dev, VFIO_PCI_CONFIG_REGION_INDEX, sizeof(info),
		       &info), 0, "configuration space");
	ok(info.size == 256 || info.size == 4096,
	   "configuration space of %llu bytes",
	   (unsigned long long)info.size);
	is(region_info(&dev, 0, 0, &info), -EINVAL, "argsz 0 is refused");
	is(region_info(&dev, 0, sizeof(info) - 1, &info), -EINVAL,
	   "argsz too small is refused");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		is(region_info(&dev, bad[i], sizeof(info), &info), -EINVAL,
		   "region 0x%x is refused", bad[i]);
	vfio_close(&dev);
}

static int irq_info(struct vfio_dev *dev, u32 index, u32 argsz,
		    struct vfio_irq_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = argsz;
	info->index = index;
	return ioctl(dev->fd, VFIO_DEVICE_GET_IRQ_INFO, info) ? -errno : 0;
}

static void test_irqs(const struct test_opts *opts)
{
	u32 bad[] = { VFIO_PCI_NUM_IRQS + 1000, 0x7fffffff, ~0u };
	struct vfio_irq_info info;
	struct vfio_dev dev;
	unsigned int i;

	test_open(&dev, opts->id, opts);
	is(irq_info(&dev, VFIO_PCI_MSIX_IRQ_INDEX, sizeof(info), &info), 0,
	   "MSI-X");
	ok(info.count >= 2 && info.count <= 2048, "%u MSI-X vectors",
	   info.count);
	ok(info.flags & VFIO_IRQ_INFO_EVENTFD, "MSI-X signals eventfds");
	is(irq_info(&dev, VFIO_PCI_ERR_IRQ_INDEX, sizeof(info), &info),
	   -EINVAL, "no interrupt for errors, as without AER");
	is(irq_info(&dev, VFIO_PCI_MSIX_IRQ_INDEX, 0, &info), -EINVAL,
	   "argsz 0 is refused");
	is(irq_info(&dev, VFIO_PCI_MSIX_IRQ_INDEX, sizeof(info) - 1, &info),
	   -EINVAL, "argsz too small is refused");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		is(irq_info(&dev, bad[i], sizeof(info), &info), -EINVAL,
		   "index 0x%x is refused", bad[i]);
	vfio_close(&dev);
}

static void test_reopen(const struct test_opts *opts)
{
	struct vfio_dev dev, again;
	unsigned int i;
	int ret;

	test_open(&dev, opts->id, opts);
	ret = vfio_open(&again, opts->id, opts->path);
	ok(ret < 0, "a second address space cannot have the device: %s",
	   strerror(-ret));
	if (!ret)
		vfio_close(&again);
	vfio_close(&dev);
	for (i = 0; i < 50; i++) {
		ret = vfio_open_wait(&dev, opts->id, opts->path, 5000);
		if (ret)
			break;
		vfio_close(&dev);
	}
	is(i, 50, "opened and closed 50 times");
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "device", test_device },
		{ "regions", test_regions },
		{ "interrupts", test_irqs },
		{ "reopen", test_reopen },
	};

	return test_main(argc, argv, cases, ARRAY_SIZE(cases));
}
