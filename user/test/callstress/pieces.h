// SPDX-License-Identifier: MIT
// What arguments are made of: pieces.c makes it, arguments.c chooses among it.
#pragma once
#include "callstress.h"

#define PICK(life, ...)                                                                                      \
    ({                                                                                                       \
        static const uint64_t choice[] = {__VA_ARGS__};                                                      \
        choice[below(life, sizeof choice / sizeof *choice)];                                                 \
    })
#define CHANCE(life, of) (below(life, of) == 0)

uint64_t hostile(struct life *life);
uint64_t out(struct life *life);
uint64_t in(struct life *life, const void *data, unsigned bytes);
uint64_t descriptor(struct life *life);
uint64_t descriptor_of(struct life *life, unsigned first, unsigned count);
uint64_t path(struct life *life);
uint64_t see_path(struct life *life);
uint64_t open_path(struct life *life, uint64_t *flags);
uint64_t exec_path(struct life *life);
uint64_t address(struct life *life);
uint64_t length(struct life *life);
uint64_t byte_count(struct life *life);
uint64_t offset(struct life *life);
uint64_t vector(struct life *life);
uint64_t map_flags(struct life *life);
uint64_t timeout(struct life *life);
uint64_t poll_set(struct life *life);
uint64_t action(struct life *life);
uint64_t limit(struct life *life);
uint64_t robust_head(struct life *life);
uint64_t strings(struct life *life);
uint64_t bits(struct life *life);
