// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sluice: the clients of a controller
 *
 * A client owns I/O queue pairs of the drive beside those of the host's disks;
 * today each client is the virtual controller of one guest. A reset of the
 * drive destroys the queues of every client, so reset.c calls each client
 * through &struct sluice_nvme_client_ops. The calls of one reset are:
 *
 *	reset.c				client
 *	-------				------
 *	state is RESETTING
 *					stop: submits nothing more
 *	controller disabled: no DMA,
 *	no interrupt
 *					fail: ends what was in flight
 *	controller enabled again, or
 *	given up: state is LIVE or DEAD
 *					restore: creates its queues again, or
 *					reports the loss
 *
 * Without a reset a client may lose its namespace: offline.
 *
 * &sluice_nvme_ctrl.client_lock protects the list. The functions here hold it
 * while they call a client, so that the client cannot be freed meanwhile.
 */
#include <linux/list.h>
#include <linux/mutex.h>

#include "host/host.h"

/**
 * sluice_nvme_client_add() - let a client take part in each reset
 * @ctrl: controller
 * @client: client, not yet added
 * @ops: what the reset calls
 *
 * Process context; takes &sluice_nvme_ctrl.client_lock. Does not take the
 * reset_lock: a reset that runs at this moment may call
 * &sluice_nvme_client_ops.restore of the client without a stop before.
 */
void sluice_nvme_client_add(struct sluice_nvme_ctrl *ctrl,
			    struct sluice_nvme_client *client,
			    const struct sluice_nvme_client_ops *ops)
{
	client->ops = ops;
	guard(mutex)(&ctrl->client_lock);
	list_add_tail(&client->node, &ctrl->clients);
}

/**
 * sluice_nvme_client_del() - take a client out again
 * @ctrl: controller
 * @client: client that was added and owns no queue of the hardware any more
 *
 * Process context; takes &sluice_nvme_ctrl.client_lock. When this returns no
 * function of the client runs and none will be called.
 */
void sluice_nvme_client_del(struct sluice_nvme_ctrl *ctrl,
			    struct sluice_nvme_client *client)
{
	guard(mutex)(&ctrl->client_lock);
	list_del(&client->node);
}

/**
 * sluice_nvme_clients_in_flight() - does any client wait for the hardware?
 * @ctrl: controller
 *
 * Process context; takes &sluice_nvme_ctrl.client_lock. The watchdog asks, which
 * does not hold the reset_lock, and a shutdown, which does.
 *
 * Return: true when one does.
 */
bool sluice_nvme_clients_in_flight(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_client *client;

	guard(mutex)(&ctrl->client_lock);
	list_for_each_entry(client, &ctrl->clients, node) {
		if (client->ops->in_flight(client))
			return true;
	}
	return false;
}

/**
 * sluice_nvme_clients_stop() - a reset begins: clients submit nothing more
 * @ctrl: controller; its reset_lock is held
 *
 * Process context; takes &sluice_nvme_ctrl.client_lock.
 */
void sluice_nvme_clients_stop(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_client *client;

	guard(mutex)(&ctrl->client_lock);
	list_for_each_entry(client, &ctrl->clients, node)
		client->ops->stop(client);
}

/**
 * sluice_nvme_clients_fail() - clients end what the hardware will not complete
 * @ctrl: controller, disabled, its interrupts silent; its reset_lock is held
 *
 * Process context; takes &sluice_nvme_ctrl.client_lock.
 */
void sluice_nvme_clients_fail(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_client *client;

	guard(mutex)(&ctrl->client_lock);
	list_for_each_entry(client, &ctrl->clients, node)
		client->ops->fail(client);
}

/**
 * sluice_nvme_clients_restore() - a reset is over: clients go on or give up
 * @ctrl: controller, live or dead; its reset_lock is held
 *
 * Process context; takes &sluice_nvme_ctrl.client_lock. Clients send admin
 * commands here and wait for them.
 */
void sluice_nvme_clients_restore(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_client *client;

	guard(mutex)(&ctrl->client_lock);
	list_for_each_entry(client, &ctrl->clients, node)
		client->ops->restore(client);
}

/**
 * sluice_nvme_clients_offline() - a namespace has gone offline
 * @ctrl: controller, live; its reset_lock is held
 *
 * Process context; takes &sluice_nvme_ctrl.client_lock. When this returns no
 * client submits anything for the namespace.
 */
void sluice_nvme_clients_offline(struct sluice_nvme_ctrl *ctrl)
{
	struct sluice_nvme_client *client;

	guard(mutex)(&ctrl->client_lock);
	list_for_each_entry(client, &ctrl->clients, node)
		client->ops->offline(client);
}
