// The page of maps as text: what a browser makes of it is in tests/browser.
#include "figures/page/html_page.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "browser/known_maps.h"
#include "core/error.h"
#include "core/json.h"
#include "figures/page/weight_codes.h"

namespace convbert {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The texts of all elements that begin with that tag.
std::vector<std::string> elements(const std::string& page, const std::string& tag) {
  std::vector<std::string> texts;
  for (std::size_t at = 0; (at = page.find(tag, at)) != std::string::npos;) {
    at += tag.size();
    texts.push_back(page.substr(at, page.find("</", at) - at));
  }
  return texts;
}

const std::string kRecordTag = "<script type=\"application/json\" class=\"record\">";
const std::string kWeightsTag = "<script type=\"text/plain\" class=\"weights\">";
const std::string kThumbnailsTag = "<script type=\"text/plain\" class=\"thumbnails\">";

// As the page's script reads it.
double weight_of_code(int code, double largest) {
  constexpr double kStepsPerDecade = (kLargestWeightCode - 1) / kWeightCodeDecades;
  if (code == 0) return 0;
  return largest * std::pow(10.0, (code - kLargestWeightCode) / kStepsPerDecade);
}

double weight_at(const std::string& digits, std::size_t index, double largest) {
  REQUIRE(digits.size() >= 2 * index + 2);
  const auto high = kDigits.find(digits[2 * index]);
  const auto low = kDigits.find(digits[2 * index + 1]);
  REQUIRE(high != std::string_view::npos);
  REQUIRE(low != std::string_view::npos);
  return weight_of_code(static_cast<int>(high * 64 + low), largest);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

TEST_CASE("a weight comes back within 0.2 %, and what is hardly there as nothing") {
  for (const double largest : {1.0, 0.37, 3e-4}) {
    for (double weight = largest; weight > largest * 1.01e-6; weight *= 0.9973) {
      const double back = weight_of_code(code_of_weight(weight, largest), largest);
      CHECK(back == doctest::Approx(weight).epsilon(0.002));
    }
    CHECK(code_of_weight(largest, largest) == kLargestWeightCode);
    CHECK(code_of_weight(largest * 1e-7, largest) == 0);
  }
  for (const double weight : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(code_of_weight(weight, 1.0) == 0);
  }
  CHECK(code_of_weight(0.0, 0.0) == 0);
  CHECK(code_of_weight(std::numeric_limits<double>::infinity(), 1.0) == kLargestWeightCode);
  CHECK(weight_of_code(0, 1.0) == 0);
}

TEST_CASE("all weights of a record are in its pieces, map after map") {
  const TextMaps text = known_text("one", numbered_labels(120), {3, 4});
  const std::string page = html_record({&text, 1});
  const std::vector<std::string> records = elements(page, kRecordTag);
  REQUIRE(records.size() == 1);
  const Json record = Json::parse(records.front());
  CHECK(record["id"] == "one");
  const Json& model = record["models"][0];
  CHECK(model["labels"].size() == 120);
  CHECK(model["continuing"][0] == 4);
  CHECK(model["mark"] == "##");
  const std::vector<std::string> pieces = elements(page, kWeightsTag);
  std::size_t first_piece = 0;
  REQUIRE(model["sets"].size() == text.sets.size());
  for (std::size_t s = 0; s < text.sets.size(); ++s) {
    const MapSet& set = text.sets[s];
    const Json& meta = model["sets"][s];
    INFO(meta.dump());
    CHECK(meta["type"] == info_of(set.type).flag);
    CHECK(meta["outside"] == !set.outside.empty());
    const std::int64_t per_piece = meta["maps_per_piece"];
    const double largest = meta["largest"];
    const auto map_size = static_cast<std::size_t>(set.rows * set.columns);
    const std::size_t stored = map_size + set.outside_of(0).size();
    for (std::int64_t m = 0; m < set.maps(); ++m) {
      const std::string& piece = pieces.at(first_piece + static_cast<std::size_t>(m / per_piece));
      const std::size_t start = static_cast<std::size_t>(m % per_piece) * stored;
      for (std::size_t i = 0; i < map_size; i += 37) {
        CHECK(weight_at(piece, start + i, largest) ==
              doctest::Approx(set.map(m)[i]).epsilon(0.002));
      }
      if (!set.outside.empty()) {
        CHECK(weight_at(piece, start + map_size, largest) == doctest::Approx(0.25).epsilon(0.002));
        CHECK(weight_at(piece, start + map_size + 1, largest) ==
              doctest::Approx(0.125).epsilon(0.002));
      }
    }
    first_piece += static_cast<std::size_t>((set.maps() + per_piece - 1) / per_piece);
  }
  CHECK(pieces.size() == first_piece);
  CHECK(page.find(kThumbnailsTag) < page.find(kWeightsTag));
}

TEST_CASE("a thumbnail's cell is the largest weight that it stands for") {
  TextMaps text{.id = "", .labels = numbered_labels(96), .sets = {}};
  add_known_set(text, MapType::attention, {1, 2});
  const std::vector<std::string> thumbnails = elements(html_record({&text, 1}), kThumbnailsTag);
  REQUIRE(thumbnails.size() == 1);
  CHECK(thumbnails.front().size() == 2 * 2 * 48 * 48);
  const std::span<const float> map = text.sets[0].map(1);
  const double expected =
      std::max({map[10 * 96 + 20], map[10 * 96 + 21], map[11 * 96 + 20], map[11 * 96 + 21]});
  double largest = 0;
  for (const float weight : text.sets[0].values) largest = std::max<double>(largest, weight);
  CHECK(weight_at(thumbnails.front(), 48 * 48 + 5 * 48 + 10, largest) ==
        doctest::Approx(expected).epsilon(0.002));
}

TEST_CASE("small maps have no thumbnails and share a piece") {
  const TextMaps text = known_text("one", kShortLabels, {2, 3});
  const std::string page = html_record({&text, 1});
  CHECK(count(page, kThumbnailsTag) == 0);
  CHECK(count(page, kWeightsTag) == text.sets.size());
}

TEST_CASE("hostile titles, names, ids and labels stay text") {
  const HtmlPageStyle style{.title = kHostile, .models = {kHostile}};
  TextMaps text =
      known_text(kHostile, {"[CLS]", kHostile, "<!--<script>", "\xff\xc0", "]]>"}, {1, 1});
  const std::string head = html_head(style);
  const std::string record = html_record({&text, 1});
  for (const std::string& page : {head, record}) CHECK(count(page, "<img") == 0);
  CHECK(count(record, "<script>") == 0);
  CHECK(count(record, "<!--") == 0);
  CHECK(count(record, "</script>") == 1 + text.sets.size());
  CHECK(count(head, "</script>") == 2);
  CHECK(count(head, "<title>&lt;/script&gt;&lt;img src=x onerror=") == 1);
  const Json meta = Json::parse(elements(record, kRecordTag).at(0));
  CHECK(meta["id"] == kHostile);
  CHECK(meta["models"][0]["labels"][1] == kHostile);
  CHECK(meta["models"][0]["labels"][3] == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("a page names no address, and its policy lets it load none") {
  const TextMaps text = known_text("one", kShortLabels, {1, 1});
  const HtmlPageStyle style{.title = "Maps", .models = {"first"}};
  std::string page = html_head(style) + html_record({&text, 1}) + html_tail();
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.ends_with("</html>\n"));
  CHECK(count(page, "default-src 'none'; script-src 'sha256-") == 1);
  CHECK(count(page, "unsafe-inline") == 0);
  const std::string svg_namespace = "http://www.w3.org/2000/svg";
  for (std::size_t at; (at = page.find(svg_namespace)) != std::string::npos;) {
    page.erase(at, svg_namespace.size());
  }
  for (const char* address : {"http:", "https:", "src=\"", "@import", "url(", "<link"}) {
    INFO(address);
    CHECK(count(page, address) == 0);
  }
}

TEST_CASE("a page of two models holds both in a record") {
  const HtmlPageStyle style{.title = "Maps",
                            .theme = Theme::dark,
                            .scale = WeightScale::logarithmic,
                            .models = {"first", "second"}};
  const std::string head = html_head(style);
  const Json settings =
      Json::parse(elements(head, "<script type=\"application/json\" id=\"settings\">").at(0));
  CHECK(settings["models"] == Json{"first", "second"});
  CHECK(settings["theme"] == "dark");
  CHECK(settings["scale"] == "log");
  for (const auto& [name, theme] : settings["themes"].items()) {
    CHECK(theme["table"].get<std::string>().size() == 256 * 6);
    CHECK(theme["inks"].get<std::string>().size() == 256 * 6);
  }
  const std::vector<TextMaps> texts{known_text("one", kShortLabels, {2, 3}),
                                    known_text("one", {"a", "b"}, {1, 1})};
  const Json record = Json::parse(elements(html_record(texts), kRecordTag).at(0));
  REQUIRE(record["models"].size() == 2);
  CHECK(record["models"][1]["labels"] == Json{"a", "b"});
}

TEST_CASE("a text without tokens or maps is a record all the same") {
  const TextMaps text{.id = "empty", .labels = {}, .sets = {}};
  CHECK(elements(html_record({&text, 1}), kRecordTag).size() == 1);
}

TEST_CASE("maps that do not fit are refused") {
  TextMaps text = known_text("one", kShortLabels, {1, 1});
  text.labels.pop_back();
  CHECK_THROWS_AS(html_record({&text, 1}), Error);
  text = known_text("one", kShortLabels, {1, 1});
  text.sets[0].values.pop_back();
  CHECK_THROWS_AS(html_record({&text, 1}), Error);
  CHECK_THROWS_AS(html_head({.title = "none", .models = {}}), Error);
}

}  // namespace
}  // namespace convbert
