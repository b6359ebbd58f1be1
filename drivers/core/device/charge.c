// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom to charge for memory that a guest makes the kernel allocate
 *
 * A guest creates queues, and touches memory that has to be noted in tables.
 * Threads of the kernel allocate for it, and the kernel charges nobody for what
 * they allocate. So these threads charge the owner of the guest: the memory
 * cgroup of the process that has opened the device.
 */
#include <linux/export.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

#include "device/device.h"

/**
 * sluice_charge_open() - the current process owns the device from now on
 * @vdev: device that is being opened
 */
void sluice_charge_open(struct sluice_vdev *vdev)
{
	down_write(&vdev->owner_lock);
	vdev->owner = get_mem_cgroup_from_mm(current->mm);
	up_write(&vdev->owner_lock);
}

/**
 * sluice_charge_close() - nobody owns the device any more
 * @vdev: device that has been closed
 *
 * What was charged stays charged until it is freed.
 */
void sluice_charge_close(struct sluice_vdev *vdev)
{
	struct mem_cgroup *owner;

	down_write(&vdev->owner_lock);
	owner = vdev->owner;
	vdev->owner = NULL;
	up_write(&vdev->owner_lock);
	mem_cgroup_put(owner);
}

/**
 * sluice_charge_begin() - charge the owner of a slice for what is allocated
 * @sdev: the attached slice, open or not
 *
 * From here to sluice_charge_end() the current thread's allocations with
 * __GFP_ACCOUNT are charged to the memory cgroup of the process that has the
 * device open. A backend calls this in threads of its own that work for a guest.
 *
 * Context: process; takes a lock that close waits for after the backend's close
 * operation has returned.
 * Return: for sluice_charge_end()
 */
struct mem_cgroup *sluice_charge_begin(struct sluice_dev *sdev)
{
	struct sluice_vdev *vdev = sluice_to_vdev(sdev);

	down_read(&vdev->owner_lock);
	return set_active_memcg(vdev->owner);
}
EXPORT_SYMBOL_GPL(sluice_charge_begin);

/**
 * sluice_charge_end() - end what sluice_charge_begin() began
 * @sdev: the attached slice
 * @old: from sluice_charge_begin()
 */
void sluice_charge_end(struct sluice_dev *sdev, struct mem_cgroup *old)
{
	set_active_memcg(old);
	up_read(&sluice_to_vdev(sdev)->owner_lock);
}
EXPORT_SYMBOL_GPL(sluice_charge_end);
