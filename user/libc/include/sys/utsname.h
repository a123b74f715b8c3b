// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/utsname.h"
int uname(struct utsname *to);
