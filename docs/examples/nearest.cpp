// nearest MODEL QUERY TEXT...: the texts, those nearest to the query first.
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "api/text_model.h"
#include "core/error.h"

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::fputs("usage: nearest MODEL QUERY TEXT...\n", stderr);
    return 2;
  }
  const auto model = convbert::TextModel::open(argv[1]);
  const std::vector<std::string> texts(argv + 3, argv + argc);

  const convbert::VectorOptions unit_length{.normalize = true};
  const auto query = model.embed({argv[2]}, unit_length);
  const auto vectors = model.embed(texts, unit_length);

  std::vector<std::pair<float, std::size_t>> ranking;  // of vectors of length one: their cosine
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto a = query.vector(0);
    const auto b = vectors.vector(i);
    ranking.emplace_back(std::inner_product(a.begin(), a.end(), b.begin(), 0.0f), i);
  }
  std::ranges::sort(ranking, std::ranges::greater());
  for (const auto& [cosine, text] : ranking) std::printf("%.3f  %s\n", cosine, texts[text].c_str());
  return 0;
} catch (const convbert::Error& error) {
  std::fprintf(stderr, "nearest: %s\n", error.what());
  return 2;
}
