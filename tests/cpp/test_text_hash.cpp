// Hashes of text against published ones.
#include "doctest/doctest.h"

#include <string>

#include "base/text_hash.h"

namespace gradmill {

// Appendix A of the paper: key 00 01 ... 0f, message 00 01 ... 0e. Then the first line of the authors' list, no message.
TEST_CASE("SipHash of the paper's examples") {
  std::string message;
  for (char i = 0; i < 15; ++i) message += i;
  CHECK(sip_hash(message, 0x0706050403020100, 0x0f0e0d0c0b0a0908) == 0xa129ca6149be45e5u);
  CHECK(sip_hash("", 0x0706050403020100, 0x0f0e0d0c0b0a0908) == 0x726fdb47dd0e0e31u);
}

TEST_CASE("fingerprint of no text") { CHECK(fingerprint64("") == 0x9ae16a3b2f90404fu); }

}  // namespace gradmill
