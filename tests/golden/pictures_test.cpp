// Pictures against stored ones, pixel by pixel. Text is left out by leaving out all fonts, as these
// differ between machines; it is drawn nowhere else than where it is told to be.
//
// After a change that is meant: CONVBERT_NEW_PICTURES=tests/golden/pictures golden_pictures_test,
// then look at what it wrote.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "figures/decoded_png.h"
#include "figures/picture/picture.h"
#include "figures/sample_statistics.h"
#include "figures/sample_text_maps.h"

namespace convbert {
namespace {

const std::string kFolder = CONVBERT_SOURCE_DIR "/tests/golden/pictures/";

// Before the first picture, which reads it.
[[maybe_unused]] const int kNoFonts =
    setenv("FONTCONFIG_FILE", (kFolder + "no-fonts.conf").c_str(), 1);

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Versions of Cairo differ in how they smooth the edges of lines, not in where they put them.
void check_picture(const std::string& name, const std::string& drawn) {
  if (const char* folder = std::getenv("CONVBERT_NEW_PICTURES")) {
    std::ofstream(std::string(folder) + "/" + name, std::ios::binary) << drawn;
  }
  const DecodedPng expected = decode_png(content_of(kFolder + name));
  const DecodedPng found = decode_png(drawn);
  INFO(name);
  REQUIRE_FALSE(expected.pixels.empty());
  REQUIRE(found.width == expected.width);
  REQUIRE(found.height == expected.height);
  std::size_t different = 0;
  for (std::size_t i = 0; i < expected.pixels.size(); ++i) {
    const Rgb& a = expected.pixels[i];
    const Rgb& b = found.pixels[i];
    const int largest =
        std::max({std::abs(a.red - b.red), std::abs(a.green - b.green), std::abs(a.blue - b.blue)});
    if (largest > 8) ++different;
  }
  CHECK(static_cast<double>(different) < 0.01 * static_cast<double>(expected.pixels.size()));
}

TEST_CASE("maps look as they did") {
  const TextMaps maps = sample_text_maps();
  check_picture("maps.png", draw_maps(maps, {}, PictureFormat::png));
  check_picture(
      "maps-dark-log.png",
      draw_maps(maps, {Theme::dark, WeightScale::logarithmic, 400, 96}, PictureFormat::png));
}

TEST_CASE("statistics look as they did") {
  check_picture("statistics.png",
                draw_statistics(sample_statistics({"a", "b"}), {}, PictureFormat::png));
}

TEST_CASE("a machine without fonts draws SVG and PDF too") {
  const TextMaps maps = sample_text_maps();
  CHECK(draw_maps(maps, {}, PictureFormat::svg).find("<image ") != std::string::npos);
  CHECK(draw_maps(maps, {}, PictureFormat::pdf).starts_with("%PDF-"));
}

}  // namespace
}  // namespace convbert
