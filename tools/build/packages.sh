# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Fetches packages that are not for this machine, by an apt with separate
# sources and lists. It installs nothing and needs no lock. Source after
# common.sh.

# own_apt WORKDIR TOOL ARGUMENT...: run an apt TOOL with the configuration in
# WORKDIR
own_apt() {
	local dir=$1 tool=$2
	shift 2
	"$tool" -qq -o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}

# own_apt_update WORKDIR SUITE...: fetch the lists of binary and source packages
# of the suites
own_apt_update() {
	local dir=$1
	shift
	need apt-get apt
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	apt_sources "$@" | sed 'p; s/^deb /deb-src /' > "$dir/sources.list"
	own_apt "$dir" apt-get update
}

# own_apt_source WORKDIR PACKAGE: fetch the source of PACKAGE and unpack it in
# WORKDIR/source
own_apt_source() {
	local dir=$1 package=$2

	need dpkg-source dpkg-dev
	(
		cd "$dir" || exit
		own_apt "$dir" apt-get source --download-only "$package"
		dpkg-source --no-check -x "${package}_"*.dsc source
	)
}

# own_apt_closure WORKDIR PACKAGE: print PACKAGE and its dependencies as
# name=version
own_apt_closure() {
	own_apt "$1" apt-get -s -o Dir::State::Status=/dev/null \
		-o APT::Install-Recommends=0 install "$2" |
		sed -nE 's/^Inst ([^ ]*) \(([^ ]*) .*/\1=\2/p'
}

# own_apt_unpack WORKDIR DIR PACKAGE...: download packages and unpack them in
# DIR
own_apt_unpack() {
	local dir=$1 into=$2 deb
	shift 2
	mkdir -p "$dir/debs" "$into"
	say "downloading $*"
	(cd "$dir/debs" && own_apt "$dir" apt-get download "$@")
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$into"
	done
}
