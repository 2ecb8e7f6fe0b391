#include "base/text_hash.h"

#include <utility>

namespace gradmill {

namespace {

constexpr uint64_t kPrime0 = 0xc3a5c85c97cb3127, kPrime1 = 0xb492b66fbe98f273, kPrime2 = 0x9ae16a3b2f90404f;

uint64_t rotate_left(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }
uint64_t rotate_right(uint64_t value, int bits) { return value >> bits | value << (64 - bits); }
uint64_t fold(uint64_t value) { return value ^ value >> 47; }

// Words of the text in little-endian order, whatever the machine's.
uint64_t word(const char* at, int bytes = 8) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= uint64_t{static_cast<unsigned char>(at[i])} << 8 * i;
  return value;
}

uint64_t mix(uint64_t a, uint64_t b, uint64_t factor) { return fold((fold((a ^ b) * factor) ^ b) * factor) * factor; }

struct Pair {
  uint64_t first = 0, second = 0;
};

uint64_t of_short_text(const char* text, size_t size) {
  const uint64_t factor = kPrime2 + size * 2;
  if (size >= 8) {
    const uint64_t a = word(text) + kPrime2, b = word(text + size - 8);
    return mix(rotate_right(b, 37) * factor + a, (rotate_right(a, 25) + b) * factor, factor);
  }
  if (size >= 4) return mix(size + (word(text, 4) << 3), word(text + size - 4, 4), factor);
  if (size == 0) return kPrime2;
  const uint64_t y = word(text, 1) + (word(text + size / 2, 1) << 8);
  const uint64_t z = size + (word(text + size - 1, 1) << 2);
  return fold(y * kPrime2 ^ z * kPrime0) * kPrime2;
}

// What texts of 17 to 64 bytes begin with: two numbers of their first and last 16 bytes.
struct Ends {
  uint64_t factor, first, y, x;
  Ends(const char* text, size_t size, uint64_t weight) : factor(kPrime2 + size * 2), first(word(text) * weight) {
    const uint64_t b = word(text + 8), c = word(text + size - 8) * factor, d = word(text + size - 16) * kPrime2;
    y = rotate_right(first + b, 43) + rotate_right(c, 30) + d;
    x = first + rotate_right(b + kPrime2, 18) + c;
  }
};

uint64_t of_medium_text(const char* text, size_t size) {
  const Ends ends(text, size, kPrime2);
  const uint64_t z = mix(ends.y, ends.x, ends.factor);
  const uint64_t e = word(text + 16) * ends.factor, f = word(text + 24);
  const uint64_t g = (ends.y + word(text + size - 32)) * ends.factor;
  const uint64_t h = (z + word(text + size - 24)) * ends.factor;
  return mix(rotate_right(e + f, 43) + rotate_right(g, 30) + h, e + rotate_right(f + ends.first, 18) + g, ends.factor);
}

Pair weak_hash(const char* at, uint64_t a, uint64_t b) {
  const uint64_t w = word(at), x = word(at + 8), y = word(at + 16), z = word(at + 24);
  a += w;
  b = rotate_right(b + a + z, 21);
  const uint64_t c = a;
  a += x + y;
  b += rotate_right(a, 44);
  return {a + z, b + c};
}

struct LongText {
  uint64_t x = 81, y = 81 * kPrime1 + 113, z = fold(y * kPrime2 + 113) * kPrime2;
  Pair v, w;

  // One block of 64 bytes; the last one weighs some terms by 9 and multiplies by another factor.
  void add(const char* at, uint64_t factor, uint64_t weight) {
    x = rotate_right(x + y + v.first + word(at + 8), 37) * factor;
    y = rotate_right(y + v.second + word(at + 48), 42) * factor;
    x ^= w.second * weight;
    y += v.first * weight + word(at + 40);
    z = rotate_right(z + w.first, 33) * factor;
    v = weak_hash(at, v.second * factor, x + w.first);
    w = weak_hash(at + 32, z + w.second, y + word(at + 16));
    std::swap(z, x);
  }
};

uint64_t of_long_text(const char* text, size_t size) {
  LongText state;
  state.x = state.x * kPrime2 + word(text);
  const char* last = text + size - 64;
  for (const char* end = text + (size - 1) / 64 * 64; text != end; text += 64) state.add(text, kPrime1, 1);
  const uint64_t factor = kPrime1 + ((state.z & 0xff) << 1);
  state.w.first += (size - 1) & 63;
  state.v.first += state.w.first;
  state.w.first += state.v.first;
  state.add(last, factor, 9);
  return mix(mix(state.v.first, state.w.first, factor) + fold(state.y) * kPrime0 + state.z,
             mix(state.v.second, state.w.second, factor) + state.x, factor);
}

struct SipState {
  uint64_t a, b, c, d;
  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      a += b, b = rotate_left(b, 13) ^ a, a = rotate_left(a, 32);
      c += d, d = rotate_left(d, 16) ^ c;
      a += d, d = rotate_left(d, 21) ^ a;
      c += b, b = rotate_left(b, 17) ^ c, c = rotate_left(c, 32);
    }
  }
  void add(uint64_t value) {
    d ^= value;
    rounds(2);
    a ^= value;
  }
};

}  // namespace

uint64_t fingerprint64(std::string_view text) {
  if (text.size() <= 16) return of_short_text(text.data(), text.size());
  if (text.size() <= 32) {
    const Ends ends(text.data(), text.size(), kPrime1);
    return mix(ends.y, ends.x, ends.factor);
  }
  return text.size() <= 64 ? of_medium_text(text.data(), text.size()) : of_long_text(text.data(), text.size());
}

uint64_t sip_hash(std::string_view text, uint64_t key0, uint64_t key1) {
  SipState state{key0 ^ 0x736f6d6570736575, key1 ^ 0x646f72616e646f6d, key0 ^ 0x6c7967656e657261,
                 key1 ^ 0x7465646279746573};
  const size_t whole = text.size() / 8 * 8;
  for (size_t at = 0; at < whole; at += 8) state.add(word(text.data() + at));
  const int rest = static_cast<int>(text.size() - whole);
  state.add(word(text.data() + whole, rest) | uint64_t{text.size() & 0xff} << 56);
  state.c ^= 0xff;
  state.rounds(4);
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace gradmill
