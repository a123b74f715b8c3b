// SPDX-License-Identifier: MIT
//
// The console's line discipline; its signal hook is in fs/context.h.

#ifndef FS_TTY_H
#define FS_TTY_H

void tty_init(void); // boot, once: /dev/console and /dev/tty, if the machine has a console

#endif
