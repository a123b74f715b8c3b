# SPDX-License-Identifier: MIT
# The programs of the xv6 kit and its tests, made by tools/xv6-cc as a course's own are. For the image builder:
# xv6_programs, the files, and xv6_files, the lines of its manifest.
set(xv6_cc ${PROJECT_SOURCE_DIR}/tools/xv6-cc)
file(GLOB xv6_kit CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/user/xv6/*/*.[chS])
file(GLOB xv6_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/user/xv6/bin/*.c ${PROJECT_SOURCE_DIR}/tests/xv6/*.c)
set(xv6_programs "")
set(xv6_files "")
function(xv6_program name)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/xv6/${name})
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/xv6)
  add_custom_command(OUTPUT ${file} DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/tests/xv6/test.h ${xv6_cc} ${xv6_kit} VERBATIM
                     COMMAND ${xv6_cc} ${ARGN} -o ${file})
  set(xv6_programs ${xv6_programs} ${file} PARENT_SCOPE)
  set(xv6_files "${xv6_files}${file}:/${name}\n" PARENT_SCOPE)
endfunction()
foreach(source IN LISTS xv6_sources)
  get_filename_component(name ${source} NAME_WE)
  xv6_program(${name} ${source})
endforeach()
