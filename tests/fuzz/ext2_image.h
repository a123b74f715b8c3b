// SPDX-License-Identifier: MIT
//
// A good image, where in it the numbers are that a reader must not believe, and patches to them as the input
// tells.

#ifndef TESTS_FUZZ_EXT2_IMAGE_H
#define TESTS_FUZZ_EXT2_IMAGE_H

#include <stddef.h>
#include <stdint.h>

struct patch {
    uint16_t field; // of all that were found, in turn
    uint8_t how;    // what becomes of the number there
    uint8_t pad;
    uint32_t operand;
};

void ext2_image_load(const char *path);
const char *ext2_image_disk(void); // a file in memory: the disk, as long as the image
void ext2_image_write(const struct patch *patches, unsigned count); // the good image, but for these
void ext2_image_changed(uint64_t at, size_t bytes); // somebody has written there: to be undone by the next one

#endif
