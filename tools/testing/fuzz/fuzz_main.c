// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a fuzz target without libFuzzer: picks a seed, mutates it several times
 * with a run after each mutation, and starts again. Does not measure coverage.
 *
 *	gpt_fuzz [-runs=N] [-seed=N] [-max_total_time=SECONDS] FILE|DIRECTORY...
 */

#include <dirent.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzzer.h"

#define INPUT_MAX	131072
#define SEEDS_MAX	256
#define GENERATIONS	16

struct seed {
	u8 *data;
	size_t size;
};

static struct seed seeds[SEEDS_MAX];
static unsigned int nr_seeds;
static u8 input[INPUT_MAX];
static size_t input_size;

/* The fuzzer's own random numbers; the C library's have 31 bits. */
static u32 draw(u32 below)
{
	return (u32)random() % below;
}

size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size)
{
	size_t at, len;

	switch (size ? draw(4) : 0) {
	case 0:
		len = 1 + draw(16);
		if (size + len > max_size)
			return size;
		while (len--)
			data[size++] = draw(256);
		return size;
	case 1:
		return draw(size) + 1;
	case 2:
		data[draw(size)] ^= 1 << draw(8);
		return size;
	default:
		at = draw(size);
		len = 1 + draw(min_t(u32, size - at, 16));
		while (len--)
			data[at + len] = draw(256);
		return size;
	}
}

static void add_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct seed *s = &seeds[nr_seeds];

	if (!f || nr_seeds == SEEDS_MAX) {
		perror(path);
		exit(1);
	}
	s->data = malloc(INPUT_MAX);
	assert(s->data);
	s->size = fread(s->data, 1, INPUT_MAX, f);
	nr_seeds++;
	fclose(f);
}

static void add_path(const char *path)
{
	struct dirent **names;
	char file[4096];
	struct stat st;
	int i, nr;

	if (!stat(path, &st) && !S_ISDIR(st.st_mode)) {
		add_file(path);
		return;
	}
	nr = scandir(path, &names, NULL, alphasort);
	if (nr < 0) {
		perror(path);
		exit(1);
	}
	for (i = 0; i < nr; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			add_file(file);
		free(names[i]);
	}
	free(names);
}

/* A copy of the exact size: the sanitizers notice reads beyond it. */
static void run_input(void)
{
	u8 *copy = malloc(input_size);

	assert(copy || !input_size);
	memcpy(copy, input, input_size);
	LLVMFuzzerTestOneInput(copy, input_size);
	free(copy);
}

static void save_input(void)
{
	FILE *f = fopen("crash-input", "wb");

	if (!f)
		return;
	fwrite(input, 1, input_size, f);
	fclose(f);
	fprintf(stderr, "the input is in crash-input\n");
}

static unsigned long fuzz(unsigned long runs, time_t end)
{
	unsigned long done = 0;
	unsigned int i;

	for (i = 0; i < nr_seeds; i++, done++) {
		input_size = seeds[i].size;
		memcpy(input, seeds[i].data, input_size);
		run_input();
	}
	while (done < runs && time(NULL) < end) {
		i = draw(nr_seeds);
		input_size = seeds[i].size;
		memcpy(input, seeds[i].data, input_size);
		for (i = 0; i < GENERATIONS && done < runs; i++, done++) {
			input_size = LLVMFuzzerCustomMutator(input, input_size,
							     INPUT_MAX,
							     random());
			run_input();
		}
	}
	return done;
}

/* A failed check ends the program in the same way as a sanitizer's report. */
const char *__asan_default_options(void)
{
	return "handle_abort=1";
}

int main(int argc, char **argv)
{
	unsigned long runs = 0, seed = 1, seconds = 1UL << 30;
	int i;

	for (i = 1; i < argc; i++) {
		if (sscanf(argv[i], "-runs=%lu", &runs) != 1 &&
		    sscanf(argv[i], "-seed=%lu", &seed) != 1 &&
		    sscanf(argv[i], "-max_total_time=%lu", &seconds) != 1 &&
		    argv[i][0] != '-')
			add_path(argv[i]);
	}
	if (!nr_seeds) {
		fprintf(stderr, "no inputs\n");
		return 2;
	}
	srandom(seed);
	__sanitizer_set_death_callback(save_input);
	runs = fuzz(runs, time(NULL) + seconds);
	printf("Done %lu runs from %u seeds\n", runs, nr_seeds);
	return 0;
}
