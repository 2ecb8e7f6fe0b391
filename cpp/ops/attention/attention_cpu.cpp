// Attention some queries at a time: their scores fill a part of the second-level cache and are used up there, forward and
// backward, so that no array of all scores exists (Dao et al. 2022 keep pieces of rows instead, for caches far smaller).
#include "ops/attention/attention.h"

#include "cpu/gemm.h"
#include "cpu/philox_fill.h"
#include "cpu/row_math.h"
#include "registry/kernel.h"

namespace gradmill::GM_ISA_NAMESPACE {
namespace {

constexpr int64_t score_bytes = 96 * 1024;  // of the scores of one unit; their gradients take as much again
constexpr int64_t fewest_queries = 32;

struct Sizes {
  int64_t batch, heads, groups, queries, keys, depth, width;
  int64_t bias_strides[4];
  int64_t block, blocks;  // queries of a unit, and units of a head
  int64_t line;           // elements between rows of scores
  int64_t first_place, step, places;  // of queries among all that there may be
  double scale, rate;
  bool causal;

  int64_t first(int64_t piece) const { return piece * block; }
  int64_t count(int64_t piece) const { return lesser(block, queries - first(piece)); }
  int64_t place(int64_t query) const { return first_place + query * step; }
  // Keys that the queries of a block see between them.
  int64_t seen(int64_t piece) const { return causal ? lesser(keys, place(first(piece) + count(piece) - 1) + 1) : keys; }
  int64_t seen_by(int64_t query, int64_t of_block) const { return causal ? lesser(of_block, place(query) + 1) : of_block; }
};

// A row of query, key, value or of what becomes of them lies heads * size elements behind the one before.
struct Rows {
  int64_t heads, size;
  int64_t stride() const { return heads * size; }
  int64_t at(int64_t batch, int64_t length, int64_t row, int64_t head) const {
    return (batch * length + row) * stride() + head * size;
  }
};

// scores = query key', and what else multiplies the rows of one by those of the other.
static inline GemmProblem by_columns(int64_t rows, int64_t columns, const Rows& a, const Rows& b) {
  return {rows, columns, a.size, a.stride(), 1, 1, b.stride()};
}
// scores x, with x rows of key or value.
static inline GemmProblem by_scores(int64_t rows, int64_t seen, int64_t line, const Rows& x) {
  return {rows, x.size, seen, line, 1, x.stride(), 1};
}
// scores' x, with x rows of query or of what arrives at the result.
static inline GemmProblem by_scores_back(int64_t rows, int64_t seen, int64_t line, const Rows& x) {
  return {seen, x.size, rows, 1, line, x.stride(), 1};
}

template <class T>
static inline void multiply(const GemmProblem& problem, const T* a, const T* b, T* to, int64_t stride, void* scratch) {
  gemm_run(problem, a, b, to, stride, scratch, 0, gemm_split(problem, sizeof(T)).units, nullptr);
}

// One head's rows of scores, and the numbers that dropout draws for them.
template <class T>
struct Scores {
  const Sizes& s;
  const T* bias;
  const int64_t* random_key;
  int64_t batch, head;
  T* uniform;  // room for one row

  typedef Lanes<T> L;
  typedef typename L::Vector V;

  // The products in x become weights.
  GM_INLINE void weigh(int64_t query, int64_t seen, T* x) const {
    const T* b = bias + batch * s.bias_strides[0] + head * s.bias_strides[1] + query * s.bias_strides[2];
    const bool one = s.bias_strides[3] == 0;
    const V scale = V(T(s.scale)), only = V(*b);
    L::along(seen, [&](int64_t i, int64_t n) {
      L::write(x + i, L::read(x + i, n) * scale + (one ? only : L::read(b + i, n)), n);
    });
    scaled_softmax_row(x, x, seen, T(1), int64_t(-1));
  }

  void draw(int64_t query, int64_t seen) const {
    fill_uniform(uniform, random_key[0], random_key[1], ((batch * s.heads + head) * s.places + s.place(query)) * s.keys, seen);
  }

  // Calls body(first, how many, factor that dropout gives the weights there) along a row.
  template <class Body>
  GM_INLINE void along(int64_t seen, const Body& body) const {
    const V share = V(T(1 - s.rate)), kept = V(T(1 / (1 - s.rate))), zero = V(T(0));
    L::along(seen, [&](int64_t i, int64_t n) {
      body(i, n, s.rate > 0 ? select(L::read(uniform + i, n) < share, kept, zero) : V(T(1)));
    });
  }

  // Weights with dropout, and zeros behind what the query sees.
  GM_INLINE void forward(int64_t query, int64_t seen_by_block, T* x) const {
    const int64_t seen = s.seen_by(query, seen_by_block);
    weigh(query, seen, x);
    if (s.rate > 0) {
      draw(query, seen);
      along(seen, [&](int64_t i, int64_t n, V factor) { L::write(x + i, L::read(x + i, n) * factor, n); });
    }
    __builtin_memset(x + seen, 0, static_cast<size_t>(seen_by_block - seen) * sizeof(T));
  }

  // The products in x become weights with dropout, what arrives at those, in dx, what arrives at the products.
  GM_INLINE void backward(int64_t query, int64_t seen_by_block, T* x, T* dx) const {
    const int64_t seen = s.seen_by(query, seen_by_block);
    weigh(query, seen, x);
    if (s.rate > 0) draw(query, seen);
    V total = V(T(0));
    along(seen, [&](int64_t i, int64_t n, V factor) { total = total + L::read(x + i, n) * (L::read(dx + i, n) * factor); });
    const V mean = V(horizontal_sum(total)), scale = V(T(s.scale));
    along(seen, [&](int64_t i, int64_t n, V factor) {
      const V weight = L::read(x + i, n);
      L::write(dx + i, weight * (L::read(dx + i, n) * factor - mean) * scale, n);
      L::write(x + i, weight * factor, n);
    });
    __builtin_memset(x + seen, 0, static_cast<size_t>(seen_by_block - seen) * sizeof(T));
    __builtin_memset(dx + seen, 0, static_cast<size_t>(seen_by_block - seen) * sizeof(T));
  }
};

// The parts of a worker's scratch.
template <class T>
struct Room {
  T *scores, *gradients, *uniform, *sums;
  void* products;

  Room(const Sizes& s, char* scratch) {
    scores = reinterpret_cast<T*>(scratch);
    gradients = scores + s.block * s.line;
    uniform = gradients + s.block * s.line;
    sums = uniform + s.line;
    products = sums + s.keys * round_up(s);
  }
  // Elements of a row of sums: key's or value's.
  static int64_t round_up(const Sizes& s) {
    const int64_t wider = s.depth > s.width ? s.depth : s.width;
    return (wider + 15) / 16 * 16;
  }
  static size_t bytes(const Sizes& s) {
    return static_cast<size_t>(2 * s.block * s.line + s.line + s.keys * round_up(s)) * sizeof(T);
  }
};

template <class T>
void run(const KernelCall& call) {
  const Sizes& s = parameters_of<Sizes>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const T *query = input(0), *key = input(1), *value = input(2);
  T* y = static_cast<T*>(call.buffers[5]);
  const Room<T> room(s, call.worker_scratch);
  const Rows q{s.heads, s.depth}, k{s.groups, s.depth}, v{s.groups, s.width}, o{s.heads, s.width};
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t piece = unit % s.blocks, head = unit / s.blocks % s.heads, batch = unit / s.blocks / s.heads;
    const int64_t first = s.first(piece), rows = s.count(piece), seen = s.seen(piece);
    const int64_t group = head / (s.heads / s.groups);
    multiply(by_columns(rows, seen, q, k), query + q.at(batch, s.queries, first, head), key + k.at(batch, s.keys, 0, group),
             room.scores, s.line, room.products);
    const Scores<T> scores{s, input(3), static_cast<const int64_t*>(call.buffers[4]), batch, head, room.uniform};
    for (int64_t row = 0; row < rows; ++row) scores.forward(first + row, seen, room.scores + row * s.line);
    multiply(by_scores(rows, seen, s.line, v), room.scores, value + v.at(batch, s.keys, 0, group),
             y + o.at(batch, s.queries, first, head), o.stride(), room.products);
  }
}

// Rows of sums, added to those of an array.
template <class T>
static void add_rows(const T* sums, int64_t rows, int64_t size, T* to, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < size; ++i) to[row * stride + i] += sums[row * size + i];
}

template <class T>
void run_back(const KernelCall& call) {
  const Sizes& s = parameters_of<Sizes>(call);
  const auto input = [&](int i) { return static_cast<const T*>(call.buffers[i]); };
  const T *dy = input(0), *query = input(1), *key = input(2), *value = input(3);
  T *dq = static_cast<T*>(call.buffers[6]), *dk = static_cast<T*>(call.buffers[7]), *dv = static_cast<T*>(call.buffers[8]);
  const Room<T> room(s, call.worker_scratch);
  const Rows q{s.heads, s.depth}, k{s.groups, s.depth}, v{s.groups, s.width}, o{s.heads, s.width};
  const int64_t shared = s.heads / s.groups;
  for (int64_t unit = call.begin; unit < call.end; ++unit) {
    const int64_t group = unit % s.groups, batch = unit / s.groups;
    const int64_t key_at = k.at(batch, s.keys, 0, group), value_at = v.at(batch, s.keys, 0, group);
    for (int64_t row = s.seen(s.blocks - 1); row < s.keys; ++row) {  // seen by nobody
      __builtin_memset(dk + key_at + row * k.stride(), 0, static_cast<size_t>(s.depth) * sizeof(T));
      __builtin_memset(dv + value_at + row * v.stride(), 0, static_cast<size_t>(s.width) * sizeof(T));
    }
    for (int64_t head = group * shared; head < (group + 1) * shared; ++head) {
      const Scores<T> scores{s, input(4), static_cast<const int64_t*>(call.buffers[5]), batch, head, room.uniform};
      for (int64_t piece = s.blocks - 1; piece >= 0; --piece) {  // the last block sees all keys that any sees
        const int64_t first = s.first(piece), rows = s.count(piece), seen = s.seen(piece);
        const T *from = query + q.at(batch, s.queries, first, head), *arrives = dy + o.at(batch, s.queries, first, head);
        multiply(by_columns(rows, seen, q, k), from, key + key_at, room.scores, s.line, room.products);
        multiply(by_columns(rows, seen, o, v), arrives, value + value_at, room.gradients, s.line, room.products);
        for (int64_t row = 0; row < rows; ++row)
          scores.backward(first + row, seen, room.scores + row * s.line, room.gradients + row * s.line);
        multiply(by_scores(rows, seen, s.line, k), room.gradients, key + key_at, dq + q.at(batch, s.queries, first, head),
                 q.stride(), room.products);
        const bool adds = head > group * shared || piece < s.blocks - 1;
        multiply(by_scores_back(rows, seen, s.line, q), room.gradients, from, adds ? room.sums : dk + key_at,
                 adds ? s.depth : k.stride(), room.products);
        if (adds) add_rows(room.sums, seen, s.depth, dk + key_at, k.stride());
        multiply(by_scores_back(rows, seen, s.line, o), room.scores, arrives, adds ? room.sums : dv + value_at,
                 adds ? s.width : v.stride(), room.products);
        if (adds) add_rows(room.sums, seen, s.width, dv + value_at, v.stride());
      }
    }
  }
}

size_t products_bytes(const Sizes& s, int element_size) {
  const Rows q{s.heads, s.depth}, k{s.groups, s.depth}, v{s.groups, s.width}, o{s.heads, s.width};
  size_t most = 0;
  for (int64_t piece = 0; piece < s.blocks; ++piece) {
    const int64_t rows = s.count(piece), seen = s.seen(piece);
    const GemmProblem problems[] = {by_columns(rows, seen, q, k),          by_columns(rows, seen, o, v),
                                    by_scores(rows, seen, s.line, v),      by_scores(rows, seen, s.line, k),
                                    by_scores_back(rows, seen, s.line, q), by_scores_back(rows, seen, s.line, o)};
    for (const GemmProblem& problem : problems) {
      const size_t bytes = gemm_scratch_bytes(problem, element_size);
      if (bytes > most) most = bytes;
    }
  }
  return most;
}

// `first`: which input is query.
void describe(const KernelProblem& problem, int first, KernelPlan& plan) {
  Sizes& s = parameters_of<Sizes>(plan);
  const BufferType *type = problem.inputs + first, &bias = type[3];
  s.batch = type[0].dims[0], s.queries = type[0].dims[1], s.heads = type[0].dims[2], s.depth = type[0].dims[3];
  s.keys = type[1].dims[1], s.groups = type[1].dims[2], s.width = type[2].dims[3];
  int64_t stride = 1;
  for (int axis = 3; axis >= 0; --axis) {
    s.bias_strides[axis] = bias.dims[axis] == 1 ? 0 : stride;
    stride *= bias.dims[axis];
  }
  const auto& attributes = *static_cast<const AttentionAttributes*>(problem.attributes);
  s.scale = attributes.scale, s.rate = attributes.rate, s.causal = attributes.causal;
  s.first_place = attributes.first_query, s.step = attributes.query_step;
  s.places = attributes.all_queries ? attributes.all_queries : s.queries;
  const int64_t size = type[0].dtype == DType::float32 ? 4 : 8;
  s.line = (s.keys + 15) / 16 * 16;
  const int64_t fit = score_bytes / size / s.line;
  s.block = lesser(s.queries, fit < fewest_queries ? fewest_queries : fit);
  s.blocks = (s.queries + s.block - 1) / s.block;
  s.block = (s.queries + s.blocks - 1) / s.blocks;
  plan.worker_scratch_bytes = products_bytes(s, static_cast<int>(size)) + (size == 4 ? Room<float>::bytes(s) : Room<double>::bytes(s));
}

double products(const Sizes& s) {
  return static_cast<double>(s.batch * s.heads) * static_cast<double>(s.queries * s.keys) * static_cast<double>(s.depth + s.width) / 4;
}

void prepare(const KernelProblem& problem, KernelPlan& plan) {
  describe(problem, 0, plan);
  const Sizes& s = parameters_of<Sizes>(plan);
  set_units(plan, problem.inputs[0].dtype == DType::float32 ? run<float> : run<double>, s.batch * s.heads * s.blocks, products(s));
}

void prepare_back(const KernelProblem& problem, KernelPlan& plan) {
  describe(problem, 1, plan);
  const Sizes& s = parameters_of<Sizes>(plan);
  set_units(plan, problem.inputs[0].dtype == DType::float32 ? run_back<float> : run_back<double>, s.batch * s.groups,
            2.5 * products(s));
}

}  // namespace

void attention_kernels(KernelList& list) {
  static const Kernel kernel{"blocks of queries", refuse_other_than_floats, prepare};
  add_kernel(list, &kernel);
}

void attention_backward_kernels(KernelList& list) {
  static const Kernel kernel{"blocks of queries", refuse_other_than_floats, prepare_back};
  add_kernel(list, &kernel);
}

}  // namespace gradmill::GM_ISA_NAMESPACE
