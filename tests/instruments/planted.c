// SPDX-License-Identifier: MIT
//
// The boot argument plant=NAME makes a mistake on purpose before the first program starts, and the instrument
// that this kernel has must notice. Called once, by the first task (--wrap=swap_init).

#include "tests/instruments/planted.h"

#include "arch/machine.h"
#include "fs/swap.h"
#include "lib/log.h"

void __real_swap_init(void);
void __wrap_swap_init(void);
void __wrap_swap_init(void)
{
    char name[32];
    __real_swap_init();
    if (!boot_argument("plant", name, sizeof name))
        return;
    plant_run(name);
    fatal("plant=%s: nobody has noticed", name);
}
