// The house keeps its order: which folder may include which, and what the library may not do.
#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace convbert {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot(CONVBERT_SOURCE_DIR);

// What each folder of lib may include, besides itself.
const std::map<std::string, std::set<std::string>> kAllowed{
    {"core", {}},
    {"text", {"core"}},
    {"checkpoint", {"core"}},
    {"nn", {"core"}},
    {"attention", {"core"}},
    {"figures", {"core", "attention"}},
    {"io", {"core"}},
    {"metrics", {"core"}},
    {"model", {"core", "nn", "checkpoint"}},
    {"search", {"core", "nn", "io"}},
    {"pipeline", {"core", "text", "io"}},
    {"api", {"core", "nn", "checkpoint", "model", "text", "attention"}},
    {"train", {"core", "nn", "checkpoint", "model", "text", "io", "metrics", "pipeline"}},
};

// What each room of apps/convbert may include of the program, besides itself; "" is main.cpp.
const std::map<std::string, std::set<std::string>> kAllowedRooms{
    {"cli", {}},
    {"run", {"cli"}},
    {"commands", {"run", "cli"}},
    {"attention", {"run", "cli"}},
    {"bench", {"run", "cli"}},
    {"evaluate", {"run", "cli"}},
    {"similar", {"run", "cli"}},
    {"train", {"evaluate", "run", "cli"}},
    {"distill", {"train", "run", "cli"}},
    {"pretrain", {"train", "run", "cli"}},
    {"",
     {"commands", "attention", "bench", "evaluate", "similar", "train", "distill", "pretrain",
      "run", "cli"}},
};

template <class Visit>
void for_each_line(const fs::path& folder, Visit visit) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cpp") continue;
    std::ifstream file(entry.path());
    int number = 0;
    for (std::string line; std::getline(file, line);) {
      visit(fs::relative(entry.path(), kRoot).string(), ++number, line);
    }
  }
}

TEST_CASE("includes follow the arrows") {
  const std::string include = "#include \"";
  int checked = 0;
  for (const auto& entry : fs::directory_iterator(kRoot / "lib")) {
    if (!entry.is_directory()) continue;
    const std::string folder = entry.path().filename().string();
    INFO("lib/", folder);
    REQUIRE(kAllowed.contains(folder));
    for_each_line(entry.path(), [&](const std::string& file, int number, const std::string& line) {
      const std::size_t slash = line.find('/');
      if (!line.starts_with(include) || slash == std::string::npos) return;
      const std::string included = line.substr(include.size(), slash - include.size());
      INFO(file, ":", number, ": ", line);
      CHECK((included == folder || kAllowed.at(folder).contains(included)));
      ++checked;
    });
  }
  CHECK(checked > 100);
}

// The room of a path below apps/convbert; "" is the program's own folder.
std::string room_of(const fs::path& path) {
  return path.has_parent_path() ? path.begin()->string() : "";
}

// Would `included`, as a file of the room names it, be a file of the program? CMake writes some.
bool is_of_program(const fs::path& program, const std::string& room, const std::string& included) {
  for (const fs::path& place : {program / included, program / room / included}) {
    if (fs::exists(place) || fs::exists(place.string() + ".in")) return true;
  }
  return false;
}

TEST_CASE("includes between the rooms of the program follow the arrows") {
  const fs::path program = kRoot / "apps" / "convbert";
  const std::string include = "#include \"";
  int checked = 0;
  for_each_line(program, [&](const std::string& file, int number, const std::string& line) {
    if (!line.starts_with(include)) return;
    const std::string room = room_of(fs::relative(kRoot / file, program));
    const std::string included = line.substr(include.size(), line.rfind('"') - include.size());
    INFO(file, ":", number, ": ", line);
    REQUIRE(kAllowedRooms.contains(room));
    if (!is_of_program(program, room, included)) {
      // A folder of lib or of models, by its full name.
      CHECK((fs::exists(kRoot / "lib" / included) || fs::exists(kRoot / included)));
      return;
    }
    CHECK_FALSE(fs::exists(kRoot / "lib" / included));  // a name stands for one file
    const std::string other = room_of(included);
    CHECK((other == room || kAllowedRooms.at(room).contains(other)));
    ++checked;
  });
  CHECK(checked > 50);
}

// Debian 13's library brings them along no longer.
TEST_CASE("headers that name integers of a size include them") {
  std::map<std::string, bool> includes;
  for (const char* folder : {"lib", "apps", "tests"}) {
    for_each_line(kRoot / folder, [&](const std::string& file, int, const std::string& line) {
      if (!file.ends_with(".h")) return;
      if (line == "#include <cstdint>") includes[file] = true;
      if (line.find("int64_t") != std::string::npos || line.find("int32_t") != std::string::npos) {
        includes.try_emplace(file, false);
      }
    });
  }
  CHECK(includes.size() > 100);
  for (const auto& file : includes) {
    INFO(file.first);
    CHECK(file.second);
  }
}

TEST_CASE("libraries of others are named in their one folder") {
  const std::pair<std::string, std::string> homes[] = {
      {"dnnl", "lib/nn/"},
      {"#include <unicode/", "lib/text/unicode.cpp"},
      {"#include <CLI/", "apps/convbert/cli/"},
      {"#include <minizip/unzip", "lib/checkpoint/"},
      {"#include <minizip/zip", "lib/io/"},
      {"#include <cairo", "lib/figures/"},
      {"#include <pango/", "lib/figures/"},
      {"#include <glib", "lib/figures/"},
      {"#include <faiss/", "lib/search/approximate/"},
  };
  for (const char* folder : {"lib", "apps"}) {
    for_each_line(kRoot / folder, [&](const std::string& file, int number,
                                      const std::string& line) {
      for (const auto& [name, home] : homes) {
        const bool is_version = line == "#include <unicode/uvernum.h>";  // a number, no function
        if (line.find(name) == std::string::npos || is_version) continue;
        INFO(file, ":", number, ": ", line);
        CHECK(file.starts_with(home));
      }
    });
  }
}

// Is `word` in the code, and not as the end of a longer name?
bool names(const std::string& code, const std::string& word) {
  for (std::size_t at = 0; (at = code.find(word, at)) != std::string::npos; ++at) {
    const char before = at == 0 ? ' ' : code[at - 1];
    if (std::isalnum(static_cast<unsigned char>(before)) == 0 && before != '_') return true;
  }
  return false;
}

TEST_CASE("the library does not print, exit or abort") {
  for_each_line(kRoot / "lib", [&](const std::string& file, int number, const std::string& line) {
    const std::string code = line.substr(0, line.find("//"));
    INFO(file, ":", number, ": ", line);
    for (const char* word : {"std::cout", "std::cerr", "std::clog", "std::terminate", "printf(",
                             "puts(", "exit(", "abort(", "assert("}) {
      CHECK_FALSE(names(code, word));
    }
  });
}

// What stands in quotes on a line of code.
std::vector<std::string> literals_of(const std::string& line) {
  std::vector<std::string> literals;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line.compare(at, 2, "//") == 0) break;
    if (line.compare(at, 3, "'\"'") == 0) at += 3;  // one quote, as a character
    if (line[at] != '"') continue;
    const std::size_t begin = ++at;
    while (at < line.size() && line[at] != '"') at += line[at] == '\\' ? 2 : 1;
    literals.push_back(line.substr(begin, at - begin));
  }
  return literals;
}

bool names_flag(const std::string& literal) {
  for (std::size_t at = 0; (at = literal.find("--", at)) != std::string::npos; ++at) {
    if (at + 2 < literal.size() && std::islower(static_cast<unsigned char>(literal[at + 2])) != 0) {
      return true;
    }
  }
  return false;
}

// Who calls it may have none: it names its options, and the program puts its flags in their place.
TEST_CASE("the library names no flags") {
  CHECK(literals_of("f('\"', \"a \\\" --b\", c);  // \"--d\"") ==
        std::vector<std::string>{"a \\\" --b"});
  CHECK(names_flag("use --dim"));
  CHECK_FALSE(names_flag("a -- b"));
  const std::string of_zstd = "unpack it before: zstd -dc --long=31";
  for_each_line(kRoot / "lib", [&](const std::string& file, int number, const std::string& line) {
    for (const std::string& literal : literals_of(line)) {
      INFO(file, ":", number, ": ", line);
      CHECK((!names_flag(literal) || literal.find(of_zstd) != std::string::npos));
    }
  });
}

TEST_CASE("headers are included once") {
  for (const char* folder : {"lib", "apps", "models", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.path().extension() != ".h") continue;
      std::ifstream file(entry.path());
      bool found = false;
      for (std::string line; std::getline(file, line);) found = found || line == "#pragma once";
      INFO(entry.path().string());
      CHECK(found);
    }
  }
}

}  // namespace
}  // namespace convbert
