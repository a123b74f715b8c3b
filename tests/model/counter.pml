// SPDX-License-Identifier: MIT
//
// Nothing of the kernel: a counter with MOST states in one long line. For the tests of check.py.

int count;

active proctype counter()
{
    do
    :: count < MOST -> count++
    :: count == MOST -> break
    od
#ifdef MUTANT_RIGHT_ANYHOW // as right as without
    ; count = 0
#endif
}
