# SPDX-License-Identifier: MIT
kine_option(KASAN "Every access to memory is checked" kasan.c kasan_shadow.c kasan_memory.c kasan_quarantine.c kasan_copies.c
            stack_guard.c set_aside.c planted.c planted_bugs.c)

# The driver of clang 14 knows -fsanitize=kernel-address for no bare RISC-V; the compiler behind it does. Its runtime
# stands between the kernel's files by --wrap, so the kernel has no hooks for it; but mm/slab.c and mm/frame.c, to
# which free memory belongs, have functions of their own to touch it with.
if(KINE_OPTION_KASAN)
  set(checked -fstack-protector-strong "SHELL:-Xclang -fsanitize=kernel-address"
      "SHELL:-Xclang -fsanitize-ignorelist=${CMAKE_CURRENT_SOURCE_DIR}/kasan.ignore")
  foreach(option mapping-offset=0xdffffff800000000 instrumentation-with-call-threshold=0 stack=1 globals=1
          use-after-scope=1 destructor-kind=none)
    list(APPEND checked "SHELL:-mllvm -asan-${option}")
  endforeach()
  target_compile_options(kernel PRIVATE "$<$<COMPILE_LANGUAGE:C>:${checked}>")
  set_source_files_properties(${PROJECT_SOURCE_DIR}/mm/slab.c ${PROJECT_SOURCE_DIR}/mm/frame.c
    TARGET_DIRECTORY kernel PROPERTIES COMPILE_DEFINITIONS "memset=__real_memset;frame_alloc_reclaim=kasan_slab_frame"
    OBJECT_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/kasan.ignore)
  set_source_files_properties(kasan.c kasan_shadow.c kasan_memory.c kasan_copies.c TARGET_DIRECTORY kernel PROPERTIES
    COMPILE_OPTIONS "-O2;-fno-builtin;-fno-sanitize=undefined") # every access waits for them
  kine_wrap(arch_boot kernel_map_build swap_init
    frame_init frame_alloc frame_free frame_put frame_free_count harts_stop_others slab_init slab_alloc slab_free kmalloc kfree
    kernel_stack_alloc kernel_stack_free
    memcpy memmove memset memcmp strlen strnlen strcmp strncmp strchr strlcpy
    arch_copy_from_user arch_copy_to_user arch_strncpy_from_user arch_load_user_word arch_exchange_user_word)
  list(APPEND KINE_LINK_OPTIONS -T ${CMAKE_CURRENT_SOURCE_DIR}/kasan.ld)
endif()
