// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: sysfs attributes of the controller and of the host's disks
 *
 * What only Sluice has is in the group "sluice" that the core makes. The others
 * have the names that programs look for at an NVMe disk and its controller.
 */
#include <linux/blkdev.h>
#include <linux/sysfs.h>

#include "host/host.h"

static struct sluice_nvme_ctrl *sluice_nvme_dev_ctrl(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	static const char * const names[] = {
		[SLUICE_NVME_LIVE] = "live",
		[SLUICE_NVME_RESETTING] = "resetting",
		[SLUICE_NVME_DEAD] = "dead",
	};
	struct sluice_nvme_ctrl *ctrl = sluice_nvme_dev_ctrl(dev);

	return sysfs_emit(buf, "%s\n", names[READ_ONCE(ctrl->state)]);
}
static DEVICE_ATTR_RO(state);

static ssize_t queue_pairs_total_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", sluice_nvme_dev_ctrl(dev)->nr_qpairs);
}
static DEVICE_ATTR_RO(queue_pairs_total);

static ssize_t queue_pairs_host_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  sluice_nvme_dev_ctrl(dev)->nr_host_qpairs);
}
static DEVICE_ATTR_RO(queue_pairs_host);

static ssize_t queue_pairs_free_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  sluice_nvme_qids_free(sluice_nvme_dev_ctrl(dev)));
}
static DEVICE_ATTR_RO(queue_pairs_free);

/* Identify has blanks after its strings, and in some drives also before. */
static ssize_t sluice_nvme_emit_id(char *buf, const char *str, size_t len)
{
	while (len && str[len - 1] <= ' ')
		len--;
	while (len && *str == ' ') {
		str++;
		len--;
	}
	return sysfs_emit(buf, "%.*s\n", (int)len, str);
}

static ssize_t model_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct nvme_id_ctrl *id = sluice_nvme_dev_ctrl(dev)->id;

	return sluice_nvme_emit_id(buf, id->mn, sizeof(id->mn));
}
static DEVICE_ATTR_RO(model);

static ssize_t serial_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct nvme_id_ctrl *id = sluice_nvme_dev_ctrl(dev)->id;

	return sluice_nvme_emit_id(buf, id->sn, sizeof(id->sn));
}
static DEVICE_ATTR_RO(serial);

static ssize_t firmware_rev_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct nvme_id_ctrl *id = sluice_nvme_dev_ctrl(dev)->id;

	return sluice_nvme_emit_id(buf, id->fr, sizeof(id->fr));
}
static DEVICE_ATTR_RO(firmware_rev);

static struct attribute *sluice_nvme_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_queue_pairs_total.attr,
	&dev_attr_queue_pairs_host.attr,
	&dev_attr_queue_pairs_free.attr,
	&dev_attr_model.attr,
	&dev_attr_serial.attr,
	&dev_attr_firmware_rev.attr,
	NULL,
};

static const struct attribute_group sluice_nvme_group = {
	.name = "sluice",
	.attrs = sluice_nvme_attrs,
};

/*
 * The drive as the link "device" of its disks shows it: what lsblk, udev and LVM
 * read. With the padding, as the kernel's own driver has it: it is in the names
 * of links.
 */
static ssize_t padded_model_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct nvme_id_ctrl *id = sluice_nvme_dev_ctrl(dev)->id;

	return sysfs_emit(buf, "%.*s\n", (int)sizeof(id->mn), id->mn);
}

static ssize_t padded_serial_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	struct nvme_id_ctrl *id = sluice_nvme_dev_ctrl(dev)->id;

	return sysfs_emit(buf, "%.*s\n", (int)sizeof(id->sn), id->sn);
}

static ssize_t padded_firmware_rev_show(struct device *dev,
					struct device_attribute *attr,
					char *buf)
{
	struct nvme_id_ctrl *id = sluice_nvme_dev_ctrl(dev)->id;

	return sysfs_emit(buf, "%.*s\n", (int)sizeof(id->fr), id->fr);
}

static struct device_attribute sluice_nvme_padded_model =
	__ATTR(model, 0444, padded_model_show, NULL);
static struct device_attribute sluice_nvme_padded_serial =
	__ATTR(serial, 0444, padded_serial_show, NULL);
static struct device_attribute sluice_nvme_padded_firmware_rev =
	__ATTR(firmware_rev, 0444, padded_firmware_rev_show, NULL);
/* lsblk before version 2.41 knows only this name. */
static struct device_attribute sluice_nvme_padded_rev =
	__ATTR(rev, 0444, padded_firmware_rev_show, NULL);

static struct attribute *sluice_nvme_drive_attrs[] = {
	&sluice_nvme_padded_model.attr,
	&sluice_nvme_padded_serial.attr,
	&sluice_nvme_padded_firmware_rev.attr,
	&sluice_nvme_padded_rev.attr,
	NULL,
};

static const struct attribute_group sluice_nvme_drive_group = {
	.attrs = sluice_nvme_drive_attrs,
};

static struct sluice_nvme_ns *sluice_nvme_dev_ns(struct device *dev)
{
	return dev_to_disk(dev)->private_data;
}

static ssize_t wwid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	int len = sluice_nvme_ns_wwid(sluice_nvme_dev_ns(dev), buf,
				      PAGE_SIZE - 1);

	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(wwid);

static ssize_t nsid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%u\n", sluice_nvme_dev_ns(dev)->nsid);
}
static DEVICE_ATTR_RO(nsid);

static ssize_t offline_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	const char *why = sluice_nvme_ns_offline(sluice_nvme_dev_ns(dev));

	return sysfs_emit(buf, "%s\n", why ?: "");
}
static DEVICE_ATTR_RO(offline);

static struct attribute *sluice_nvme_disk_attrs[] = {
	&dev_attr_wwid.attr,
	&dev_attr_nsid.attr,
	&dev_attr_offline.attr,
	NULL,
};

static const struct attribute_group sluice_nvme_disk_group = {
	.attrs = sluice_nvme_disk_attrs,
};

const struct attribute_group *sluice_nvme_disk_groups[] = {
	&sluice_nvme_disk_group,
	NULL,
};

/**
 * sluice_nvme_sysfs_add() - add the controller's attributes
 * @ctrl: controller, registered with the core
 *
 * Return: 0 or a negative errno.
 */
int sluice_nvme_sysfs_add(struct sluice_nvme_ctrl *ctrl)
{
	struct kobject *kobj = &ctrl->pdev->dev.kobj;
	int ret;

	ret = sysfs_merge_group(kobj, &sluice_nvme_group);
	if (ret)
		return ret;
	ret = sysfs_create_group(kobj, &sluice_nvme_drive_group);
	if (ret)
		sysfs_unmerge_group(kobj, &sluice_nvme_group);
	return ret;
}

/**
 * sluice_nvme_sysfs_del() - remove the controller's attributes
 * @ctrl: controller, still registered with the core
 */
void sluice_nvme_sysfs_del(struct sluice_nvme_ctrl *ctrl)
{
	struct kobject *kobj = &ctrl->pdev->dev.kobj;

	sysfs_remove_group(kobj, &sluice_nvme_drive_group);
	sysfs_unmerge_group(kobj, &sluice_nvme_group);
}
