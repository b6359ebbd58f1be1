# SPDX-License-Identifier: GPL-2.0-only
# Completion of sluicectl(8) for bash.
# shellcheck shell=bash

_sluicectl_drives() {
	local dir

	for dir in /sys/bus/pci/devices/*; do
		[[ $(cat "$dir/class" 2>/dev/null) == 0x010802 ]] && echo "${dir##*/}"
	done
}

_sluicectl_bound() {
	local dir

	for dir in /sys/bus/pci/drivers/sluice_nvme/*:*; do
		[[ -e $dir ]] && echo "${dir##*/}"
	done
}

_sluicectl_disks() {
	local dir

	for dir in /sys/class/block/sluice*; do
		[[ -e $dir && ! -e $dir/partition ]] && echo "${dir##*/}"
	done
}

# A label with a space cannot be offered as one word: offer device names.
_sluicectl_slices() {
	local dir name

	for dir in /sys/class/sluice/*; do
		[[ -e $dir ]] || continue
		echo "${dir##*/}"
		name=$(cat "$dir/name" 2>/dev/null)
		[[ $name =~ ^[[:alnum:]_.-]+$ ]] && echo "$name"
	done
}

_sluicectl_types() {
	local dir

	for dir in /sys/bus/pci/drivers/sluice_nvme/*:*/mdev_supported_types/*; do
		[[ -e $dir ]] && echo "${dir##*/sluice_nvme-}"
	done | sort -u
}

_sluicectl() {
	local cur prev words cword verb words_of

	_init_completion -n : || return
	verb=${words[1]}
	if ((cword == 1)); then
		words_of="doctor bind unbind list types show create destroy attach detach
			--help --version"
		mapfile -t COMPREPLY < <(compgen -W "$words_of" -- "$cur")
		return
	fi

	case $prev in
	--name | -N | --uuid | -u) return ;;
	--size | -s) words_of="max 25% 50% 10G" ;;
	--block-size) words_of="512 4096" ;;
	--queues | -q) words_of=$(_sluicectl_types | sed -n 's/^q//p') ;;
	--type | -t) words_of=$(_sluicectl_types) ;;
	--disk | -d)
		words_of=$(_sluicectl_disks)
		_filedir
		;;
	*)
		if [[ $cur == -* ]]; then
			words_of=$(sluicectl "$verb" --help 2>/dev/null | grep -o -- '--[a-z-]*')
		else
			case $verb in
			bind) words_of=$(_sluicectl_drives) ;;
			unbind | list | types) words_of=$(_sluicectl_bound) ;;
			create)
				words_of="$(_sluicectl_bound) $(_sluicectl_disks)"
				_filedir
				;;
			show) words_of="$(_sluicectl_bound) $(_sluicectl_slices)" ;;
			attach) words_of="$(_sluicectl_slices) $(_sluicectl_disks)" ;;
			destroy | detach) words_of=$(_sluicectl_slices) ;;
			*) return ;;
			esac
		fi
		;;
	esac
	mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words_of" -- "$cur")
	__ltrim_colon_completions "$cur"
}

complete -F _sluicectl sluicectl
