// SPDX-License-Identifier: MIT
#pragma once
#define FNM_NOMATCH 1
#define FNM_PERIOD  4 // a leading dot is matched by a dot only
int fnmatch(const char *pattern, const char *name, int flags);
