# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Fetches packages that are not for this machine, by an apt with separate
# sources and lists, or by mmdebstrap. It installs nothing and needs no lock.
# Source after common.sh.

# own_apt WORKDIR TOOL ARGUMENT...: run an apt TOOL with the configuration in
# WORKDIR. Lists that are not there are an error.
own_apt() {
	local dir=$1 tool=$2
	shift 2
	"$tool" -qq -o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o APT::Sandbox::User=root -o Debug::NoLocking=1 \
		-o APT::Update::Error-Mode=any "$@"
}

# suites_of SERIES: print the suites that have the packages of a kernel series
suites_of() {
	case $1 in
	6.1) echo bookworm bookworm-updates bookworm-security ;;
	6.12) echo bookworm bookworm-backports ;;
	7.3) echo trixie trixie-updates trixie-security trixie-backports ;;
	*) die "no packages known for Linux $1 (META: $SLUICE_KERNELS_BUILT)" ;;
	esac
}

# own_apt_update WORKDIR SUITE...: fetch the lists of binary and source packages
# of the suites
own_apt_update() {
	local dir=$1
	shift
	need apt-get apt
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	apt_sources "$@" | sed 'p; s/^deb /deb-src /' > "$dir/sources.list"
	tried own_apt "$dir" apt-get update || die "there are no lists of packages for $*"
}

# own_apt_source WORKDIR PACKAGE: fetch the source of PACKAGE and unpack it in
# WORKDIR/source
own_apt_source() {
	local dir=$1 package=$2

	need dpkg-source dpkg-dev
	(
		cd "$dir" || exit
		tried own_apt "$dir" apt-get source --download-only "$package"
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
	(cd "$dir/debs" && tried own_apt "$dir" apt-get download "$@") ||
		die "packages cannot be downloaded"
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb -x "$deb" "$into"
	done
}

# make_debian SUITE DIR OPTION...: make DIR a root directory of Debian, from the
# sources on standard input, with those options of this machine's apt that it may
# need to reach the archive
make_debian() {
	local suite=$1 dir=$2 options=("${@:3}")

	need mmdebstrap mmdebstrap
	cat > "$dir.sources"
	apt-config dump | grep -E '^Acquire::(http|https|Check|Retries)' > "$dir.aptopt" || true
	step "$dir.log" "making a Debian $suite" tried try_debian
	rm "$dir".{sources,aptopt,log}
}

try_debian() {
	rm -rf "$dir"
	mmdebstrap --mode=root --aptopt="$dir.aptopt" "${options[@]}" "$suite" \
		"$dir" - < "$dir.sources"
}
