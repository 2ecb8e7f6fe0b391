# Kernels (`*_cpu.cpp`, `*_cpu_VARIANT.cpp`) are compiled once per instruction-set level, each time inside
# its own namespace; the engine picks a level when it starts. A new level is one line in the table below
# and one in cpp/base/cpu_features.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(gradmill_known_levels generic avx2 avx512)
  set(gradmill_flags_generic -march=x86-64-v2 -DGM_ISA_GENERIC)
  set(gradmill_flags_avx2 -march=x86-64-v3)
  set(gradmill_flags_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
else()
  set(gradmill_known_levels neon)
  set(gradmill_flags_neon -march=armv8-a)
endif()

# Sums may be contracted into fused multiply-adds, but NaN and infinity keep their meaning: no -ffast-math.
set(gradmill_kernel_flags -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math)
if(GRADMILL_SANITIZE)
  list(APPEND gradmill_kernel_flags -O1)  # checks in unrolled and vectorized loops take minutes to compile
endif()

if(NOT GRADMILL_ISA_LEVELS)
  set(GRADMILL_BUILT_LEVELS ${gradmill_known_levels})
else()
  set(GRADMILL_BUILT_LEVELS ${GRADMILL_ISA_LEVELS})
  foreach(level IN LISTS GRADMILL_BUILT_LEVELS)
    if(NOT level IN_LIST gradmill_known_levels)
      message(FATAL_ERROR "GRADMILL_ISA_LEVELS: expected some of ${gradmill_known_levels}; received \"${level}\".")
    endif()
  endforeach()
endif()

# Every unit sees which levels there are: GM_FOR_EACH_ISA(X) expands to X(generic) X(avx2) ...
# An option, not a compile definition: CMake drops definitions that look like functions.
list(TRANSFORM GRADMILL_BUILT_LEVELS REPLACE "(.+)" "X(\\1)" OUTPUT_VARIABLE gradmill_levels_expanded)
list(JOIN gradmill_levels_expanded " " gradmill_levels_expanded)
set(GRADMILL_LEVELS_OPTION "-DGM_FOR_EACH_ISA(X)=${gradmill_levels_expanded}")

# Adds the kernels, one object library per level, to `engine`.
function(gradmill_add_isa_levels engine)
  if(NOT ARGN)
    return()
  endif()
  foreach(level IN LISTS GRADMILL_BUILT_LEVELS)
    set(library gradmill_isa_${level})
    add_library(${library} OBJECT ${ARGN})
    target_include_directories(${library} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/cpp")
    target_compile_definitions(${library} PRIVATE GM_ISA_NAMESPACE=isa_${level})
    gradmill_set_flags(${library})
    target_compile_options(${library} PRIVATE
      ${GRADMILL_LEVELS_OPTION} ${gradmill_kernel_flags} ${gradmill_flags_${level}})
    target_sources(${engine} PRIVATE $<TARGET_OBJECTS:${library}>)
  endforeach()
endfunction()
