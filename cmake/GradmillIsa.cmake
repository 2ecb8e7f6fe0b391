include(CheckCXXSourceRuns)

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
# Kernels throw nothing and nothing is thrown through them, so they need no tables for unwinding.
set(gradmill_kernel_flags -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math
  -fno-exceptions -fno-asynchronous-unwind-tables)
# Kernels that mostly move data, and tile kernels on integers and doubles, have many instances of loops from which
# unrolling and vectorizing gains little: where it matters they are written with vectors. This halves their size.
set(gradmill_plain_kernels "/ops/(image|indexing|reduction|shape)/|_(integer|f64)_cpu\\.cpp$")
set(gradmill_plain_kernel_flags -O2)
if(GRADMILL_SANITIZE)
  # Checks in unrolled and vectorized loops take minutes to compile.
  list(APPEND gradmill_kernel_flags -O1)
  set(gradmill_plain_kernel_flags -O1)
endif()

# The highest level that the machine which builds can run; the lowest can be run by every one.
function(gradmill_find_native_level result)
  list(GET gradmill_known_levels 0 native)
  foreach(level IN LISTS gradmill_known_levels)
    if("${gradmill_flags_${level}}" MATCHES "-march=(x86-64-v[0-9]+)")
      check_cxx_source_runs("int main() { return !__builtin_cpu_supports(\"${CMAKE_MATCH_1}\"); }" GRADMILL_RUNS_${level})
      if(GRADMILL_RUNS_${level})
        set(native ${level})
      endif()
    endif()
  endforeach()
  set(${result} ${native} PARENT_SCOPE)
endfunction()

if(GRADMILL_ISA_LEVELS STREQUAL "native")
  gradmill_find_native_level(GRADMILL_BUILT_LEVELS)
elseif(NOT GRADMILL_ISA_LEVELS)
  set(GRADMILL_BUILT_LEVELS ${gradmill_known_levels})
else()
  set(GRADMILL_BUILT_LEVELS ${GRADMILL_ISA_LEVELS})
  foreach(level IN LISTS GRADMILL_BUILT_LEVELS)
    if(NOT level IN_LIST gradmill_known_levels)
      message(FATAL_ERROR "GRADMILL_ISA_LEVELS: expected \"native\" or some of ${gradmill_known_levels}; received \"${level}\".")
    endif()
  endforeach()
endif()

# Every unit sees which levels there are: GM_FOR_EACH_ISA(X) expands to X(generic) X(avx2) ...
# An option, not a compile definition: CMake drops definitions that look like functions.
list(TRANSFORM GRADMILL_BUILT_LEVELS REPLACE "(.+)" "X(\\1)" OUTPUT_VARIABLE gradmill_levels_expanded)
list(JOIN gradmill_levels_expanded " " gradmill_levels_expanded)
set(GRADMILL_LEVELS_OPTION "-DGM_FOR_EACH_ISA(X)=${gradmill_levels_expanded}")

# Adds kernels compiled with `flags`, one object library per level, to `engine`.
function(gradmill_add_kernels engine library flags)
  foreach(level IN LISTS GRADMILL_BUILT_LEVELS)
    set(target ${library}_${level})
    add_library(${target} OBJECT ${ARGN})
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/cpp")
    target_compile_definitions(${target} PRIVATE GM_ISA_NAMESPACE=isa_${level})
    gradmill_set_flags(${target})
    target_compile_options(${target} PRIVATE ${GRADMILL_LEVELS_OPTION} ${flags} ${gradmill_flags_${level}})
    gradmill_precompile_headers(${target})
    target_sources(${engine} PRIVATE $<TARGET_OBJECTS:${target}>)
  endforeach()
endfunction()

function(gradmill_add_isa_levels engine)
  set(plain_kernels ${ARGN})
  list(FILTER plain_kernels INCLUDE REGEX "${gradmill_plain_kernels}")
  set(kernels ${ARGN})
  list(FILTER kernels EXCLUDE REGEX "${gradmill_plain_kernels}")
  gradmill_add_kernels(${engine} gradmill_isa "${gradmill_kernel_flags}" ${kernels})
  gradmill_add_kernels(${engine} gradmill_plain_isa "${gradmill_kernel_flags};${gradmill_plain_kernel_flags}" ${plain_kernels})
endfunction()
