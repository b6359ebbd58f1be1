# SPDX-License-Identifier: GPL-2.0-only
#
# For people; the kernel's build system reads Kbuild. "make help" lists the
# targets with the comments beside them.

include META

# Headers or build tree of the kernel to build the modules for
KDIR ?= /lib/modules/$(shell uname -r)/build
# The directory of everything that is not built in place
OUT ?= $(CURDIR)/out
# Packagers install into DESTDIR
DESTDIR ?=
PREFIX ?= /usr/local
# udev reads this directory of /usr/local and of /usr
UDEVRULESDIR ?= $(PREFIX)/lib/udev/rules.d
export OUT DESTDIR

# The release that KDIR builds for; it names the directory of the modules.
KREL = $(shell $(MAKE) -s -C $(KDIR) kernelrelease)
SERIES = $(subst $(comma), ,$(SLUICE_KERNELS_BUILT))
DKMS_SRC = $(DESTDIR)/usr/src/sluice-$(SLUICE_VERSION)
UDEV_RULES = $(DESTDIR)$(UDEVRULESDIR)/59-sluice.rules
TOOL = +$(MAKE) -C tools/sluicectl OUT=. prefix=$(PREFIX)
comma = ,

all: modules tools ## build the modules for KDIR (default: the running kernel) and the tools

modules: check-kdir ## build the kernel modules in place, for KDIR
	+$(MAKE) -C $(KDIR) M=$(CURDIR) modules

tools: ## build sluicectl
	$(TOOL)

build-all: ## compile the modules for each kernel in META, in OUT/build; any warning is an error
	@for k in $(SERIES); do tools/build/modules -W $$k || exit; done

lint: ## check style, kernel-doc, sparse, W=1, scripts, ABI documents and the version
	@tools/lint/run

install: modules-install tools-install ## install modules, tools and what goes with them (DESTDIR, PREFIX)

# Packaged headers have no key to sign with; a kernel built here may have one.
modules-install: check-kdir udev-install ## install the modules for KDIR, and the udev rules
	+$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) \
		INSTALL_MOD_DIR=updates/sluice \
		$(if $(wildcard $(KDIR)/certs/signing_key.pem),,CONFIG_MODULE_SIG_ALL=) \
		modules_install
	$(if $(DESTDIR),,depmod -a $(KREL))

tools-install: udev-install ## install sluicectl, its manual page and completion, and the udev rules
	$(TOOL) install

udev-install: ## install the udev rules, which make links to the host's disks and guard slices
	install -D -m 0644 tools/udev/59-sluice.rules $(UDEV_RULES)

uninstall: ## remove what "make install" installed, for every kernel
	for dir in $(wildcard $(DESTDIR)/lib/modules/*/updates/sluice); do \
		rm -r "$$dir"; \
		$(if $(DESTDIR),,depmod "$$(basename "$${dir%/updates/sluice}")";) \
	done
	$(TOOL) uninstall
	rm -f $(UDEV_RULES)

# DKMS knows modules only
dkms-install: udev-install ## hand the modules to DKMS, for this and every later kernel; install the udev rules
	$(if $(DESTDIR),,if [ -n "$$(dkms status -m sluice -v $(SLUICE_VERSION))" ]; then \
		dkms remove -m sluice -v $(SLUICE_VERSION) --all; fi)
	rm -rf $(DKMS_SRC)
	install -d $(DKMS_SRC)
	tools/build/dkms-source $(DKMS_SRC)
	$(if $(DESTDIR),,dkms install -m sluice -v $(SLUICE_VERSION))

dkms-uninstall: ## take the modules away from DKMS, for all kernels, and remove the udev rules
	$(if $(DESTDIR),,dkms remove -m sluice -v $(SLUICE_VERSION) --all)
	rm -rf $(DKMS_SRC)
	rm -f $(UDEV_RULES)

clean: ## remove what was built in place and OUT; the cache stays
	rm -rf $(OUT)
	find drivers \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.d' \
		-o -name modules.order \) -delete
	rm -f modules.order Module.symvers .module-common.o .*.cmd
	$(TOOL) clean

help: ## print this
	@echo 'Sluice $(SLUICE_VERSION), for Linux $(SLUICE_KERNEL_MIN) to $(SLUICE_KERNEL_MAX)'
	@echo
	@awk -F ':.*## ' '/^[a-z][a-z0-9_-]*:.*## / { printf "  %-16s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)
	@echo
	@echo 'Variables: KDIR=$(KDIR) OUT=$(OUT) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'

check-kdir:
	@test -e $(KDIR)/Makefile || { echo "$(KDIR): no headers of a kernel here." \
		"On Debian: apt-get install linux-headers-$$(uname -r); or say KDIR=..." >&2; exit 1; }

-include tools/testing/testing.mk

.DEFAULT_GOAL := all
.PHONY: all modules tools build-all lint install modules-install tools-install \
	udev-install uninstall dkms-install dkms-uninstall clean help check-kdir
