// SPDX-License-Identifier: MIT
#pragma once
// Not of POSIX. Ends every other process but init, writes everything back and switches the machine off.
_Noreturn void power_off(int status); // 0 .. 255: the machine's exit status
