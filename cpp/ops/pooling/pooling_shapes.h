// What the pooling ops share: checks, the shape of the result, and windows written with slices.
#pragma once

#include "ops/build.h"
#include "ops/pooling/pooling.h"
#include "registry/op_def.h"

namespace gradmill {

template <class A>
Signature& describe_windows(Signature& signature) {
  // Inherited members belong to the base until they are told otherwise.
  typedef Ints A::*Field;
  return signature.attribute("window", Field(&A::window), "size of the window, for each spatial axis")
      .attribute("strides", Field(&A::strides), "steps from one window to the next; ones if empty")
      .attribute("padding_low", Field(&A::padding_low), "places before the first element, fewer than the window has")
      .attribute("padding_high", Field(&A::padding_high), "places behind the last element, fewer than the window has");
}

// (batch, windows..., channels) for x (batch, spatial 1 to 3, channels). Throws what is wrong with either.
Shape pooled_shape(const InferScope& s, const Shape& x, const PoolingAttributes& a);

// For each place of the window the elements that stand there, in the shape of the result; `border` where there are none.
Vars window_places(const Var& x, const PoolingAttributes& a, double border);

}  // namespace gradmill
