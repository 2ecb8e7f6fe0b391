#include "ops/shape/concatenate.h"

#include "ops/build.h"

namespace gradmill {
namespace {

constexpr size_t group_inputs = 48;  // the kernel takes at least as many, see concatenate_cpu.cpp

// Many inputs of different sizes are joined in groups.
Var join_groups(const Vars& inputs, int64_t axis) {
  Vars groups;
  for (size_t first = 0; first < inputs.size(); first += group_inputs) {
    const size_t last = std::min(first + group_inputs, inputs.size());
    groups.push_back(concatenate(Vars(inputs.begin() + first, inputs.begin() + last), axis));
  }
  return concatenate(groups, axis);
}

}  // namespace

Var concatenate(const Vars& inputs, int64_t axis) {
  bool alike = true;
  for (const Var& input : inputs) alike &= input.shape() == inputs[0].shape();
  if (!alike && inputs.size() > group_inputs) return join_groups(inputs, axis);
  return emit_one(op_definition(OpId::concatenate), inputs, Attributes::of(ConcatenateAttributes{axis}));
}

OpDef define_concatenate() {
  using A = ConcatenateAttributes;
  return {
      .signature = Signature("concatenate", "The inputs one behind the other along `axis`.")
                       .inputs("xs", "one or more, alike in every axis but `axis`")
                       .output("y", "as long along `axis` as the inputs together")
                       .attribute("axis", &A::axis, "axis to join along"),
      .infer =
          [](InferScope& s) {
            s.check_rank(0, 1);
            const TensorType& first = s.input(0);
            const int axis = s.axis(s.attributes<A>().axis, first.shape.rank());
            Shape shape = first.shape;
            for (int i = 1; i < s.input_count(); ++i) {
              Shape other = s.input(i).shape;
              const int64_t size = other.rank() == shape.rank() ? other[axis] : 0;
              if (other.rank() == shape.rank()) other.set(axis, first.shape[axis]);
              if (other != first.shape) {
                s.shape_error("input ", i, " has shape ", s.input(i).shape, " and input 0 ", first.shape,
                              ", which differ elsewhere than in axis ", axis);
              }
              if (s.input(i).dtype != first.dtype) {
                s.dtype_error("input ", i, " is ", s.input(i), " and input 0 ", first, "; cast them to one dtype");
              }
              shape.set(axis, shape[axis] + size);
            }
            s.add_output({first.dtype, Shape(shape.vector())});
          },
      .gradient =
          [](const GradientScope& g) {
            Vars result(g.input_count());
            const int axis = normalize_axis(g.attributes<A>().axis, g.input(0).shape().rank(), "concatenate");
            Ints starts(g.input(0).shape().rank(), 0);
            const Ints steps(starts.size(), 1);
            for (int i = 0; i < g.input_count(); ++i) {
              if (g.needs(i)) result[i] = slice(g.dy(), starts, g.input(i).shape().vector(), steps);
              starts[axis] += g.input(i).shape()[axis];
            }
            return result;
          },
      .decompose = nullptr,
      .traits = Traits().promote().any_storage(),
  };
}

}  // namespace gradmill
