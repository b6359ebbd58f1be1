# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Patterns of the lines that must not appear in the log of any kernel.

LOG_BAD='WARNING:|BUG:|BUG at|KASAN:|UBSAN:|KCSAN:|Oops|kernel panic|Kernel panic'
LOG_BAD+='|possible (circular|recursive) locking|INFO: possible|INFO: suspicious'
LOG_BAD+='|suspicious RCU|inconsistent lock state|INFO: trying to register'
LOG_BAD+='|INFO: task|hung_task|blocked for more than|stall on CPU|detected stall'
LOG_BAD+='|self-detected stall|DMA-API:|DMAR:.*(fault|Request|DRHD)|AMD-Vi: Event logged'
LOG_BAD+='|general protection fault|unable to handle|scheduling while atomic'
LOG_BAD+='|sleeping function called|refcount_t:|list_(add|del) corruption|ODEBUG:'
LOG_BAD+='|Bad page|bad page|unreferenced object|kmemleak: [0-9]+ new|nobody cared|unchecked MSR'
LOG_BAD+='|segfault at|Call Trace'
# A kernel with DMA-API debugging logs these lines at every boot
LOG_GOOD='DMA-API: (preallocated|debugging enabled)'

# log_complaints FILE...: print the forbidden lines; fails if there are none
log_complaints() { grep -hE "$LOG_BAD" "$@" 2>/dev/null | grep -vE "$LOG_GOOD"; }
