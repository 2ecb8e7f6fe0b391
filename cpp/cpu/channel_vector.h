#pragma once
// Vectors for loops over channels: half a cache line at most, so that 16 channels already are several.
namespace gradmill::GM_ISA_NAMESPACE {
namespace {

#if defined(__AVX__)
#define GM_CHANNEL_BYTES 32
#else
#define GM_CHANNEL_BYTES 16
#endif

template <class T>
struct ChannelVector {
  typedef T Type __attribute__((vector_size(GM_CHANNEL_BYTES)));
  typedef T InMemory __attribute__((vector_size(GM_CHANNEL_BYTES), aligned(alignof(T)), may_alias));
  static constexpr int lanes = GM_CHANNEL_BYTES / sizeof(T);
};

}  // namespace
}  // namespace gradmill::GM_ISA_NAMESPACE
