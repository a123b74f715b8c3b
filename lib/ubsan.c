// SPDX-License-Identifier: MIT
//
// What debug builds (-fsanitize=undefined) call when the program is about to do something undefined. Called
// only by code the compiler inserts, in any context; panics with the kind and the place.
//
// Every handler gets a record that begins with the place (LLVM, compiler-rt/lib/ubsan/ubsan_handlers.h).
// What follows differs and is needed for bad pointers only; further arguments are left in their registers.

#include "lib/log.h"

struct place {
    const char *file;
    uint32_t line, column;
};

#define HANDLER(name, kind, ...)                                                                          \
    _Noreturn void __ubsan_handle_##name(const struct place *place, ##__VA_ARGS__);                       \
    _Noreturn void __ubsan_handle_##name(const struct place *place, ##__VA_ARGS__)                        \
    {                                                                                                     \
        panic("undefined behaviour: %s at %s:%u:%u", (kind), place->file, place->line, place->column);    \
    }

HANDLER(add_overflow, "signed addition overflows")
HANDLER(sub_overflow, "signed subtraction overflows")
HANDLER(mul_overflow, "signed multiplication overflows")
HANDLER(negate_overflow, "negation overflows")
HANDLER(divrem_overflow, "division by zero, or overflow")
HANDLER(shift_out_of_bounds, "shift out of bounds")
HANDLER(out_of_bounds, "array index out of bounds")
HANDLER(pointer_overflow, "pointer arithmetic overflows")
HANDLER(load_invalid_value, "invalid value for its type")
HANDLER(builtin_unreachable, "unreachable code reached")
HANDLER(vla_bound_not_positive, "array of no or negative length")
HANDLER(nonnull_arg, "null argument where none may be")
HANDLER(nonnull_return_v1, "null returned where none may be")
HANDLER(invalid_builtin, "zero given to a count-zeros builtin")
HANDLER(float_cast_overflow, "floating-point value does not fit")
HANDLER(alignment_assumption, "pointer less aligned than promised")
HANDLER(function_type_mismatch, "call through the wrong function type")

struct type_mismatch {
    struct place place;
    const void *type;
    uint8_t alignment_shift;
};
static bool misaligned(const struct place *place, uintptr_t pointer)
{
    const struct type_mismatch *data = (const void *)place;
    return pointer & (((uintptr_t)1 << data->alignment_shift) - 1);
}
HANDLER(type_mismatch_v1,
        !pointer                     ? "null pointer used"
        : misaligned(place, pointer) ? "misaligned pointer used"
                                     : "object too small for its use",
        uintptr_t pointer)
