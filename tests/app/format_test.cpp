// The table of formats.
#include "cli/format.h"

#include <doctest/doctest.h>

#include "core/error.h"

namespace convbert::app {
namespace {

constexpr Format kOffered[] = {Format::jsonl, Format::text, Format::npy};

TEST_CASE("a format is found by its name, among those that are offered") {
  CHECK(format_from_name("npy", kOffered) == Format::npy);
  CHECK(!format_from_name("npz", kOffered));
  CHECK(!format_from_name("", kOffered));
}

TEST_CASE("a file's ending names its format") {
  CHECK(format_from_path("vectors.npy", kOffered) == Format::npy);
  CHECK(format_from_path("vectors.NPY.zst", kOffered) == Format::npy);
  CHECK(format_from_path("a.b/labels.txt", kOffered) == Format::text);
  CHECK(format_from_path("labels.text", kOffered) == Format::text);
  CHECK(format_from_path("labels.ndjson", kOffered) == Format::jsonl);
}

TEST_CASE("without an ending it is the first") {
  for (const char* path :
       {"", "vectors", "folder.npz/vectors", "npy", ".npy", "v.gz", "/dev/null", "/dev/stdout"}) {
    INFO(path);
    CHECK(format_from_path(path, kOffered) == Format::jsonl);
  }
}

TEST_CASE("an ending that none has is refused") {
  for (const char* path : {"vectors.npz", "a.csv", "a.csv.gz", "x.", "a.jsonl.bz2"}) {
    INFO(path);
    CHECK_THROWS_WITH_AS(format_from_path(path, kOffered),
                         doctest::Contains("expected .jsonl, .txt or .npy, or --format"), Error);
  }
}

TEST_CASE("what the formats can do") {
  for (const Format format :
       {Format::npy, Format::npz, Format::png, Format::pdf, Format::svg, Format::html}) {
    CHECK(info_of(format).is_for_programs);
  }
  for (const Format format : {Format::jsonl, Format::json, Format::csv, Format::tsv, Format::text,
                              Format::terminal, Format::table}) {
    CHECK_FALSE(info_of(format).is_for_programs);
    CHECK_FALSE(info_of(format).needs_seek);
  }
  CHECK(info_of(Format::jsonl).is_resumable);
  CHECK_FALSE(info_of(Format::json).is_resumable);
  CHECK(info_of(Format::json).holds_errors);
  CHECK_FALSE(info_of(Format::npy).holds_errors);
}

TEST_CASE("lists for messages") {
  CHECK(list_of(names_of(kOffered)) == "jsonl, text or npy");
  CHECK(list_of(names_of(kOffered), ", ") == "jsonl, text, npy");
  CHECK(list_of(std::vector<std::string>{"one"}) == "one");
}

}  // namespace
}  // namespace convbert::app
