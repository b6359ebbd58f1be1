#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The command line: sluicectl explains wrong arguments and exits with status 2.
# The help, the manual page and the completion list the same verbs and options.
# shellcheck source=tools/sluicectl/tests/lib.sh
. "$(dirname "$0")/lib.sh"

dir=$top/tools/sluicectl
verbs="doctor bind unbind list types show create destroy attach detach"
begin 71

gives "no verb" 2 "verb is missing"
gives "unknown verb" 2 "unknown verb 'frob'" frob
gives "empty verb" 2 "unknown verb ''" ""
gives "--help" 0 "Verbs:" --help
gives "-h" 0 "Verbs:" -h
gives "help of a verb" 0 "^Usage: sluicectl attach " help attach
gives "an option before the verb" 2 "the verb comes before its options" --json list
version=$(sed -n 's/^SLUICE_VERSION=//p' "$top/META")
gives "--version" 0 "^sluicectl $version$" --version

gives "unknown option" 2 "unknown or ambiguous option --frob" list --frob
gives "option of another verb" 2 "unknown or ambiguous option --wipe" list --wipe
gives "ambiguous option" 2 "unknown or ambiguous option --b" create --b x
gives "unknown option among letters" 2 "unknown option -x" list -jx
gives "option with a value too many" 2 "no value may follow this option: --json=3" list --json=3
gives "option given twice" 2 "\-\-name is given twice" create x -N a --name b
gives "too few arguments, by name" 2 "an argument is missing: DRIVE" bind
gives "no number of queue pairs, whatever the slice" 2 "'banana' is not a number" \
	attach nosuch --queues banana
gives "list of what is no address" 2 "'web' is not the address of a drive" list web
gives "option without its value" 2 "a value must follow --name" create x --name
gives "option with an empty value" 2 "the value of --name is empty" create x --name ""
gives "too few arguments" 2 "an argument is missing" create --name a --size 1M
gives "too many arguments" 2 "unexpected argument extra" show a extra
gives "empty argument" 2 "an argument is empty" show ""
gives "create without a name" 2 "both --name and --size" create x --size 1M
gives "create without a size" 2 "both --name and --size" create x --name a
gives "a bad UUID" 2 "'12' is not a UUID" create x --name a --size 1M --uuid 12
gives "the UUID of zeroes" 2 "UUID of zeroes" create x --name a --size 1M \
	--uuid 00000000-0000-0000-0000-000000000000
gives "a bad block size" 2 "neither 512 nor 4096" create x --name a --size 1M --block-size 1024
gives "bind of what is no address" 2 "not the address of a PCI device" bind nvme0
gives "bind of an address out of range" 2 "not the address" bind 0000:01:20.0
gives "bind of a device that is not there" 3 "no PCI device ffff:ff:1f.7" bind ffff:ff:1f.7
gives "unbind of a device that is not there" 3 "no PCI device" unbind ffff:ff:1f.7
gives "a short address" 3 "no PCI device 0000:ff:1f.7" bind ff:1f.7

for verb in $verbs; do
	gives "help of $verb" 0 "^Usage: sluicectl $verb " "$verb" --help
	missing=
	while read -r option; do
		grep -qE -- "^\.It Fl (. , )?${option/#--/-}( |\$)" "$dir/sluicectl.8" ||
			missing+=" $option"
	done < <(grep -o -- '--[a-z-]*' <<<"$out" | sort -u)
	is "the manual page has its options" "$missing" ""
	check "the manual page has $verb" grep -qx "\.It Cm $verb" "$dir/sluicectl.8"
done
is "the completion has the verbs" "$(sed -n 's/.*words_of="\(doctor .*\)/\1/p' \
	"$dir/sluicectl.bash" | tr -s ' ')" "$verbs"

check "the completion is valid shell" bash -n "$dir/sluicectl.bash"

full() { "$tool" list --json >/dev/full; }
errno_is "output that cannot be written is no success" "cannot write the output" full
codes=$(sed -n 's/^\t\([A-Z_]*\)[\t ]*= \([0-9]*\),.*/\2/p' "$dir/message.h" | sort -n | tr '\n' ' ')
is "every exit code is documented" \
	"$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It \([0-9]*\)$/\1/p' \
		"$dir/sluicectl.8" | sort -n | tr '\n' ' ')" "$codes"
is "there are seven of them" "$(wc -w <<<"$codes")" 7
gives "list takes no dry run" 2 "unknown or ambiguous" list --dry-run
gives "every verb that changes something has a dry run: bind" 0 "dry-run" bind -h
gives "... attach" 0 "dry-run" attach -h
gives "... destroy" 0 "dry-run" destroy -h
