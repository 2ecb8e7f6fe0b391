// affine_sample: rows of the result are the units. Its adjoints: images are, as pixels are added to where they came
// from, or all pixels of an image to six numbers.
#include "ops/image/affine_sample.h"

#include "cpu/axis_split.h"
#include "ops/image/affine_places.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

struct Parameters {
  int64_t batch, height, width, channels;  // of the images that pixels are taken from
  int64_t rows, columns;                   // of what is sampled
  int64_t rows_per_unit;
  bool bilinear;
  int fill;
  double fill_value;
};

// The up to four pixels of one place: offsets in the image (-1 for the constant), and how far it is past the first.
struct Pixels {
  int64_t offset[4];  // upper left, upper right, lower left, lower right
  double right, down;
};

GM_INLINE int64_t offset_of(const Parameters& p, int64_t row, int64_t column) {
  return row < 0 || column < 0 ? -1 : (row * p.width + column) * p.channels;
}

GM_INLINE int64_t nearest_pixel(const Parameters& p, double row, double column) {
  const int64_t i = whole(__builtin_floor(row + 0.5)), j = whole(__builtin_floor(column + 0.5));
  return offset_of(p, folded_place(i, p.height, p.fill), folded_place(j, p.width, p.fill));
}

GM_INLINE Pixels pixels_around(const Parameters& p, double row, double column) {
  const double top = __builtin_floor(row), left = __builtin_floor(column);
  const int64_t i = whole(top), j = whole(left);
  Pixels result;
  result.down = row - top;
  result.right = column - left;
  if (i >= 0 && j >= 0 && i + 1 < p.height && j + 1 < p.width) {
    const int64_t first = (i * p.width + j) * p.channels;
    const int64_t next = p.width * p.channels;
    const int64_t offsets[4] = {first, first + p.channels, first + next, first + next + p.channels};
    for (int k = 0; k < 4; ++k) result.offset[k] = offsets[k];
    return result;
  }
  const int64_t rows[2] = {folded_place(i, p.height, p.fill), folded_place(i + 1, p.height, p.fill)};
  const int64_t columns[2] = {folded_place(j, p.width, p.fill), folded_place(j + 1, p.width, p.fill)};
  for (int k = 0; k < 4; ++k) result.offset[k] = offset_of(p, rows[k / 2], columns[k % 2]);
  return result;
}

template <class T>
struct Weights {
  T of[4];
  GM_INLINE explicit Weights(const Pixels& pixels) {
    const T right = static_cast<T>(pixels.right), down = static_cast<T>(pixels.down);
    of[0] = (T(1) - right) * (T(1) - down);
    of[1] = right * (T(1) - down);
    of[2] = (T(1) - right) * down;
    of[3] = right * down;
  }
};

// Calls place(x, column, row) for every pixel of one row of the result.
template <class T, class Function>
GM_INLINE void for_row(const Parameters& p, const T* transform, int64_t y, const Function& place) {
  const double a0 = transform[0], b0 = transform[3], from = static_cast<double>(y);
  const double column = transform[1] * from + transform[2], row = transform[4] * from + transform[5];
  for (int64_t x = 0; x < p.columns; ++x) {
    place(x, a0 * static_cast<double>(x) + column, b0 * static_cast<double>(x) + row);
  }
}

// Four numbers from right to left; `from` is the rightmost.
template <class T>
GM_INLINE void copy_four_reversed(const T* from, T* to) {
  typedef T Four __attribute__((vector_size(4 * sizeof(T))));
  Four four;
  __builtin_memcpy(&four, from - 3, sizeof four);
  four = __builtin_shufflevector(four, four, 3, 2, 1, 0);
  __builtin_memcpy(to, &four, sizeof four);
}

// `columns` pixels from right to left; `from` is the rightmost.
template <int fixed, class T>
GM_INLINE void copy_reversed(const T* from, int64_t columns, int64_t channels, T* to) {
  if (fixed == 1 && columns >= 4) {
    for (int64_t x = 0; x + 4 < columns; x += 4) copy_four_reversed(from - x, to + x);
    copy_four_reversed(from - (columns - 4), to + columns - 4);
  } else if (fixed == 3) {
    // Four numbers at a time, of which the next pixel overwrites the last. Nothing need follow the pixels at the ends.
    constexpr size_t pixel = 3 * sizeof(T), four = 4 * sizeof(T);
    __builtin_memcpy(to, from, pixel);
    for (int64_t x = 1; x + 1 < columns; ++x) __builtin_memcpy(to + 3 * x, from - 3 * x, four);
    if (columns > 1) __builtin_memcpy(to + 3 * (columns - 1), from - 3 * (columns - 1), pixel);
  } else {
    for (int64_t x = 0; x < columns; ++x) {
      for (int64_t c = 0; c < channels; ++c) to[x * channels + c] = from[c - x * channels];
    }
  }
}

// What all rows of a result have in common that are parts of rows of its image, forwards or backwards: shifts by whole
// pixels, crops and mirror images.
struct WholePixels {
  int64_t first = 0, step = 0;  // of the columns; without a step the image is sampled pixel by pixel
};

template <class T>
GM_INLINE WholePixels whole_pixels(const Parameters& p, const T* transform) {
  WholePixels pixels;
  const T a0 = transform[0];
  if (p.bilinear || transform[1] != T(0) || transform[3] != T(0) || (a0 != T(1) && a0 != T(-1))) return pixels;
  const int64_t step = a0 > T(0) ? 1 : -1;
  pixels.first = whole(__builtin_floor(static_cast<double>(transform[2]) + 0.5));
  const int64_t last = pixels.first + (p.columns - 1) * step;
  if (pixels.first >= 0 && last >= 0 && pixels.first < p.width && last < p.width) pixels.step = step;
  return pixels;
}

template <int fixed, class T>
GM_INLINE bool copy_row(const Parameters& p, const T* image, const T* transform, const WholePixels& pixels, int64_t y, T* to) {
  if (pixels.step == 0) return false;
  const int64_t channels = fixed ? fixed : p.channels;
  const double row = static_cast<double>(transform[4]) * static_cast<double>(y) + static_cast<double>(transform[5]);
  const int64_t i = folded_place(whole(__builtin_floor(row + 0.5)), p.height, p.fill);
  if (i < 0) return false;
  const T* start = image + (i * p.width + pixels.first) * channels;
  if (pixels.step > 0) {
    __builtin_memcpy(to, start, p.columns * channels * sizeof(T));
  } else {
    copy_reversed<fixed>(start, p.columns, channels, to);
  }
  return true;
}

template <int fixed, class T>
GM_INLINE void sample_row(const Parameters& p, const T* image, const T* transform, const WholePixels& pixels, int64_t y,
                          T* to) {
  const int64_t channels = fixed ? fixed : p.channels;
  const T fill = static_cast<T>(p.fill_value);
  if (copy_row<fixed>(p, image, transform, pixels, y, to)) return;
  if (!p.bilinear) {
    for_row(p, transform, y, [&](int64_t x, double column, double row) {
      const int64_t from = nearest_pixel(p, row, column);
      for (int64_t c = 0; c < channels; ++c) to[x * channels + c] = from < 0 ? fill : image[from + c];
    });
    return;
  }
  for_row(p, transform, y, [&](int64_t x, double column, double row) {
    const Pixels pixels = pixels_around(p, row, column);
    const Weights<T> weights(pixels);
    T* pixel = to + x * channels;
    if ((pixels.offset[0] | pixels.offset[1] | pixels.offset[2] | pixels.offset[3]) >= 0) {
      for (int64_t c = 0; c < channels; ++c) {
        pixel[c] = (image[pixels.offset[0] + c] * weights.of[0] + image[pixels.offset[1] + c] * weights.of[1]) +
                   (image[pixels.offset[2] + c] * weights.of[2] + image[pixels.offset[3] + c] * weights.of[3]);
      }
      return;
    }
    for (int64_t c = 0; c < channels; ++c) {
      T sum = T(0);
      for (int k = 0; k < 4; ++k) {
        sum += weights.of[k] * (pixels.offset[k] < 0 ? fill : image[pixels.offset[k] + c]);
      }
      pixel[c] = sum;
    }
  });
}

template <int fixed, class T>
void sample_rows(const KernelCall& call) {
  const auto& p = parameters_of<Parameters>(call);
  const T *images = static_cast<const T*>(call.buffers[0]), *transforms = static_cast<const T*>(call.buffers[1]);
  T* result = static_cast<T*>(call.buffers[2]);
  const int64_t end = lesser(call.end * p.rows_per_unit, p.batch * p.rows);
  for (int64_t row = call.begin * p.rows_per_unit; row < end;) {
    const int64_t n = row / p.rows, stop = lesser((n + 1) * p.rows, end);
    const T *image = images + n * p.height * p.width * p.channels, *transform = transforms + n * 6;
    const WholePixels pixels = whole_pixels(p, transform);
    for (; row < stop; ++row) {
      sample_row<fixed>(p, image, transform, pixels, row - n * p.rows, result + row * p.columns * p.channels);
    }
  }
}

template <class T>
void run(const KernelCall& call) {
  switch (parameters_of<Parameters>(call).channels) {
    case 1: return sample_rows<1, T>(call);
    case 3: return sample_rows<3, T>(call);
    default: return sample_rows<0, T>(call);
  }
}

template <class T>
void run_gradient(const KernelCall& call) {
  const auto& p = parameters_of<Parameters>(call);
  const T *flows = static_cast<const T*>(call.buffers[0]), *transforms = static_cast<const T*>(call.buffers[1]);
  T* result = static_cast<T*>(call.buffers[2]);
  const int64_t size = p.height * p.width * p.channels;
  for (int64_t n = call.begin; n < call.end; ++n) {
    T* image = result + n * size;
    __builtin_memset(image, 0, size * sizeof(T));
    for (int64_t y = 0; y < p.rows; ++y) {
      const T* flow = flows + (n * p.rows + y) * p.columns * p.channels;
      for_row(p, transforms + n * 6, y, [&](int64_t x, double column, double row) {
        const T* dy = flow + x * p.channels;
        if (!p.bilinear) {
          const int64_t to = nearest_pixel(p, row, column);
          for (int64_t c = 0; to >= 0 && c < p.channels; ++c) image[to + c] += dy[c];
          return;
        }
        const Pixels pixels = pixels_around(p, row, column);
        const Weights<T> weights(pixels);
        for (int k = 0; k < 4; ++k) {
          if (pixels.offset[k] < 0) continue;
          T* to = image + pixels.offset[k];
          for (int64_t c = 0; c < p.channels; ++c) to[c] += weights.of[k] * dy[c];
        }
      });
    }
  }
}

template <class T>
void run_transform_gradient(const KernelCall& call) {
  const auto& p = parameters_of<Parameters>(call);
  const T *images = static_cast<const T*>(call.buffers[0]), *transforms = static_cast<const T*>(call.buffers[1]);
  const T* flows = static_cast<const T*>(call.buffers[2]);
  T* result = static_cast<T*>(call.buffers[3]);
  for (int64_t n = call.begin; n < call.end; ++n) {
    const T* image = images + n * p.height * p.width * p.channels;
    double sums[6] = {0, 0, 0, 0, 0, 0};
    for (int64_t y = 0; p.bilinear && y < p.rows; ++y) {
      const T* flow = flows + (n * p.rows + y) * p.columns * p.channels;
      for_row(p, transforms + n * 6, y, [&](int64_t x, double column, double row) {
        const Pixels pixels = pixels_around(p, row, column);
        double along_columns = 0, along_rows = 0;
        for (int64_t c = 0; c < p.channels; ++c) {
          double v[4];
          for (int k = 0; k < 4; ++k) v[k] = pixels.offset[k] < 0 ? p.fill_value : image[pixels.offset[k] + c];
          const double dy = flow[x * p.channels + c];
          along_columns += dy * ((v[1] - v[0]) * (1 - pixels.down) + (v[3] - v[2]) * pixels.down);
          along_rows += dy * ((v[2] - v[0]) * (1 - pixels.right) + (v[3] - v[1]) * pixels.right);
        }
        const double from[3] = {static_cast<double>(x), static_cast<double>(y), 1};
        for (int k = 0; k < 3; ++k) {
          sums[k] += along_columns * from[k];
          sums[3 + k] += along_rows * from[k];
        }
      });
    }
    for (int k = 0; k < 6; ++k) result[n * 6 + k] = static_cast<T>(sums[k]);
  }
}

// `images` is what pixels are taken from, `sampled` what was or is made of them.
void set_parameters(const KernelProblem& problem, KernelPlan& plan, const BufferType& images, const BufferType& sampled,
                    KernelFunction single, KernelFunction twice) {
  const auto& a = *static_cast<const AffineSampleAttributes*>(problem.attributes);
  auto& p = parameters_of<Parameters>(plan);
  p.batch = images.dims[0];
  p.height = images.dims[1];
  p.width = images.dims[2];
  p.channels = images.dims[3];
  p.rows = sampled.dims[1];
  p.columns = sampled.dims[2];
  p.bilinear = affine_method(a.method.c_str()) == 1;
  p.fill = affine_fill(a.fill_mode.c_str());
  p.fill_value = a.fill_value;
  p.rows_per_unit = 1;
  set_units(plan, images.dtype == DType::float32 ? single : twice, p.batch,
            static_cast<double>(sampled.elements) * 12);
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  set_parameters(problem, plan, problem.inputs[0], problem.outputs[0], run<float>, run<double>);
  auto& p = parameters_of<Parameters>(plan);
  p.rows_per_unit = greater(1, 4096 / (p.columns * p.channels));
  plan.units[0] = divide_up(p.batch * p.rows, p.rows_per_unit);
}

void prepare_gradient(const KernelProblem& problem, KernelPlan& plan) {
  set_parameters(problem, plan, problem.outputs[0], problem.inputs[0], run_gradient<float>, run_gradient<double>);
}

void prepare_transform_gradient(const KernelProblem& problem, KernelPlan& plan) {
  set_parameters(problem, plan, problem.inputs[0], problem.inputs[2], run_transform_gradient<float>,
                 run_transform_gradient<double>);
}

}  // namespace

void affine_sample_kernels(KernelList& list) {
  static const Kernel kernel{"rows", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void affine_sample_gradient_kernels(KernelList& list) {
  static const Kernel kernel{"images", refuse_other_than_floats, prepare_gradient};
  add_kernel(list, &kernel);
}

void affine_sample_transform_gradient_kernels(KernelList& list) {
  static const Kernel kernel{"images", refuse_other_than_floats, prepare_transform_gradient};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
