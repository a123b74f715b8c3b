// SPDX-License-Identifier: MIT
//
// The stack protector: functions with arrays keep a secret number above them and look at it before they return.
#pragma once

// Boot, from a function that never returns: those that are running keep the number they have seen.
void stack_guard_choose(void);
