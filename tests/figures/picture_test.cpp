// Pictures, whatever fonts the machine has; tests/golden/pictures_test.cpp compares pixels.
#include "figures/picture/picture.h"

#include <doctest/doctest.h>
#include <glib.h>

#include <cmath>
#include <limits>
#include <string>
#include <thread>

#include "core/error.h"
#include "figures/decoded_png.h"
#include "figures/picture/map_layout.h"
#include "figures/picture/svg.h"
#include "figures/raster.h"
#include "figures/sample_statistics.h"
#include "figures/sample_text_maps.h"
#include "figures/ticks.h"

namespace convbert {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array kFormats = {PictureFormat::png, PictureFormat::svg, PictureFormat::pdf};

std::size_t count_of(const std::string& part, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

bool is_well_formed(const std::string& xml) {
  const GMarkupParser ignoring{};
  GMarkupParseContext* context =
      g_markup_parse_context_new(&ignoring, GMarkupParseFlags{}, nullptr, nullptr);
  const bool is_read =
      g_markup_parse_context_parse(context, xml.data(), static_cast<gssize>(xml.size()), nullptr) !=
          FALSE &&
      g_markup_parse_context_end_parse(context, nullptr) != FALSE;
  g_markup_parse_context_free(context);
  return is_read;
}

TEST_CASE("pictures are files of their format, the same every time") {
  const TextMaps maps = sample_text_maps();
  const std::vector<HeadStatistics> heads = sample_statistics({"one", "two"});
  for (const PictureFormat format : kFormats) {
    const std::string picture = draw_maps(maps, {}, format);
    const std::string figures = draw_statistics(heads, {}, format);
    CHECK(draw_maps(maps, {}, format) == picture);
    CHECK(draw_statistics(heads, {}, format) == figures);
    for (const std::string& bytes : {picture, figures}) {
      if (format == PictureFormat::png) CHECK(decode_png(bytes).width > 300);
      if (format == PictureFormat::svg) CHECK(is_well_formed(bytes));
      if (format == PictureFormat::pdf) {
        CHECK(bytes.starts_with("%PDF-"));
        CHECK(bytes.ends_with("%%EOF\n"));
        CHECK(bytes.find("CreationDate") == std::string::npos);
      }
    }
  }
}

TEST_CASE("pictures drawn side by side in threads are those drawn alone") {
  const TextMaps maps = sample_text_maps();
  const std::string alone = draw_maps(maps, {}, PictureFormat::svg);
  std::array<std::string, 3> drawn;
  std::vector<std::thread> threads;
  for (std::string& picture : drawn) {
    threads.emplace_back([&] { picture = draw_maps(maps, {}, PictureFormat::svg); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& picture : drawn) CHECK(picture == alone);
}

TEST_CASE("an SVG has an image for each map, for what is outside and for each scale, all sharp") {
  const TextMaps maps = sample_text_maps();  // 6 squares, 4 bands, 2 with outside, 3 whole layers
  const std::string svg = draw_maps(maps, {}, PictureFormat::svg);
  CHECK(count_of("<image ", svg) == 6 + 4 + 2 * 3 + 3 + 4);
  CHECK(count_of("image-rendering:pixelated", svg) == 1);
  // Cells that a screen cannot show one by one are averaged by a viewer, none left out.
  const auto picture_of = [](std::int64_t tokens) {
    const std::vector<std::string> labels(static_cast<std::size_t>(tokens), "a");
    const MapSet set = map_set(MapType::attention, {0}, {0}, tokens, tokens,
                               [](auto, std::int64_t, std::int64_t j) { return j == 7 ? 1 : 0; });
    return draw_maps(text_maps(labels, {set}), {.width = 300}, PictureFormat::svg);
  };
  CHECK(count_of("image-rendering:pixelated", picture_of(60)) == 1);
  CHECK(count_of("image-rendering", picture_of(300)) == 0);
}

TEST_CASE("names in an SVG are counted from its start") {
  CHECK(
      settled_svg("<svg a=\"\"><g id=\"image57\"/><use href=\"#image57\"/><g id=\"clip9\"/></svg>",
                  true) ==
      "<svg style=\"image-rendering:optimizeSpeed;image-rendering:pixelated\" a=\"\">"
      "<g id=\"image0\"/><use href=\"#image0\"/><g id=\"clip1\"/></svg>");
  CHECK(settled_svg("<g clip-path=\"url(#clip7)\" x=\"image12\">12</g>", false) ==
        "<g clip-path=\"url(#clip0)\" x=\"image12\">12</g>");
}

TEST_CASE("each weight's cell has its colour") {
  const std::vector<double> weights = {0, 0.1, 0.3, 0.8};
  const TextMaps maps = text_maps(
      {"a", "b"},
      {map_set(MapType::attention, {0}, {0}, 2, 2, [&](auto, std::int64_t i, std::int64_t j) {
        return weights[static_cast<std::size_t>(i * 2 + j)];
      })});
  for (const Theme theme : {Theme::light, Theme::dark}) {
    for (const WeightScale scale : {WeightScale::linear, WeightScale::logarithmic}) {
      const PictureStyle style{theme, scale, 0, 144};
      const DecodedPng png = decode_png(draw_maps(maps, style, PictureFormat::png));
      for (const double weight : weights) {
        // 18 points a side at 144 pixels an inch; frames may take of the pixels at the edge.
        CHECK(png.count(color_of(weight, 0.8, scale, color_table(theme))) >= 35 * 35);
      }
    }
  }
}

TEST_CASE("what a pixel or character covers is drawn as the largest of it") {
  const std::vector<float> map = {0, 1, 0, 0, 0,  //
                                  0, 0, 0, 0, 7,  //
                                  0, 0, 3, 0, 0};
  const Raster small = pool_largest(map, 3, 5, 2, 2);
  CHECK(small.values == std::vector<float>{1, 7, 3, 7});
  const Raster same = pool_largest(map, 3, 5, 30, 50);
  CHECK(same.rows == 3);
  CHECK(same.values == map);
  // 27 maps of 300 tokens, one weight in the last.
  TextMaps maps = text_maps(numbered_labels(300),
                            {map_set(MapType::attention, {0, 1, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8},
                                     300, 300, [](auto, auto, auto) { return 0; })});
  maps.sets[0].values[maps.sets[0].values.size() - 301 * 70] = 1;
  const DecodedPng png = decode_png(draw_maps(maps, {}, PictureFormat::png));
  CHECK(png.count(color_table(Theme::light).back()) >= 1);
}

TEST_CASE("a picture is as wide as it is asked to be") {
  for (const double width : {300.0, 700.0}) {
    for (const double resolution : {72.0, 300.0}) {
      const PictureStyle style{Theme::light, WeightScale::linear, width, resolution};
      const auto pixels = static_cast<int>(std::ceil(width * resolution / 72));
      const std::string figures =
          draw_statistics(sample_statistics({""}), style, PictureFormat::png);
      CHECK(decode_png(draw_maps(sample_text_maps(), style, PictureFormat::png)).width == pixels);
      CHECK(decode_png(figures).width == pixels);
    }
  }
}

// The least width that `draw` says it takes of the style.
double least_width(PictureStyle style, auto draw) {
  style.width = 20;
  try {
    draw(style);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    const std::string message = error.what();
    const std::string before = "width 20: expected at least ";
    REQUIRE(message.starts_with(before));
    return std::stod(message.substr(before.size()));
  }
  FAIL("a picture 20 points wide was drawn");
  return 0;
}

TEST_CASE("a width that is too small is refused with the least, which is kept") {
  const auto check = [](auto draw) {
    PictureStyle style;
    const double least = least_width(style, draw);
    for (const double more : {0.0, 1.0, 7.0, 40.0, 111.0}) {
      style.width = least + more;
      CHECK(decode_png(draw(style)).width == 2 * static_cast<int>(least + more));
    }
    style.width = least - 1;
    CHECK_THROWS_AS(draw(style), Error);
  };
  check([](const PictureStyle& style) {
    return draw_statistics(sample_statistics({""}), style, PictureFormat::png);
  });
  check([](const PictureStyle& style) {
    return draw_maps(sample_text_maps(), style, PictureFormat::png);
  });
  for (const MapSet& set : sample_text_maps().sets) {
    check([&](const PictureStyle& style) {
      return draw_maps(text_maps(numbered_labels(6), {set}), style, PictureFormat::png);
    });
  }
}

// Layers by heads, of 18 tokens.
MapSet square_maps(std::int64_t layers, std::int64_t heads) {
  std::vector<std::int64_t> of_layers;
  std::vector<std::int64_t> of_heads;
  for (std::int64_t i = 0; i < layers; ++i) of_layers.push_back(i);
  for (std::int64_t i = 0; i < heads; ++i) of_heads.push_back(i);
  return map_set(MapType::attention, of_layers, of_heads, 18, 18,
                 [](auto, auto, auto) { return 0.5; });
}

TEST_CASE("maps take the width that is asked for") {
  const Typesetter typesetter;
  const std::vector<std::string> labels = numbered_labels(18);
  for (const auto& shape : {std::pair{6, 12}, {4, 2}, {1, 1}, {6, 1}}) {
    const MapSet set = square_maps(shape.first, shape.second);
    for (const double width : {230.0, 280.0, 330.0, 730.0, 1900.0}) {
      const MapLayout layout = lay_out(text_maps(labels, {set}), set, labels, width, typesetter);
      INFO(shape.first, " x ", shape.second, ", ", width);
      CHECK(layout.width <= width);
      CHECK(layout.width > width * 0.85);
    }
  }
}

TEST_CASE("layers and heads whose names do not fit have numbers") {
  const Typesetter typesetter;
  const bool has_fonts = typesetter.width_of({.content = "0"}) > 0;
  const std::vector<std::string> labels = numbered_labels(18);
  const MapSet set = square_maps(6, 12);
  const auto laid_out = [&](double width) {
    return lay_out(text_maps(labels, {set}), set, labels, width, typesetter);
  };
  CHECK(laid_out(280).numbers_layers == has_fonts);
  CHECK(laid_out(280).numbers_heads == has_fonts);
  CHECK_FALSE(laid_out(0).numbers_layers);
  CHECK_FALSE(laid_out(730).numbers_layers);
  CHECK_FALSE(laid_out(730).numbers_heads);
}

TEST_CASE("lines are broken between words") {
  const Typesetter typesetter;
  const std::string text = "convolution kernels, layer 0, head 0";
  for (const double room : {1.0, 60.0, 90.0, 1000.0}) {
    std::string joined;
    for (const std::string& line : typesetter.lines_of({.content = text}, room)) {
      const bool is_word = line.find(' ') == std::string::npos;
      CHECK((is_word || typesetter.width_of({.content = line}) <= room));
      joined += (joined.empty() ? "" : " ") + line;
    }
    CHECK(joined == text);
  }
  CHECK(typesetter.lines_of({.content = text}, 1000).size() == 1);
}

TEST_CASE("a lone layer is named once beside its curve") {
  const auto glyphs = [](std::int64_t layer) {
    std::vector<HeadStatistics> heads = sample_statistics({""});
    for (HeadStatistics& head : heads) head.layer = layer;
    return count_of("<use ", draw_statistics(heads, {}, PictureFormat::svg));
  };
  // One digit more wherever it is named: by each kind's curve and grid, and below the entropies.
  const std::size_t named = glyphs(11) - glyphs(1);
  CHECK((named == 5 || glyphs(1) == 0));  // without fonts there is no text
}

// Glyphs in the figures of statistics that `change` has been made to; 0 without fonts.
std::size_t glyphs_of(auto change) {
  std::vector<HeadStatistics> heads = sample_statistics({"a"});
  for (HeadStatistics& head : heads) change(head);
  return count_of("<use ", draw_statistics(heads, {}, PictureFormat::svg));
}

TEST_CASE(
    "figures of statistics say how far the window and the axis reach, and of how many texts") {
  const std::size_t glyphs = glyphs_of([](HeadStatistics&) {});
  const std::size_t fonts = glyphs > 0 ? 1 : 0;
  // "4 tokens" and "1 token", above a grid of each kind.
  CHECK(glyphs - glyphs_of([](HeadStatistics& head) { head.window = 1; }) == 2 * fonts);
  const auto reaching = [](std::size_t distances) {
    return glyphs_of([&](HeadStatistics& head) { head.by_distance.resize(distances, 0.1); });
  };
  CHECK(reaching(128) - reaching(127) == 2 * std::string_view(", up to 127").size() * fonts);
  const std::size_t sized = glyphs_of([](HeadStatistics& head) { head.texts = 1; });
  CHECK(sized - glyphs == std::string_view("1 text, 100 tokens").size() * fonts);
}

TEST_CASE("a model without kernels leaves no room for them") {
  const auto height = [](const std::vector<HeadStatistics>& heads) {
    const PictureStyle style{Theme::light, WeightScale::linear, 500, 72};
    return decode_png(draw_statistics(heads, style, PictureFormat::png)).height;
  };
  const auto without_kernels = [](std::vector<HeadStatistics> heads) {
    std::erase_if(heads, [](const HeadStatistics& head) {
      return head.model == "b" && head.kind == MapKind::kernel;
    });
    return heads;
  };
  const int alone = height(without_kernels(sample_statistics({"b"})));
  const int both = height(without_kernels(sample_statistics({"a", "b"})));
  CHECK(both == height(sample_statistics({"a"})) + alone + 2);  // 26 between, 2 x 12 shared
}

TEST_CASE("weights that are no numbers do no harm") {
  const TextMaps maps = text_maps(
      {"a\x1b", "\xff"}, {map_set(MapType::conv, {0}, {0}, 2, 3, [](auto, std::int64_t i, auto) {
        return i == 0 ? kNan : kInfinity;
      })});
  std::vector<HeadStatistics> heads = sample_statistics({""});
  heads[0].figures.fill({kNan, kNan, kNan});
  heads[1].figures.fill({kInfinity, kInfinity, kInfinity});
  heads[1].by_distance = {kNan, kInfinity, 0, 1};
  for (const PictureFormat format : kFormats) {
    CHECK_FALSE(draw_maps(maps, {}, format).empty());
    CHECK_FALSE(draw_statistics(heads, {}, format).empty());
  }
}

TEST_CASE("what cannot be drawn is said before it is tried") {
  const TextMaps maps = sample_text_maps();
  const PictureStyle large{Theme::light, WeightScale::linear, 14000, 2400};
  for (const PictureFormat format : kFormats) {
    CHECK_THROWS_WITH_AS(draw_maps(maps, large, format),
                         doctest::Contains("15 maps of 6 tokens; expected fewer"), PictureTooLarge);
    CHECK_THROWS_AS(draw_statistics(sample_statistics({""}), large, format), Error);
  }
  for (const double width :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(
        draw_maps(maps, {Theme::light, WeightScale::linear, width, 144}, PictureFormat::png),
        Error);
  }
  CHECK_THROWS_AS(draw_maps(maps, {Theme::light, WeightScale::linear, 0, 0}, PictureFormat::png),
                  Error);
  CHECK_THROWS_AS(draw_maps({}, {}, PictureFormat::png), Error);
  CHECK_THROWS_AS(draw_statistics({}, {}, PictureFormat::png), Error);
  TextMaps wrong = sample_text_maps();
  wrong.sets[0].values.pop_back();
  CHECK_THROWS_AS(draw_maps(wrong, {}, PictureFormat::png), Error);
}

TEST_CASE("numbers along an axis are round") {
  CHECK(linear_ticks(0.55, 4) == std::vector<double>{0, 0.2, 0.4});
  CHECK(linear_ticks(1, 3) == std::vector<double>{0, 0.5, 1});
  CHECK(linear_ticks(0, 3) == std::vector<double>{0});
  CHECK(round_step(0.3) == 1);
  CHECK(round_step(11) == 20);
  CHECK(round_step(30) == 50);
  const std::vector<double> decades = decade_ticks(0.0005, 1);
  REQUIRE(decades.size() == 4);
  CHECK(decades.front() == doctest::Approx(0.001));
}

TEST_CASE("an axis has two numbers or more") {
  for (const double largest : {0.1, 0.101, 0.19, 0.2, 0.49, 0.5, 0.91, 0.999, 7.3}) {
    for (const int most : {2, 3, 6}) {
      INFO(largest, ", ", most);
      CHECK(linear_ticks(largest, most).size() >= 2);
      CHECK(linear_ticks(largest, most).size() <= static_cast<std::size_t>(std::max(most, 3)));
    }
  }
  for (double smallest = 0.01; smallest < 0.1; smallest += 0.001) {
    INFO(smallest);
    CHECK(decade_ticks(smallest, 5 * smallest).size() >= 2);
    CHECK(decade_ticks(smallest, 13 * smallest).size() >= 2);
  }
  const std::vector<double> within_a_decade = decade_ticks(0.03, 0.39);
  REQUIRE(within_a_decade.size() == 3);
  CHECK(within_a_decade.front() == doctest::Approx(0.05));
}

}  // namespace
}  // namespace convbert
