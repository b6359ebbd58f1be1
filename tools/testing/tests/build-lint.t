#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every check of "make lint" passes.
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=tools/testing/lib/tap.sh
. "$top/tools/testing/lib/tap.sh"
plan 1
check "make lint" make -C "$top" --no-print-directory lint
