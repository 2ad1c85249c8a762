// Names that must differ: of files in a folder, of arrays in an archive.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace convbert::app {

// The name in small letters, accents as characters of their own: what a file system that does not
// tell these apart makes of it.
std::string folded_name(const std::string& name);

// Each name costs the same, however many are equal.
class UniqueNames {
 public:
  enum class Compare { exactly, folded };
  explicit UniqueNames(Compare compare = Compare::exactly) : compare_(compare) {}

  // False for a name that was given out before.
  bool add(const std::string& name) { return given_.try_emplace(key(name), 2).second; }

  // The name, or, where it was given out before, the name with "~2", "~3" and so on behind it.
  std::string make_unique(const std::string& name) {
    if (add(name)) return name;
    // The number that comes next is kept with the name; another text may have taken it.
    while (true) {
      std::string unique = name + "~" + std::to_string(given_[key(name)]++);
      if (add(unique)) return unique;
    }
  }

 private:
  std::string key(const std::string& name) const {
    return compare_ == Compare::folded ? folded_name(name) : name;
  }

  Compare compare_;
  std::unordered_map<std::string, std::int64_t> given_;  // by key, and the next number behind each
};

}  // namespace convbert::app
