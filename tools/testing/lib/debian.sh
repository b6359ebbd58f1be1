# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Where Debian's packages come from on this machine, for roots made here.

# The stock kernel under test: the one whose headers are installed
debian_release() {
	find /usr/src -maxdepth 1 -name "linux-headers-$T_KERNEL_SERIES.*-amd64" \
		-printf '%f\n' | sort -V | tail -n 1 | sed 's/^linux-headers-//'
}

# The Debian suites that this machine knows, as a sources.list
debian_sources() {
	apt-get indextargets --format \
		"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \$(REPO_URI) \$(RELEASE) \$(COMPONENT)|\$(ORIGIN)|\$(CODENAME)" \
		'Created-By: Packages' |
		sed -nE 's/\|Debian( Backports)?\|bookworm.*//p'
}

# Options of this machine's apt that decide whether it can reach the archive
debian_apt_options() {
	apt-config dump | grep -E '^Acquire::(http|https|Check|Retries)' || true
}
