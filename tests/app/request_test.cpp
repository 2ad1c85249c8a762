// Flags as they are given become a checked request.
#include "cli/request.h"

#include <doctest/doctest.h>

#include "cli/flags.h"
#include "core/error.h"

namespace convbert::app {
namespace {

constexpr Format kFormats[] = {Format::jsonl, Format::json, Format::npy};

std::string refusal(const RecordFlags& flags) {
  try {
    make_request(flags, kFormats);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST_CASE("without flags a request is the documented one") {
  const RecordRequest request = make_request(RecordFlags(), kFormats);
  CHECK(request.output.format == Format::jsonl);
  CHECK(request.input.source.fields.text == "text");
  CHECK(request.input.source.fields.pair == "text_pair");
  CHECK_FALSE(request.input.source.fields.pair_required);
  CHECK(request.input.source.shard.count == 1);
  CHECK(request.model.threads >= 1);
  CHECK(request.model.precision == nn::Precision::f32);
}

TEST_CASE("the format is the flag's, else the output's, else the first") {
  RecordFlags flags;
  flags.output.path = "vectors.npy";
  CHECK(make_request(flags, kFormats).output.format == Format::npy);
  flags.output.format = "json";
  CHECK(make_request(flags, kFormats).output.format == Format::json);
  flags.output = {};
  flags.output.path = "vectors";
  CHECK(make_request(flags, kFormats).output.format == Format::jsonl);
  flags.output.path = "vectors.npy.gz";
  CHECK(make_request(flags, kFormats).output.format == Format::npy);
  CHECK(make_request(flags, kFormats).output.compression == Compression::gzip);
  flags.output.path = "vectors.png";
  CHECK(refusal(flags).starts_with("-o vectors.png: no format here ends in .png"));
  flags.output.path = "-";
  CHECK(make_request(flags, kFormats).output.path.empty());
}

TEST_CASE("a pair's field that is asked for is required, and '' means none") {
  RecordFlags flags;
  flags.input.pair_field = "second";
  CHECK(make_request(flags, kFormats).input.source.fields.pair_required);
  flags.input.pair_field = "";
  CHECK_FALSE(make_request(flags, kFormats).input.source.fields.pair_required);
  CHECK(make_request(flags, kFormats).input.source.fields.pair.empty());
}

TEST_CASE("shards") {
  RecordFlags flags;
  flags.input.shard = "2/3";
  CHECK(make_request(flags, kFormats).input.source.shard.index == 2);
  for (const char* shard : {"3/3", "-1/3", "1", "/", "1/", "a/b", "0/0", "1/3x"}) {
    flags.input.shard = shard;
    CHECK(refusal(flags) ==
          "--shard: expected I/N with I from 0 to N-1, found \"" + std::string(shard) + "\"");
  }
}

TEST_CASE("what cannot be gone on with is refused before a model is opened") {
  RecordFlags flags;
  flags.output.resume = true;
  CHECK(refusal(flags) == "--resume needs -o: without it there is no file to go on with");
  flags.output.path = "all.json";
  CHECK(refusal(flags) == "--resume: expected --format jsonl or npy, found json");
  flags.output.path = "all.jsonl.zst";
  CHECK(refusal(flags).starts_with("--resume: a file that is compressed"));
  flags.output.path = "all.jsonl";
  CHECK(refusal(flags).empty());
  CHECK(make_request(flags, kFormats).output.is_resumable);
}

TEST_CASE("lists of numbers and ranges") {
  using Numbers = std::vector<std::int64_t>;
  CHECK(parse_index_list("0,4-6,4", 7, "--layer") == Numbers{0, 4, 5, 6});
  CHECK(parse_index_list("3", 4, "--layer") == Numbers{3});
  for (const char* list : {"", "7", "2-1", "1-", "-1", "a", "1,,2", "0-99999999999999999999"}) {
    INFO(list);
    CHECK_THROWS_AS(parse_index_list(list, 7, "--layer"), Error);
  }
}

}  // namespace
}  // namespace convbert::app
