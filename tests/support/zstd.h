// zstd frames for tests.
#pragma once

#include <zstd.h>

#include <string>

namespace convbert::test {

// A frame of its own, with a window of 2^window_bits bytes where that is not 0.
inline std::string zstd(const std::string& text, int window_bits = 0) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_bits);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, window_bits == 0 ? 1 : 0);
  std::string compressed(ZSTD_compressBound(text.size()), '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{compressed.data(), compressed.size(), 0};
  // In two steps the size is not known before, and the window is the one that was asked for.
  if (window_bits != 0) ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);
  ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
  compressed.resize(out.pos);
  ZSTD_freeCCtx(context);
  return compressed;
}

// A frame that is to be passed over.
inline std::string zstd_skipped(const std::string& content) {
  std::string frame("\x5a\x2a\x4d\x18", 4);
  for (int shift = 0; shift < 32; shift += 8) {
    frame += static_cast<char>(content.size() >> shift & 0xff);
  }
  return frame + content;
}

}  // namespace convbert::test
