// A directory appears whole or not at all, whoever else makes one of that name.
#include "io/output_directory.h"

#include <doctest/doctest.h>

#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "support/process.h"

namespace {

std::function<void()> before_next_lock;  // called once

}  // namespace

// In place of the C library's.
extern "C" int flock(int descriptor, int operation) {
  if (before_next_lock) std::exchange(before_next_lock, nullptr)();
  return static_cast<int>(::syscall(SYS_flock, descriptor, operation));
}

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

Error refusal(const std::string& path) {
  try {
    OutputDirectory directory(path);
  } catch (const Error& error) {
    return error;
  }
  return {ErrorKind::internal, "made"};
}

TEST_CASE("two of one name: the second is refused, and the first is whole") {
  const TemporaryFolder folder;
  const std::string path = folder.path("made");
  {
    OutputDirectory directory(path);
    directory.add("inside/a", "1");
    CHECK(std::string(refusal(path).what()).ends_with("another process is writing it"));
    directory.finish();
  }
  CHECK(read_file(path + "/inside/a") == "1");
  CHECK(std::string(refusal(path).what()).find("is there already") != std::string::npos);
  CHECK_FALSE(fs::exists(path + ".partial"));
}

TEST_CASE("a partial directory that was taken away is not finished, nor what took its place") {
  const TemporaryFolder folder;
  const std::string path = folder.path("made");
  {
    OutputDirectory directory(path);
    fs::rename(path + ".partial", folder.path("away"));
    folder.write("made.partial/mine.txt", "mine");
    CHECK_THROWS_WITH_AS(directory.finish(),
                         (path + ".partial: was removed or replaced meanwhile").c_str(), Error);
  }
  CHECK_FALSE(fs::exists(path));
  CHECK(read_file(path + ".partial/mine.txt") == "mine");
}

// Between the look at the name and the lock on what it means, whoever has the lock comes to an end.
TEST_CASE("a partial directory that got its final name meanwhile is left alone") {
  const TemporaryFolder folder;
  const std::string path = folder.path("made");
  auto first = std::make_unique<OutputDirectory>(path);
  first->add("a", "1");
  before_next_lock = [&] {
    first->finish();
    first.reset();
  };
  CHECK(std::string(refusal(path).what()).find("is there already") != std::string::npos);
  CHECK(names_in(path) == std::vector<std::string>{"a"});
  CHECK_FALSE(fs::exists(path + ".partial"));
}

TEST_CASE("a partial directory that was removed meanwhile is made anew") {
  const TemporaryFolder folder;
  const std::string path = folder.path("made");
  auto first = std::make_unique<OutputDirectory>(path);
  before_next_lock = [&] { first.reset(); };
  OutputDirectory second(path);
  second.add("b", "2");
  second.finish();
  CHECK(names_in(path) == std::vector<std::string>{"b"});
}

TEST_CASE("a partial directory that a third has made meanwhile is the third's") {
  const TemporaryFolder folder;
  const std::string path = folder.path("made");
  auto first = std::make_unique<OutputDirectory>(path);
  std::optional<OutputDirectory> third;
  before_next_lock = [&] {
    first.reset();
    third.emplace(path);
    third->add("c", "3");
  };
  CHECK(std::string(refusal(path).what()).ends_with("another process is writing it"));
  third->finish();
  CHECK(names_in(path) == std::vector<std::string>{"c"});
}

TEST_CASE("a partial directory that cannot be read is told with the reason") {
  if (::geteuid() == 0) return;  // who may read everything
  const TemporaryFolder folder;
  const std::string path = folder.path("made");
  fs::create_directory(path + ".partial");
  fs::permissions(path + ".partial", fs::perms::none);
  const Error error = refusal(path);
  CHECK(error.kind() == ErrorKind::system);
  CHECK(std::string(error.what()) == path + ".partial: cannot open: Permission denied");
  fs::permissions(path + ".partial", fs::perms::all);
}

}  // namespace
}  // namespace convbert::test
