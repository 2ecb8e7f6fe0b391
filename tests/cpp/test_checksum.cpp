// Checksums against published ones.
#include "doctest/doctest.h"

#include <string>
#include <vector>

#include "base/checksum.h"

namespace gradmill {

static uint32_t of(const std::vector<unsigned char>& data) { return crc32c(data.data(), data.size()); }

// RFC 3720, appendix B.4, and the usual check value.
TEST_CASE("crc32c of the examples of iSCSI") {
  const std::string digits = "123456789";
  CHECK(crc32c(reinterpret_cast<const unsigned char*>(digits.data()), digits.size()) == 0xe3069283u);
  CHECK(of(std::vector<unsigned char>(32, 0)) == 0x8a9136aau);
  CHECK(of(std::vector<unsigned char>(32, 0xff)) == 0x62a8ab43u);
  std::vector<unsigned char> rising(32);
  for (size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<unsigned char>(i);
  CHECK(of(rising) == 0x46dd794eu);
}

}  // namespace gradmill
