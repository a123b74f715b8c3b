# SPDX-License-Identifier: MIT
# Counters in mm, trap and the page-table part. Nothing in the kernel knows of them: they lie in its image, and
# tools/counters.py takes them from the machine's memory when QEMU has exited. The compiler wants no run-time
# library for them if the target is Linux; the code is the same. Its own assembler has no relocation for the distance
# from a function's record to its counters, GNU's has; that one in turn cannot write the compiler's line numbers (-g0).
option(KINE_COVERAGE "Count how often each line is run: tools/coverage" OFF)
if(KINE_COVERAGE)
  file(GLOB counted CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/mm/*.c ${PROJECT_SOURCE_DIR}/mm/policy/*.c
       ${PROJECT_SOURCE_DIR}/trap/*.c ${PROJECT_SOURCE_DIR}/arch/riscv/pagetable*.c
       ${PROJECT_SOURCE_DIR}/arch/riscv/tlb*.c
       ${PROJECT_SOURCE_DIR}/proc/memory.c ${PROJECT_SOURCE_DIR}/proc/arguments.c) # who calls mm/uaccess.h
  set_property(SOURCE ${counted} TARGET_DIRECTORY kernel APPEND PROPERTY COMPILE_OPTIONS
               --target=riscv64-linux-gnu -fno-integrated-as -g0 -fno-pic -fprofile-instr-generate -fcoverage-mapping
               -fprofile-update=atomic)
  list(APPEND KINE_LINK_OPTIONS -T ${CMAKE_CURRENT_SOURCE_DIR}/coverage.ld)
endif()
