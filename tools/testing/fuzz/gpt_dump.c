// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the partitions of a disk image in the format of sfdisk --dump, for
 * comparison with the output of sfdisk.
 *
 *	gpt_dump BLOCK_SIZE IMAGE
 */

#include <stdio.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "table/gpt.h"

static int image_read(void *priv, u64 offset, void *buf, size_t len)
{
	ssize_t n = pread(*(int *)priv, buf, len, offset);

	return n == (ssize_t)len ? 0 : -EIO;
}

static void image_reject(void *priv, const struct sluice_gpt_entry *e,
			 enum sluice_gpt_flaw flaw)
{
	printf("%u : %s\n", e->partition, sluice_gpt_flaw_text(flaw));
}

static void print_uuid(const u8 *b)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		printf("%s%02X", i == 4 || i == 6 || i == 8 || i == 10 ?
		       "-" : "", b[i]);
}

static void print_type(const u8 *b)
{
	const u8 order[16] = {
		b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6],
		b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]
	};

	print_uuid(order);
}

static void print_name(const char *name)
{
	for (; *name; name++)
		printf((u8)*name < 0x80 ? "%c" : "\\x%02x", (u8)*name);
}

static void print_attributes(u64 bits)
{
	static const char * const names[] = {
		"RequiredPartition", "NoBlockIOProtocol", "LegacyBIOSBootable"
	};
	const char *sep = "";
	unsigned int bit;

	for (bit = 0; bit < 3; bit++) {
		if (bits & BIT_ULL(bit)) {
			printf("%s%s", sep, names[bit]);
			sep = " ";
		}
	}
	if (bits >> 48)
		printf("%sGUID:", sep);
	sep = "";
	for (bit = 48; bit < 64; bit++) {
		if (bits & BIT_ULL(bit)) {
			printf("%s%u", sep, bit);
			sep = ",";
		}
	}
}

static int print_entry(void *priv, const struct sluice_gpt_entry *e)
{
	unsigned int block_size = *(unsigned int *)priv;

	printf("%u : start=%llu, size=%llu, type=", e->partition,
	       e->start_bytes / block_size, e->size_bytes / block_size);
	print_type(e->type.b);
	printf(", uuid=");
	print_uuid(e->uuid.b);
	if (e->name[0]) {
		printf(", name=\"");
		print_name(e->name);
		printf("\"");
	}
	if (e->attributes) {
		printf(", attrs=\"");
		print_attributes(e->attributes);
		printf("\"");
	}
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct sluice_gpt_reader reader = {
		.read = image_read,
		.reject = image_reject,
	};
	struct stat st;
	int fd, ret;

	if (argc != 3) {
		fprintf(stderr, "usage: gpt_dump BLOCK_SIZE IMAGE\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY);
	if (fd < 0 || fstat(fd, &st)) {
		perror(argv[2]);
		return 2;
	}
	reader.priv = &fd;
	reader.size_bytes = st.st_size;
	reader.block_size = atoi(argv[1]);
	ret = sluice_gpt_parse(&reader, NULL, print_entry, &reader.block_size);
	close(fd);
	if (ret) {
		fprintf(stderr, "%s: %s\n", argv[2], strerror(-ret));
		return 1;
	}
	return 0;
}
