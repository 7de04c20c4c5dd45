#!/bin/sh
# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# nvidia-smi of the simulated host that this script lies in: the model answers, in turn, through one file.
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
file=$root/proc/driver/nvidia/.nvidia-smi
exec 9<"$root/proc/driver/nvidia" && flock 9
printf '%s' "$*" > "$file" || exit 9
answer=$(cat "$file") || exit 9
printf '%s\n' "$answer" | sed '1d'
exit "$(printf '%s\n' "$answer" | head -n 1)"
