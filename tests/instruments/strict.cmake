# SPDX-License-Identifier: MIT
kine_option(STRICT "A machine that does all it may, and no more" strict.c strict_frames.c strict_copies.c set_aside.c
            planted.c planted_bugs.c)
if(KINE_OPTION_STRICT)
  set_property(SOURCE ${PROJECT_SOURCE_DIR}/mm/frame.c TARGET_DIRECTORY kernel APPEND PROPERTY COMPILE_OPTIONS
    -iquote ${CMAKE_CURRENT_SOURCE_DIR}/strict) # its lib/poison.h
  kine_wrap(frame_init swap_init arch_copy_from_user arch_copy_to_user)
endif()
