# SPDX-License-Identifier: GPL-2.0-only
#
# The make targets of the test bed; the top Makefile includes this file.

TESTS ?=
VM ?=
NATIVE ?=

setup: ## install the packages that building and testing takes (as root; Debian 12)
	@tools/testing/setup

cache: setup ## build what tests boot: QEMU, root file systems and the debug kernel, once
	@tools/testing/qemu/build
	@tools/testing/roots/build
	@tools/testing/kernel/build

check: ## lint, compile, and run all tests, or those whose names begin as TESTS='pattern ...' says
	@tools/testing/check $(TESTS)

check-all: ## the same with all tests, also those that repeat checks; before a release
	@tools/testing/check -a $(TESTS)

vm: setup ## a shell in L1 with a drive bound; VM='-k debug', '-g' to wait for gdb, '-h' for more
	@tools/testing/run-l1 -s $(VM) tools/testing/lib/vm-prepare

bench: ## compare ways to give a guest a part of a drive, in 40 minutes; QUICK=1 takes ten
	@tools/testing/bench/run

bench-native: setup ## measure the modules on this machine itself, in seconds; NATIVE='-d 10000' for a drive of 10 us
	@tools/testing/native/native $(NATIVE)

demo: setup ## three slices of one drive and two guests, in ten minutes at most
	@tools/testing/demo/run

.PHONY: setup cache check check-all bench bench-native vm demo
