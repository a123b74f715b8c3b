// SPDX-License-Identifier: MIT
//
// What debug builds (-fsanitize=undefined) call when the program is about to do something undefined. Called
// only by code the compiler inserts, in any context; panics with the kind and the place.
//
// Every handler gets a record that begins with the place; what follows differs and is not needed, except
// for bad pointers. Values that come as further arguments stay in their registers (LLVM, UBSan runtime
// interface, `ubsan_handlers.h`).

#include "lib/log.h"

#include <stdint.h>

struct place {
    const char *file;
    uint32_t line, column;
};

static _Noreturn void undefined(const char *kind, const struct place *place)
{
    panic("undefined behaviour: %s at %s:%u:%u", kind, place->file, place->line, place->column);
}

#define HANDLERS(each)                                                \
    each(add_overflow, "signed addition overflows")                   \
    each(sub_overflow, "signed subtraction overflows")                \
    each(mul_overflow, "signed multiplication overflows")             \
    each(negate_overflow, "negation overflows")                       \
    each(divrem_overflow, "division by zero or overflow")             \
    each(shift_out_of_bounds, "shift out of bounds")                  \
    each(out_of_bounds, "array index out of bounds")                  \
    each(pointer_overflow, "pointer arithmetic overflows")            \
    each(load_invalid_value, "invalid value for its type")            \
    each(builtin_unreachable, "unreachable code reached")             \
    each(vla_bound_not_positive, "array of no or negative length")    \
    each(nonnull_arg, "null argument where none may be")              \
    each(nonnull_return_v1, "null returned where none may be")        \
    each(invalid_builtin, "zero given to a count-zeros builtin")      \
    each(float_cast_overflow, "floating-point value does not fit")    \
    each(alignment_assumption, "pointer less aligned than promised")  \
    each(function_type_mismatch, "call through the wrong function type")

#define DEFINE_HANDLER(name, kind)                                \
    _Noreturn void __ubsan_handle_##name(const struct place *place); \
    _Noreturn void __ubsan_handle_##name(const struct place *place)  \
    {                                                             \
        undefined(kind, place);                                   \
    }
HANDLERS(DEFINE_HANDLER)

struct type_mismatch {
    struct place place;
    const void *type;
    uint8_t alignment_shift, access; // access: load, store, member access, ...
};

_Noreturn void __ubsan_handle_type_mismatch_v1(const struct type_mismatch *data, uintptr_t pointer);
_Noreturn void __ubsan_handle_type_mismatch_v1(const struct type_mismatch *data, uintptr_t pointer)
{
    uintptr_t alignment = (uintptr_t)1 << data->alignment_shift;
    undefined(!pointer                    ? "null pointer used"
              : pointer & (alignment - 1) ? "misaligned pointer used"
                                          : "object too small for its use",
              &data->place);
}
