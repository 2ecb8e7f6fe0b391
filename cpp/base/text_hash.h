#pragma once

#include <cstdint>
#include <string_view>

namespace gradmill {

// FarmHash's Fingerprint64 (Pike, Alakuijala; it never changes): what `tf.strings.to_hash_bucket_fast` divides.
uint64_t fingerprint64(std::string_view text);

// SipHash-2-4 (Aumasson and Bernstein 2012) with a key of 128 bits: what `tf.strings.to_hash_bucket_strong` divides.
uint64_t sip_hash(std::string_view text, uint64_t key0, uint64_t key1);

}  // namespace gradmill
