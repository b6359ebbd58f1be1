/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VFIO device, opened through its group or through its own character device
 *
 * Functions return 0 or a negative errno unless they say otherwise.
 */
#ifndef SLUICE_TEST_VFIO_H
#define SLUICE_TEST_VFIO_H

#include <linux/vfio.h>
#include <sys/types.h>

#include "types.h"

enum vfio_path {
	VFIO_PATH_GROUP,	/* /dev/vfio/N and a type1 v2 container */
	VFIO_PATH_GROUP_V1,	/* the same with a container that cannot pin */
	VFIO_PATH_IOMMUFD,	/* /dev/vfio/devices/vfioN and /dev/iommu */
};

/**
 * struct vfio_dev - an open device with an address space of its own
 * @fd: device
 * @path: how it was opened
 * @space: container or iommufd
 * @group: group, -1 with iommufd
 * @ioas: iommufd's identifier of the address space
 * @trapped: do not map the doorbell page
 * @next_iova: where dma_alloc() places the next buffer
 * @offset: of each region in the device file
 * @size: of each region
 */
struct vfio_dev {
	int fd;
	enum vfio_path path;
	int space;
	int group;
	u32 ioas;
	bool trapped;
	u64 next_iova;
	u64 offset[VFIO_PCI_NUM_REGIONS];
	u64 size[VFIO_PCI_NUM_REGIONS];
};

#define VFIO_MAP_RO	VFIO_DMA_MAP_FLAG_READ
#define VFIO_MAP_RW	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

/* Directory of the device in sysfs: an mdev by UUID, a function by address */
void vfio_sysfs_dir(const char *id, char *dir, size_t len);

/* Returns -ENOENT if the kernel or the device does not offer @path */
int vfio_open(struct vfio_dev *dev, const char *id, enum vfio_path path);
/* As vfio_open(), but waits until a former user has closed the device */
int vfio_open_wait(struct vfio_dev *dev, const char *id, enum vfio_path path,
		   unsigned int ms);
/* The same, in the address space of @other, opened by the same path */
int vfio_open_beside(struct vfio_dev *dev, const char *id,
		     const struct vfio_dev *other);
void vfio_close(struct vfio_dev *dev);
int vfio_reset(struct vfio_dev *dev);

/* Regions; return the number of bytes or a negative errno */
ssize_t vfio_read(struct vfio_dev *dev, unsigned int region, u64 off,
		  void *buf, size_t len);
ssize_t vfio_write(struct vfio_dev *dev, unsigned int region, u64 off,
		   const void *buf, size_t len);

/* PCI configuration space; a failure ends the test */
u8 vfio_cfg8(struct vfio_dev *dev, u32 off);
u16 vfio_cfg16(struct vfio_dev *dev, u32 off);
u32 vfio_cfg32(struct vfio_dev *dev, u32 off);
void vfio_cfg_write8(struct vfio_dev *dev, u32 off, u8 val);
void vfio_cfg_write16(struct vfio_dev *dev, u32 off, u16 val);
void vfio_cfg_write32(struct vfio_dev *dev, u32 off, u32 val);
/* Returns the offset of a capability, 0 if there is none */
u8 vfio_find_cap(struct vfio_dev *dev, u8 id);
void vfio_set_command(struct vfio_dev *dev, u16 set, u16 clear);
/* Function Level Reset, through the PCI Express capability */
void vfio_flr(struct vfio_dev *dev);

/* Interrupts */
int vfio_set_irqs(struct vfio_dev *dev, u32 flags, u32 index, u32 start,
		  u32 count, const void *data, size_t data_len);
int vfio_set_eventfds(struct vfio_dev *dev, u32 index, u32 start, u32 count,
		      const int *fds);
int vfio_disable_irqs(struct vfio_dev *dev, u32 index);

/* Address space */
int vfio_map(struct vfio_dev *dev, void *va, u64 iova, u64 len, u32 flags);
int vfio_unmap(struct vfio_dev *dev, u64 iova, u64 len);

/* Used by vfio.c only: one pair for each path */
int vfio_group_open(struct vfio_dev *dev, const char *id, const char *dir,
		    const struct vfio_dev *other);
int vfio_group_map(struct vfio_dev *dev, void *va, u64 iova, u64 len,
		   u32 flags);
int vfio_group_unmap(struct vfio_dev *dev, u64 iova, u64 len);
int vfio_iommufd_open(struct vfio_dev *dev, const char *dir,
		      const struct vfio_dev *other);
int vfio_iommufd_map(struct vfio_dev *dev, void *va, u64 iova, u64 len,
		     u32 flags);
int vfio_iommufd_unmap(struct vfio_dev *dev, u64 iova, u64 len);

#endif /* SLUICE_TEST_VFIO_H */
