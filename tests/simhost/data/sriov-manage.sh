#!/bin/sh
# Copyright (c) 2026, vfio.devices contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The steps of NVIDIA's sriov-manage, done through the files of the simulated host this script lies in.
usage() { echo "Usage: $0 <-e|-d> <ssss:bb:dd.f | ALL>" >&2; exit 1; }
[ $# -eq 2 ] || usage
root=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
pci=$root/sys/bus/pci

fail() { echo "$1" >&2; exit 1; }

configure() {
    gpu=$1 number=$2
    device=$pci/devices/$gpu
    lock=$root/proc/driver/nvidia/gpus/$gpu/unbindLock
    echo 1 > "$lock" || fail "$gpu: no unbindLock"
    [ "$(cat "$lock")" = 1 ] || fail "Cannot obtain unbindLock for $gpu"
    echo "$gpu" > "$pci/drivers/nvidia/unbind" || fail "$gpu: cannot unbind nvidia"
    echo pci-pf-stub > "$device/driver_override"
    echo "$gpu" > "$pci/drivers/pci-pf-stub/bind" || fail "$gpu: cannot bind pci-pf-stub"
    echo "$number" > "$device/sriov_numvfs" || result=1
    echo "$gpu" > "$pci/drivers/pci-pf-stub/unbind" || fail "$gpu: cannot unbind pci-pf-stub"
    echo > "$device/driver_override"
    echo "$gpu" > "$pci/drivers/nvidia/bind" || fail "$gpu: cannot bind nvidia"
    for link in "$device"/virtfn*; do
        [ -e "$link" ] || continue
        [ -e "$link/driver" ] || basename "$(readlink "$link")" > "$pci/drivers/nvidia/bind"
    done
}

manage() {
    current=$(cat "$pci/devices/$2/sriov_numvfs") || fail "$2: no SR-IOV"
    case $1 in
    -e)
        if [ "$current" -ne 0 ]; then
            echo "VFs already enabled on $2"
        else
            configure "$2" "$(cat "$pci/devices/$2/sriov_totalvfs")"
        fi ;;
    -d) [ "$current" -eq 0 ] || configure "$2" 0 ;;
    *) usage ;;
    esac
}

result=0
if [ "$2" = ALL ]; then
    for entry in "$root"/proc/driver/nvidia/gpus/*; do
        gpu=$(basename "$entry")
        [ -e "$pci/devices/$gpu/sriov_totalvfs" ] && manage "$1" "$gpu"
    done
else
    manage "$1" "$2"
fi
exit "$result"
