# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Finds Debian's packages on L0, for the root file systems that scripts build.
# shellcheck source=tools/build/common.sh
. "$T_TOP/tools/build/common.sh"
# shellcheck source=tools/build/packages.sh
. "$T_TOP/tools/build/packages.sh"

# Print the release of the stock kernel under test: its headers are installed
debian_release() {
	find /usr/src -maxdepth 1 -name "linux-headers-$T_KERNEL_SERIES.*-amd64" \
		-printf '%f\n' | sort -V | tail -n 1 | sed 's/^linux-headers-//'
}

# Print the Debian suites that L0's apt knows, as a sources.list
debian_sources() {
	apt-get indextargets --format \
		"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \$(REPO_URI) \$(RELEASE) \$(COMPONENT)|\$(ORIGIN)|\$(CODENAME)" \
		'Created-By: Packages' |
		sed -nE 's/\|Debian( Backports)?\|bookworm.*//p'
}
