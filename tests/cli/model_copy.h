// A model of the tests' data, to be changed.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "support/process.h"

namespace convbert::test {

inline std::string reference_model(const std::string& name) {
  return std::string(CONVBERT_TEST_DATA) + "/models/" + name;
}

// A copy of a model in a temporary folder, to be changed.
class ModelCopy {
 public:
  explicit ModelCopy(const std::string& name) {
    for (const auto& entry : std::filesystem::directory_iterator(reference_model(name))) {
      const std::string file = entry.path().filename().string();
      if (file != "expected.npz" && file != "cases.jsonl") {
        std::filesystem::copy_file(entry.path(), folder_.path(file));
        std::filesystem::permissions(folder_.path(file), std::filesystem::perms::owner_write,
                                     std::filesystem::perm_options::add);
      }
    }
  }

  std::string path(const std::string& name = "") const { return folder_.path(name); }
  std::string read(const std::string& name) const { return read_file(path(name)); }
  void write(const std::string& name, const std::string& content) const {
    folder_.write(name, content);
  }
  void edit(const std::string& name, const std::string& from, const std::string& to) const {
    const std::string before = read(name);
    const std::string after = replaced(before, from, to);
    REQUIRE(before != after);
    write(name, after);
  }
  void remove(const std::string& name) const { std::filesystem::remove(path(name)); }

  ProcessResult embed() const { return run_convbert({"embed", "-m", path(), "-t", "one two"}); }

  // One clear line, status 2, nothing on standard output.
  void check_refused(const std::string& reason) const { test::check_refused(embed(), reason); }
  void check_works() const {
    const ProcessResult result = embed();
    INFO(result.err);
    CHECK(result.status == 0);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace convbert::test
