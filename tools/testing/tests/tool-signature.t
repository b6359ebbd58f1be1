#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# l1: kernel=stock iommu=intel append=isolcpus=1
#
# sluicectl doctor on a kernel that accepts only signed modules: doctor says
# that the kernel would refuse the modules, and why. The test has no need of an
# isolated CPU, but of an L1 in which it comes last.
# shellcheck source=tools/testing/lib/l1.sh
. /t/tools/testing/lib/l1.sh
# shellcheck disable=SC2034 # for lib.sh
SLUICECTL=/out/bin/sluicectl
# shellcheck source=tools/sluicectl/tests/lib.sh
. /t/tools/sluicectl/tests/lib.sh

install_modules() {
	mkdir -p "$modules" && cp "$@" "$modules/" && depmod -a
}

# Have only those of the kernel's modules that ours need: depmod reads all
few_modules() {
	local few=/tmp/modules
	mkdir "$few" &&
		modprobe --show-depends mdev | sed -n 's/^insmod //p' | xargs cp -t "$few" &&
		cp "$installed"/modules.{order,builtin}* "$few" &&
		mount --bind "$few" "$installed"
}

# For good
enforce() {
	modules_unload && echo 1 >/sys/module/module/parameters/sig_enforce
}

begin 10
check "the kernel takes signed modules only, from now on" enforce
installed=/lib/modules/$(uname -r)
modules=$installed/extra
check "few modules" few_modules
check "install the modules" install_modules /out/mods/*.ko
refuse "the kernel does not take them" modprobe sluice
run doctor --json
is "doctor: not fit" "$status $(json .fit)" "1 false"
like "doctor: signatures are enforced" "$(finding "Secure Boot")" "^OK off, .*module signatures enforced"
like "doctor: ours has none" "$(finding "module signature")" \
	"^FAIL sluice_nvme is not signed, and the kernel takes signed modules only"
check "sign one, with a key that is not enrolled" l0 sign sluice_nvme
check "install it" install_modules /out/bin/sluice_nvme.ko
run doctor --json
like "doctor: says whose signature it is" "$(finding "module signature")" \
	"^FAIL sluice_nvme is signed by 'nobody', a key that is not enrolled"
umount "$installed"
