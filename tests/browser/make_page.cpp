// Writes pages of known weights for the browser's test and benchmark:
//   make_page KIND OUTPUT
// KIND is one of: page (three records), part (of a text, and a text that runs from right to left),
// compare (two models), hostile, or LAYERSxHEADSxTOKENS.
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "browser/known_maps.h"
#include "figures/page/html_page.h"

namespace convbert {
namespace {

void write_page(const std::string& kind, std::ostream& out) {
  HtmlPageStyle style{.title = "Known weights", .models = {"first"}};
  if (kind == "page") {
    out << html_head(style);
    TextMaps text = known_text("one", kShortLabels, {2, 3});
    add_known_set(text, MapType::rollout, {2, 3});
    out << html_record({&text, 1});
    text = known_text("two", {"[CLS]", "日", "本", "語", "مرحبا", "😀", "[SEP]"}, {1, 1});
    out << html_record({&text, 1});
    text = known_text("long", numbered_labels(200), {2, 2});
    out << html_record({&text, 1});
  } else if (kind == "part") {
    out << html_head(style);
    TextMaps text = known_text("part", {"sees", "its", "neighbour"}, {1, 2});
    text.first = 3;
    text.length = 7;
    out << html_record({&text, 1});
    text = known_text("arabic", {"[CLS]", "مرحبا", "بالعالم", "[SEP]"}, {1, 1});
    out << html_record({&text, 1});
  } else if (kind == "compare") {
    style.models.push_back("second");
    out << html_head(style);
    std::vector<TextMaps> texts{known_text("one", kShortLabels, {2, 3}),
                                known_text("one", kShortLabels, {4, 2})};
    texts[1].sets.front().values.front() = 2;                             // the largest of both
    texts[1].sets.erase(texts[1].sets.begin() + 1, texts[1].sets.end());  // attention alone
    out << html_record(texts);
  } else if (kind == "hostile") {
    style.title = kHostile;
    style.models = {kHostile};
    out << html_head(style);
    const TextMaps text = known_text(kHostile, {"[CLS]", kHostile, "##<b>", "[SEP]"}, {1, 2});
    out << html_record({&text, 1});
  } else {
    int layers = 0;
    int heads = 0;
    int tokens = 0;
    char end = 0;
    if (std::sscanf(kind.c_str(), "%dx%dx%d%c", &layers, &heads, &tokens, &end) != 3) {
      throw std::runtime_error("unknown kind of page: " + kind);
    }
    out << html_head(style);
    TextMaps text{.id = kind, .labels = numbered_labels(tokens), .sets = {}};
    text.continuation = continuations(text.labels);
    add_known_set(text, MapType::attention, {layers, heads});
    out << html_record({&text, 1});
  }
  out << html_tail();
}

}  // namespace
}  // namespace convbert

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw std::runtime_error("usage: make_page KIND OUTPUT");
    std::ofstream out(argv[2], std::ios::binary);
    convbert::write_page(argv[1], out);
    out.close();
    if (!out) throw std::runtime_error(std::string("cannot write ") + argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
