# SPDX-License-Identifier: MIT
# A compiler for bare riscv64: KINE_COMPILER names it, clang and lld (with a version or without) or a gcc and its
# binutils. The kernel and the programs in user/ add their own -march.
set(KINE_COMPILER clang CACHE STRING "clang, clang-19 or another, or riscv64-linux-gnu-gcc")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KINE_COMPILER)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
if(KINE_COMPILER MATCHES "gcc")
  string(REPLACE gcc "" prefix "${KINE_COMPILER}")
  set(CMAKE_AR ${prefix}ar)
  set(CMAKE_RANLIB ${prefix}ranlib)
else()
  string(REPLACE clang "" suffix "${KINE_COMPILER}")
  set(CMAKE_C_COMPILER_TARGET riscv64-unknown-elf)
  set(CMAKE_ASM_COMPILER_TARGET riscv64-unknown-elf)
  set(CMAKE_AR llvm-ar${suffix})
  set(CMAKE_RANLIB llvm-ranlib${suffix})
  set(fuse_ld -fuse-ld=lld)
endif()
set(CMAKE_C_COMPILER ${KINE_COMPILER})
set(CMAKE_ASM_COMPILER ${KINE_COMPILER})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # there is no C library to link a trial program with
set(CMAKE_EXE_LINKER_FLAGS_INIT "${fuse_ld} -nostdlib -static")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
