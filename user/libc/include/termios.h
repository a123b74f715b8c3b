// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/termios.h"
int ioctl(int fd, unsigned long request, ...);
