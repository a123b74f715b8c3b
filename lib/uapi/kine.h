// SPDX-License-Identifier: MIT
// The little that is Kine's own in the interface.
#pragma once

// reboot(2) wants both magic numbers, as Linux does. Kine takes the low 8 bits of the fourth argument of a
// power-off as the exit status of the machine: reboot(MAGIC1, MAGIC2, POWER_OFF, (void *)status).
#define LINUX_REBOOT_MAGIC1        0xfee1dead
#define LINUX_REBOOT_MAGIC2        672274793
#define LINUX_REBOOT_CMD_POWER_OFF 0x4321fedc

// Reading KINE_AUDIT stops all harts, recounts every reference of the machine (docs/REFCOUNT.md) and says
// "audit: exact\n", or one line per mismatch and then "audit: N mismatches\n".
#define KINE_AUDIT "/proc/audit"

// /proc/PID/kine_map, one line per region: "start-end perms kind pages present shared private name". Hex
// addresses, decimal page counts. A present page is shared when somebody else could be reading the same
// frame (its count is above 1, its table is shared, or an object holds it), else private.

// User addresses lie in [KINE_USER_BASE, KINE_USER_END): sv39's lower half without its first 64 KiB.
#define KINE_USER_BASE 0x10000UL
#define KINE_USER_END  0x4000000000UL
