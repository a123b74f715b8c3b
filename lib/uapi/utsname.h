// SPDX-License-Identifier: MIT
// What uname(2) fills in.
#ifndef UAPI_UTSNAME_H
#define UAPI_UTSNAME_H

struct utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
};

#endif
