// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/signal.h"
typedef void (*sighandler_t)(int);
#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)
int kill(pid_t pid, int number);
sighandler_t signal(int number, sighandler_t handler);
