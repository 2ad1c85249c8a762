// Results of a record in each format, from the same calls.
#include "run/result_writer.h"

#include <doctest/doctest.h>

#include <limits>

#include "io/json_builder.h"
#include "io/npy.h"

namespace convbert::app {
namespace {

using Texts = std::vector<std::string>;

Job job_of_text(const std::string& text) {
  Job job;
  job.record.number = 4;
  job.record.line = 5;
  job.record.where = "in.jsonl:5";
  job.record.text = text;
  job.record.fields = {{"text", "\"" + text + "\""}, {"score", "1.10"}};
  return job;
}

ResultLayout layout_in(Format format) {
  ResultLayout layout;
  layout.format = format;
  layout.style.result_names = {"label", "score", "scores"};
  layout.columns = {"label", "score"};
  return layout;
}

Job classified(const ResultLayout& layout, float score) {
  Job job = job_of_text("fine");
  ResultWriter result(layout);
  result.begin(job);
  result.field("label", "very\tgood");
  result.field("score", score);
  result.field("scores", std::vector<NamedNumber>{{"very\tgood", score}, {"bad", 0.25f}});
  result.finish();
  return job;
}

TEST_CASE("one set of calls, a result in each format") {
  const auto output = [](Format format) { return classified(layout_in(format), 0.75f).output; };
  CHECK(output(Format::jsonl) == R"({"id":4,"text":"fine","label":"very\tgood","score":0.75,)"
                                 R"("scores":{"very\tgood":0.75,"bad":0.25}})");
  CHECK(output(Format::json) == output(Format::jsonl));
  CHECK(output(Format::tsv) == "4\tvery good\t0.75\t");
  CHECK(output(Format::text) == "very good");
}

TEST_CASE("a table has the input's own columns, then the results', then what is wrong") {
  ResultLayout layout = layout_in(Format::csv);
  layout.columns.push_back("scores");
  layout.style.result_prefix = "my_";
  layout.table.style = {.delimiter = ';', .has_quotes = true};
  layout.table.has_id = false;
  layout.table.own = TableColumns({"absent", "text", "score"});
  CHECK(header_of(layout) == "absent;text;score;my_label;my_score;my_scores;my_error\n");
  CHECK(classified(layout, 0.75f).output ==
        ";fine;1.10;very\tgood;0.75;\"{\"\"very\\tgood\"\":0.75,\"\"bad\"\":0.25}\";");
  layout.table.has_error = false;
  layout.table.has_byte_order_mark = true;
  CHECK(header_of(layout) ==
        "\xEF\xBB\xBF"
        "absent;text;score;my_label;my_score;my_scores\n");
  layout.columns = {"label"};
  CHECK(classified(layout, 0.75f).output == ";fine;1.10;very\tgood");
  Job job = job_of_text("x");
  job.failure = "in.csv:5: \"this\"";
  layout.table.has_error = true;
  CHECK(result_bytes(layout, job) == ";x;1.10;;\"in.csv:5: \"\"this\"\"\"\n");
}

TEST_CASE("names have their prefix, and nothing of the input stays where it is not wanted") {
  ResultLayout layout = layout_in(Format::jsonl);
  layout.style.result_prefix = "my_";
  layout.style.only_result = true;
  CHECK(classified(layout, 1).output ==
        R"({"id":4,"my_label":"very\tgood","my_score":1,"my_scores":{"very\tgood":1,"bad":0.25}})");
}

TEST_CASE("what was cut comes first") {
  const ResultLayout layout = layout_in(Format::jsonl);
  Job job = job_of_text("long");
  job.encoding.truncated = 3;
  ResultWriter result(layout);
  result.begin(job);
  result.null("label");
  result.finish();
  CHECK(job.output == R"({"id":4,"text":"long","truncated":3,"label":null})");
}

TEST_CASE("lists, ranges and matrices") {
  const ResultLayout layout = layout_in(Format::jsonl);
  Job job = job_of_text("x");
  ResultWriter result(layout);
  result.begin(job);
  result.field("tokens", Texts{"a", "\""});
  result.field("ids", std::span<const std::int32_t>(std::vector<std::int32_t>{1, -2}));
  result.field("ranges", std::vector<Offsets>{{0, 1}, {1, 12}});
  result.field("matrix", {2, 2}, std::vector<float>{1, 2, 3, 4});
  result.field("none", {0, 2}, std::vector<float>{});
  result.finish();
  CHECK(job.output.ends_with(
      R"(,"tokens":["a","\""],"ids":[1,-2],"ranges":[[0,1],[1,12]],"matrix":[[1,2],[3,4]],"none":[]})"));
}

TEST_CASE("rows of floats have the first column, archives every list") {
  ResultLayout layout = layout_in(Format::npz);
  layout.columns = {"embedding"};
  layout.style.result_prefix = "p_";
  const std::vector<float> vector{1.5f, -2};
  const auto write = [&] {
    Job job = job_of_text("x");
    ResultWriter result(layout);
    result.begin(job);
    result.field("tokens", Texts{"a"});
    result.field("embedding", vector);
    result.finish();
    return job;
  };
  const Job arrays = write();
  CHECK(arrays.output.empty());
  REQUIRE(arrays.arrays.size() == 2);
  CHECK(arrays.arrays[0].first == "p_tokens");
  CHECK(arrays.arrays[1].first == "p_embedding");
  CHECK(arrays.arrays[1].second == npy_array({2}, std::span<const float>(vector)));

  layout.row_width = 2;
  const Job row = write();
  CHECK(row.arrays.empty());
  CHECK(row.output == std::string(reinterpret_cast<const char*>(vector.data()), 2 * sizeof(float)));
}

TEST_CASE("a number that is not finite fails the job, in every format") {
  for (const Format format : {Format::jsonl, Format::tsv, Format::text}) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      const Job job = classified(layout_in(format), bad);
      CHECK(job.failed());
      CHECK(job.failure_kind == "model");
    }
  }
}

TEST_CASE("what stands for a record that failed") {
  Job job = job_of_text("x");
  job.failure = "in.jsonl:5: not\tvalid";
  ResultLayout layout = layout_in(Format::jsonl);
  CHECK(result_bytes(layout, job) ==
        "{\"id\":4,\"line\":5,\"error\":{\"kind\":\"input\",\"message\":\"in.jsonl:5: "
        "not\\tvalid\"}}\n");
  layout.format = Format::tsv;
  CHECK(header_of(layout) == "id\tlabel\tscore\terror\n");
  CHECK(result_bytes(layout, job) == "4\t\t\tin.jsonl:5: not valid\n");
  layout.format = Format::text;
  CHECK(result_bytes(layout, job) == "\n");
  layout.format = Format::npy;
  layout.row_width = 3;
  CHECK(result_bytes(layout, job).size() == 12);
}

TEST_CASE("JSON built piece by piece has its commas") {
  std::string out;
  JsonBuilder json(out);
  json.begin_object().key("list").begin_list();
  json.begin_object().member("n", std::int64_t{1}).end_object();
  json.begin_list().end_list().value("{").value(0.5f).null();
  json.end_list().member("text", "[").key("o").begin_object().end_object().end_object();
  CHECK(out == R"({"list":[{"n":1},[],"{",0.5,null],"text":"[","o":{}})");
}

}  // namespace
}  // namespace convbert::app
