// SPDX-License-Identifier: MIT
#pragma once
#include <stddef.h>
#include <stdint.h>
typedef int pid_t;
typedef unsigned mode_t, uid_t, gid_t;
typedef unsigned long ino_t, dev_t;
typedef long off_t, ssize_t, time_t;
