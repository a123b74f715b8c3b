// SPDX-License-Identifier: MIT
//
// Makes the mistake of this name, if there is one. planted_bugs.c or planted_races.c: a kernel has one of
// them.
#pragma once

void plant_run(const char *name);
