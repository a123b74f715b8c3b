// SPDX-License-Identifier: MIT
//
// Several spaces that do things to ORACLE_PAGES pages and to one file, each step drawn from whoever asks, and
// what each page of each space must then hold, may be used for, or lack. The steps: loads, stores and
// fetches, mappings of all kinds, rights, unmapping, moving, discarding, 2 MiB pages wanted or not, the three
// ways to fork, exit; write(2), truncation, write-back, reclaim of the file, swap; now and then an allocation
// fails.

#ifndef TESTS_HOST_MM_ORACLE_H
#define TESTS_HOST_MM_ORACLE_H

#include "tests/host/fake_mm.h"

#ifndef ORACLE_PAGES // from 13 pages below a leaf table's end on
#define ORACLE_PAGES 40
#endif

// `draw` gives a number below the one it is given.
void oracle_begin(unsigned (*draw)(unsigned below));
void oracle_step(void);
void oracle_end(
    void); // all exit; the audit finds nothing. Whether frames are missing is for the caller to see

#endif
