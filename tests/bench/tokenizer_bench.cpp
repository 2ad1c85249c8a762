// The tokenizer alone, one thread, on English and on mixed scripts. Counter: bytes a second.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace convbert {
namespace {

const std::filesystem::path kRoot(CONVBERT_SOURCE_DIR);

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void tokenize(benchmark::State& state, const char* file) {
  const Tokenizer tokenizer(
      read_tokenizer_spec(ModelFiles::directory(kRoot / "models" / "convbert-mini")));
  const std::vector<std::string> lines = read_lines(kRoot / "data" / file);
  if (lines.empty()) return state.SkipWithError("no sample texts");
  std::int64_t bytes = 0;
  for (const std::string& line : lines) bytes += static_cast<std::int64_t>(line.size());
  for (auto _ : state) {
    for (const std::string& line : lines) benchmark::DoNotOptimize(tokenizer.encode(line));
  }
  state.SetBytesProcessed(state.iterations() * bytes);
}

// What every start of the program pays. Counter: tokens a second.
void open_tokenizer(benchmark::State& state, const char* folder) {
  const ModelFiles files = ModelFiles::directory(kRoot / folder);
  std::int64_t tokens = 0;
  for (auto _ : state) {
    const Tokenizer tokenizer(read_tokenizer_spec(files));
    tokens += tokenizer.size();
  }
  state.SetItemsProcessed(tokens);
}

BENCHMARK_CAPTURE(open_tokenizer, embedded, "models/convbert-mini")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(tokenize, english, "english.txt");
BENCHMARK_CAPTURE(tokenize, mixed_scripts, "languages.txt");

}  // namespace
}  // namespace convbert
