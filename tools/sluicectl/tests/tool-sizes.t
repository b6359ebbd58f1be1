#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Sizes and names: an accepted one is stored exactly, others are refused.
# shellcheck source=tools/sluicectl/tests/lib.sh
. "$(dirname "$0")/lib.sh"

begin 56
mib=1048576

# size WHAT SIZE BYTES: check that a slice of SIZE would have BYTES
size() {
	image disk.img 2T
	run create disk.img --name a --size "$2" --dry-run --json --bytes
	is "$1" "$status $(json '.steps[1]' | grep -oE 'zero [0-9]+')" "0 zero $3"
}

size "1M" 1M $mib
size "1MiB" 1MiB $mib
size "1m in lower case" 1m $mib
size "plain bytes" 3145728 3145728
size "bytes with a B" 3145728B 3145728
size "1024K" 1024K $mib
size "2G" 2G $((2048 * mib))
size "1T" 1T $((1024 * 1024 * mib))
size "1.5G" 1.5G $((1536 * mib))
size "0.5G" 0.5G $((512 * mib))
size "1048.576MB: a decimal unit" 1048.576MB 1048576000
size "256GB needs to be whole MiB" 262.144GB 262144000000
image small.img 102M
run create small.img --name a --size max --dry-run --json --bytes
is "max: all but the ends" "$(json '.steps[1]' | grep -oE 'zero [0-9]+')" "zero $((100 * mib))"
run create small.img --name a --size 100% --dry-run --json --bytes
is "100% of the usable part, rounded down" "$(json '.steps[1]' | grep -oE 'zero [0-9]+')" \
	"zero $((100 * mib))"
run create small.img --name a --size 33% --dry-run --json --bytes
is "33% rounded down to 1 MiB" "$(json '.steps[1]' | grep -oE 'zero [0-9]+')" "zero $((33 * mib))"

image disk.img 1G
# bad WHAT STATUS PATTERN SIZE
bad() { gives "$1" "$2" "$3" create disk.img --name a --size "$4" --dry-run; }
bad "no number" 2 "is not a size" big
bad "a negative number" 2 "is not a size" -1M
bad "a sign" 2 "is not a size" +1M
bad "a leading blank" 2 "is not a size" " 1M"
bad "nothing before the point" 2 "is not a size" .5G
bad "nothing after the point" 2 "no digit after the point" 1.G
bad "an unknown unit" 2 "unknown unit" 1X
bad "something after the unit" 2 "unknown unit" 1Mx
bad "half a unit" 2 "unknown unit" 1Mi
bad "two points" 2 "unknown unit" 1.5.5G
bad "zero" 2 "is zero" 0
bad "zero with a unit" 2 "is zero" 0G
bad "more than 64 bits" 2 "is too large" 99999999999999999999
bad "more than 64 bits with the unit" 2 "is too large" 16E
bad "not whole bytes" 2 "not a whole number of bytes" 1.3K
bad "too many digits" 2 "too many digits" 1.0009765625G
bad "0%" 2 "from 1% to 100%" 0%
bad "101%" 2 "from 1% to 100%" 101%
bad "something after the per cent sign" 2 "after the per cent" 10%x
bad "not a multiple of 1 MiB" 2 "use 1MiB or 2MiB" 1500K
bad "less than 1 MiB" 2 "smallest slice" 512K
bad "larger than the disk" 5 "no free extent of 2 GiB: the largest has" 2G
image tiny.img 50M
gives "a percentage that is less than 1 MiB" 5 "less than 1 MiB" \
	create tiny.img --name a --size 1% --dry-run
image tiny.img 1M
gives "a disk without room for anything" 5 "no free space" \
	create tiny.img --name a --size 1M --dry-run
image tiny.img 10K
gives "a disk too small for a table" 5 "too small for a partition table" \
	create tiny.img --name a --size 1M --dry-run
image tiny.img 0
gives "an empty file" 5 "too small for a partition table" \
	create tiny.img --name a --size 1M --dry-run

# name WHAT STATUS PATTERN NAME
name() { gives "$1" "$2" "$3" create disk.img --name="$4" --size 1M --dry-run; }
a36=aaaaaaaaaabbbbbbbbbbccccccccccdddddd
name "36 characters" 0 "name '$a36'" $a36
name "37 characters" 2 "longer than the 36" ${a36}e
name "blanks and accents" 0 "name 'a é ß 中'" "a é ß 中"
name "36 characters of three bytes" 0 "name '中" "$(printf '中%.0s' {1..36})"
name "above U+FFFF" 2 "above U\+FFFF" "disk 💾"
name "not UTF-8" 2 "not valid UTF-8" $'a\xff'
name "a control character" 2 "control character" $'a\nb'
name "a C1 control character" 2 "control character" $'a\xc2\x9bb'
name "a leading blank" 2 "begins or ends with a space" " a"
name "a slash" 2 "looks like a path" a/b
name "an option" 2 "looks like an option" -x
name "a UUID" 2 "looks like a UUID" 01234567-89ab-cdef-0123-456789abcdef
name "a drive" 2 "address of a drive" 0000:01:00.0
name "a device" 2 "name of a device" sluice0n1p2
name "nearly a device" 0 "name 'sluice'" sluice
