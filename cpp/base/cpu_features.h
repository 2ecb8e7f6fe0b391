// Which instruction-set level this process runs its kernels at.
#pragma once

#include <string>
#include <vector>

namespace gradmill {

// Names of the levels compiled into this library that this CPU can run, slowest first.
std::vector<std::string> usable_instruction_sets();

// The level in use: the best usable one, or what GRADMILL_ISA forces.
// Throws ArgumentError when the forced level is unknown, not built, or not supported by the CPU.
const std::string& instruction_set();

// Which of the instructions for 16-bit floats this CPU has: "F16C" (converts float16), "AVX512-FP16", "AVX512-BF16",
// "AMX-BF16".
std::vector<std::string> half_precision_units();

// The processor as the system names it, or "unknown processor"; one line.
const std::string& cpu_model();

}  // namespace gradmill
