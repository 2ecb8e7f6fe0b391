#include <algorithm>

#include "bindings/convert.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/text_hash.h"
#include "execute/element_loop.h"

namespace gradmill {
namespace {

// Rows of an array as they are. Throws UnsupportedError when a row is not dense or the dtype has no counterpart.
RowSource row_source(const py::array& array) {
  const auto dtype = dtype_of_numpy(array.dtype());
  if (!dtype || array.ndim() < 1 || !array.dtype().attr("isnative").cast<bool>()) {
    throw UnsupportedError("batch loop: the array cannot be read in place");
  }
  py::ssize_t stride = array.itemsize();
  for (py::ssize_t axis = array.ndim() - 1; axis > 0; --axis) {
    if (array.shape(axis) != 1 && array.strides(axis) != stride) throw UnsupportedError("batch loop: the rows are not dense");
    stride *= array.shape(axis);
  }
  return {static_cast<const char*>(array.data()), *dtype, array.shape(0), array.strides(0)};
}

// Keeps the arrays alive for as long as the loop reads them.
struct BoundLoop {
  py::list arrays;
  std::unique_ptr<BatchLoop> loop;
  int64_t rows;
};

std::unique_ptr<BoundLoop> bind_loop(std::shared_ptr<Plan> plan, const py::list& arrays) {
  std::vector<RowSource> sources;
  int64_t rows = -1;
  const auto& inputs = plan->graph().inputs;
  for (size_t i = 0; i < arrays.size(); ++i) {
    const auto array = py::reinterpret_borrow<py::array>(arrays[i]);
    sources.push_back(row_source(array));
    if (i < inputs.size() && array.shape(0) > 0 &&
        array.size() / array.shape(0) * inputs[i]->type.shape[0] != inputs[i]->type.elements()) {
      throw ShapeError(text("batch loop: the rows of array ", i, " do not have the shape that was traced, ", inputs[i]->type));
    }
    rows = rows < 0 ? array.shape(0) : std::min<int64_t>(rows, array.shape(0));
  }
  return std::make_unique<BoundLoop>(BoundLoop{arrays, std::make_unique<BatchLoop>(std::move(plan), std::move(sources)), rows});
}

void run_loop(BoundLoop& self, const py::object& order, int64_t first_row, int64_t steps, int64_t number) {
  const int64_t needed = steps * self.loop->batch();
  if (steps < 0 || first_row < 0) throw ArgumentError("batch loop: negative position");
  py::array_t<int64_t, py::array::c_style> rows;
  if (!order.is_none()) {
    rows = py::array_t<int64_t, py::array::c_style>::ensure(order);
    if (!rows || rows.ndim() != 1 || rows.size() < first_row + needed) {
      throw ArgumentError(text("batch loop: the order must hold ", first_row + needed, " row numbers"));
    }
    for (int64_t i = first_row; i < first_row + needed; ++i) {
      if (rows.data()[i] < 0 || rows.data()[i] >= self.rows) throw ArgumentError("batch loop: the order names a row that does not exist");
    }
  } else if (first_row + needed > self.rows) {
    throw ArgumentError(text("batch loop: ", first_row + needed, " rows are needed; the arrays have ", self.rows));
  }
  const int64_t* pointer = order.is_none() ? nullptr : rows.data() + first_row;
  const py::gil_scoped_release release;
  self.loop->run(pointer, order.is_none() ? first_row : 0, steps, number);
}

// Where results go: a dense array of `count` of them.
char* result_place(py::handle item, const TensorType& type, int64_t count) {
  auto array = py::reinterpret_borrow<py::array>(item);
  const bool fits = dtype_of_numpy(array.dtype()) == type.dtype && (array.flags() & py::array::c_style) && array.writeable() &&
                    array.size() == count * type.elements();
  if (!fits) throw ShapeError(text("elements: an output must be a dense array of ", count, " times ", type));
  return static_cast<char*>(array.mutable_data());
}

void run_block(Plan& plan, const py::list& arrays, const py::object& order, int64_t count, const std::vector<int64_t>& seeds,
               int64_t counter, int64_t counter_step, const py::list& outputs, int workers) {
  ElementBlock block;
  block.count = count;
  block.seeds = seeds;
  block.counter = counter;
  block.counter_step = counter_step;
  if (count < 0 || workers < 1) throw ArgumentError("elements: expected a count of at least 0, and a worker");
  int64_t rows = INT64_MAX;
  const auto& inputs = plan.graph().inputs;
  for (size_t i = 0; i < arrays.size(); ++i) {
    const auto array = py::reinterpret_borrow<py::array>(arrays[i]);
    block.sources.push_back(row_source(array));
    rows = std::min<int64_t>(rows, array.shape(0));
    if (i < inputs.size() && array.size() != array.shape(0) * inputs[i]->type.elements()) {
      throw ShapeError(text("elements: the rows of array ", i, " do not have the shape that was traced, ", inputs[i]->type));
    }
  }
  py::array_t<int64_t, py::array::c_style> numbers;
  if (!order.is_none()) {
    numbers = py::array_t<int64_t, py::array::c_style>::ensure(order);
    if (!numbers || numbers.ndim() != 1 || numbers.size() < count) throw ArgumentError(text("elements: expected ", count, " row numbers"));
    const auto exists = [&](int64_t row) { return row >= 0 && row < rows; };
    if (!std::all_of(numbers.data(), numbers.data() + count, exists)) throw ArgumentError("elements: no row has such a number");
    block.order = numbers.data();
  } else if (count > rows) {
    throw ArgumentError(text("elements: ", count, " rows are needed; the arrays have ", rows));
  }
  for (size_t i = 0; i < outputs.size() && i < plan.graph().outputs.size(); ++i) {
    block.outputs.push_back(result_place(outputs[i], plan.graph().outputs[i]->type, count));
  }
  const py::gil_scoped_release release;
  run_elements(plan, block, workers);
}

// For one place after another: what stands there goes out, and the next number comes in.
py::array exchange_numbers(const py::array& buffer, const py::object& incoming_list, const py::object& place_list) {
  using Numbers = py::array_t<int64_t, py::array::c_style>;
  const Numbers incoming = Numbers::ensure(incoming_list), places = Numbers::ensure(place_list);
  const bool fits = dtype_of_numpy(buffer.dtype()) == DType::int64 && (buffer.flags() & py::array::c_style) && buffer.writeable();
  if (!fits || buffer.ndim() != 1) throw ArgumentError("exchange_numbers: the buffer must be a dense array of int64 with one axis");
  if (!incoming || !places || incoming.size() != places.size()) throw ArgumentError("exchange_numbers: expected a place for each incoming number");
  int64_t* const held = static_cast<int64_t*>(py::array(buffer).mutable_data());
  Numbers outgoing(incoming.size());
  int64_t* const to = outgoing.mutable_data();
  for (py::ssize_t i = 0; i < places.size(); ++i) {
    const int64_t place = places.data()[i];
    if (place < 0 || place >= buffer.size()) throw ArgumentError("exchange_numbers: a place is outside of the buffer");
    to[i] = held[place];
    held[place] = incoming.data()[i];
  }
  return outgoing;
}

py::array hash_texts(const py::list& texts, uint64_t bins,
                     const std::optional<std::pair<uint64_t, uint64_t>>& key) {
  py::array_t<int64_t> hashes(static_cast<py::ssize_t>(texts.size()));
  int64_t* out = hashes.mutable_data();
  for (const auto& text : texts) {
    const auto view = text.cast<std::string_view>();
    const uint64_t hash = key ? sip_hash(view, key->first, key->second) : fingerprint64(view);
    *out++ = static_cast<int64_t>(bins == 0 ? hash : hash % bins);
  }
  return hashes;
}

}  // namespace

void bind_data(py::module_& module) {
  py::class_<BoundLoop> loop(module, "BatchLoop", "Many steps of a plan over rows of arrays, without Python in between.");
  loop.def(py::init(&bind_loop), py::arg("plan"), py::arg("arrays"));
  loop.def("run", &run_loop, py::arg("order"), py::arg("first_row"), py::arg("steps"), py::arg("number") = 0,
           "Runs `steps` batches of the rows order[first_row:], or of the rows from first_row on without order.");
  loop.def_property_readonly("outputs", [](const BoundLoop& self) {
    py::list results;
    for (const Tensor& output : self.loop->outputs()) results.append(py::cast(Var(output.clone())));
    return results;
  });
  module.def("run_elements", &run_block, py::arg("plan"), py::arg("arrays"), py::arg("order"), py::arg("count"), py::arg("seeds"),
             py::arg("counter"), py::arg("counter_step"), py::arg("outputs"), py::arg("workers"),
             "Runs a plan of one element on `count` rows of arrays, the rows order[0], ... or without order the first ones, and "
             "writes the results into rows of `outputs`. The plan's inputs beyond the arrays are keys of random draws, (seed, "
             "counter + row * counter_step).");
  module.def("crc32c", [](const py::bytes& data) {
    const std::string_view view = data;
    return crc32c(reinterpret_cast<const unsigned char*>(view.data()), view.size());
  }, py::arg("data"), "The CRC-32C (Castagnoli) of bytes.");
  module.def("hash_texts", &hash_texts, py::arg("texts"), py::arg("bins"), py::arg("key") = py::none(),
             "Hashes of texts, a list of bytes, modulo `bins` unless that is 0: FarmHash's Fingerprint64, or SipHash with a pair "
             "of numbers as its key; the bits of each as int64.");
  module.def("exchange_numbers", &exchange_numbers, py::arg("buffer"), py::arg("incoming"), py::arg("places"),
             "Puts the incoming numbers one after another into places of the buffer; returns what stood there each time.");
  loop.def_property_readonly("workers", [](const BoundLoop& self) { return self.loop->workers(); });
}

}  // namespace gradmill
