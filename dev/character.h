// SPDX-License-Identifier: MIT
//
// A device of bytes (the UART), as fs/tty.c sees it.
#pragma once

#include <stddef.h>

struct character_device {
    const char *name;
    void (*write)(const char *bytes, size_t count); // polled; any context
    // `receive` is called in the interrupt handler with each byte that comes in.
    void (*set_receiver)(void (*receive)(char byte));
};

// The console of the machine (/chosen stdout-path), or NULL.
extern struct character_device *console_device;
