# SPDX-License-Identifier: GPL-2.0-only

include META

KDIR ?= /lib/modules/$(shell uname -r)/build
OUT  ?= out

all: modules

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

clean:
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean

-include tools/testing/testing.mk

.PHONY: all modules clean
