/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of libFuzzer's interface that the target uses and fuzz_main.c
 * provides.
 */
#ifndef SLUICE_FUZZ_FUZZER_H
#define SLUICE_FUZZ_FUZZER_H

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size,
			       unsigned int seed);
size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max_size);

#endif /* SLUICE_FUZZ_FUZZER_H */
