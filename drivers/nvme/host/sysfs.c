// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: sysfs attributes of the controller, in the group "sluice" that the
 * core makes
 */
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

/**
 * sluice_nvme_sysfs_add() - add the controller's attributes
 * @ctrl: controller, registered with the core
 *
 * Return: 0 or a negative errno.
 */
int sluice_nvme_sysfs_add(struct sluice_nvme_ctrl *ctrl)
{
	return sysfs_merge_group(&ctrl->pdev->dev.kobj, &sluice_nvme_group);
}

/**
 * sluice_nvme_sysfs_del() - remove the controller's attributes
 * @ctrl: controller, still registered with the core
 */
void sluice_nvme_sysfs_del(struct sluice_nvme_ctrl *ctrl)
{
	sysfs_unmerge_group(&ctrl->pdev->dev.kobj, &sluice_nvme_group);
}
