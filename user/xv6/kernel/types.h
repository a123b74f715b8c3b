// SPDX-License-Identifier: MIT
// The short names that xv6 has for unsigned types.
#pragma once

typedef unsigned char uchar, uint8;
typedef unsigned short ushort, uint16;
typedef unsigned int uint, uint32;
typedef unsigned long uint64, pde_t;
