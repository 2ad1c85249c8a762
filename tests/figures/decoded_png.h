// The pixels of a PNG file, read back by Cairo.
#pragma once

#include <cairo.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "figures/color.h"

namespace convbert {

struct DecodedPng {
  int width = 0;
  int height = 0;
  std::vector<Rgb> pixels;  // row-major; empty if the file cannot be read

  std::ptrdiff_t count(const Rgb& color) const { return std::ranges::count(pixels, color); }
};

inline DecodedPng decode_png(const std::string& bytes) {
  struct Source {
    const std::string& bytes;
    std::size_t at = 0;
  } source{bytes};
  const auto read = [](void* from, unsigned char* to, unsigned int count) {
    auto& data = *static_cast<Source*>(from);
    if (data.bytes.size() - data.at < count) return CAIRO_STATUS_READ_ERROR;
    std::memcpy(to, data.bytes.data() + data.at, count);
    data.at += count;
    return CAIRO_STATUS_SUCCESS;
  };
  cairo_surface_t* surface = cairo_image_surface_create_from_png_stream(read, &source);
  DecodedPng png;
  if (cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS) {
    png.width = cairo_image_surface_get_width(surface);
    png.height = cairo_image_surface_get_height(surface);
    const int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < png.height; ++y) {
      const auto* row = reinterpret_cast<const std::uint32_t*>(
          cairo_image_surface_get_data(surface) + y * stride);
      for (int x = 0; x < png.width; ++x) {
        png.pixels.push_back({static_cast<std::uint8_t>(row[x] >> 16 & 255),
                              static_cast<std::uint8_t>(row[x] >> 8 & 255),
                              static_cast<std::uint8_t>(row[x] & 255)});
      }
    }
  }
  cairo_surface_destroy(surface);
  return png;
}

}  // namespace convbert
