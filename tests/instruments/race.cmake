# SPDX-License-Identifier: MIT
kine_option(RACE "Races between harts are found by watching some accesses to memory" race.c race_hooks.c
            planted.c planted_races.c)
if(KINE_OPTION_RACE)
  # The compiler's hooks, but neither for entering and leaving functions nor in the files that serve them. A copy
  # of a page is one access, not a thousand: race_hooks.c stands before lib/string.c.
  target_compile_options(kernel PRIVATE "$<$<COMPILE_LANGUAGE:C>:SHELL:-Xclang -fsanitize=thread>"
    "$<$<COMPILE_LANGUAGE:C>:SHELL:-Xclang -fsanitize-ignorelist=${CMAKE_CURRENT_SOURCE_DIR}/race.ignore>"
    "$<$<COMPILE_LANGUAGE:C>:SHELL:-mllvm -tsan-instrument-func-entry-exit=0 -mllvm -tsan-distinguish-volatile=1>")
  set(string_c ${PROJECT_SOURCE_DIR}/lib/string.c)
  set_property(SOURCE race.c race_hooks.c ${string_c} TARGET_DIRECTORY kernel APPEND PROPERTY COMPILE_OPTIONS
    -O2 -fno-sanitize=undefined -mllvm -tsan-instrument-memory-accesses=0 -mllvm -tsan-instrument-atomics=0)
  set_property(SOURCE race_hooks.c TARGET_DIRECTORY kernel APPEND PROPERTY COMPILE_OPTIONS
    -momit-leaf-frame-pointer -fno-builtin)
  set_property(SOURCE ${string_c} TARGET_DIRECTORY kernel APPEND PROPERTY COMPILE_DEFINITIONS
    memcpy=plain_memcpy memmove=plain_memmove memset=plain_memset memcmp=plain_memcmp)
  kine_wrap(swap_init)
endif()
