// Tables in, tables out: a CSV or TSV input is given back with its own columns and the results'.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/process.h"

namespace convbert::test {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The table without the results' columns, by their number.
std::string without_last(const std::string& table, int columns) {
  std::string own;
  for (std::string line : split_lines(table)) {
    for (int i = 0; i < columns; ++i) line.resize(line.rfind(','));
    own += line + "\n";
  }
  return own;
}

TEST_CASE("a table comes back with its own cells, quotes and all") {
  const std::string input =
      "id,text,\"no\"\"te\",n\n\"007\",\"a \"\"good\"\" film, "
      "that\",x,\nb,bad,\"\",1\n\"\",\"\",\"é; ü\",\"1.10\"\n";
  const ProcessResult result = run_convbert(
      {"tokenize", "--input-format", "csv", "-f", "csv", "--only-result"}, {.input = input});
  CHECK(result.out.starts_with("id,tokens,input_ids,"));
  const std::string table =
      run_convbert({"classify", "--input-format", "csv", "-f", "csv", "--result-prefix", "p."},
                   {.input = input})
          .out;
  CHECK(table.starts_with("id,text,\"no\"\"te\",n,p.label,p.score,p.scores,p.truncated,p.error\n"));
  CHECK(contains(table, "\n\"007\",\"a \"\"good\"\" film, that\",x,,positive,0."));
  CHECK(contains(table, "\nb,bad,\"\",1,negative,0."));
  CHECK(contains(table, "\n\"\",\"\",\"é; ü\",\"1.10\","));
  // Tags of JSON hold commas, so a column of text is what is cut off here.
  const std::string texts = "text,n\n\"a, b\",01\nc,\"2\"\n";
  CHECK(without_last(run_convbert({"embed", "--input-format", "csv", "-f", "csv", "--dim", "1"},
                                  {.input = texts})
                         .out,
                     3) == texts);
}

TEST_CASE("semicolons, a byte order mark and CRLF, as spreadsheets write them") {
  const std::string input = "\xEF\xBB\xBFtext;n\r\n\"two\r\nlines\";1,5\r\ngood;2\r\n";
  const ProcessResult result = run_convbert(
      {"classify", "--input-format", "csv", "--delimiter", ";", "-f", "csv"}, {.input = input});
  CHECK(result.status == 0);
  CHECK(result.out.starts_with("\xEF\xBB\xBFtext;n;label;score;scores;truncated;error\n"));
  CHECK(contains(result.out, "\n\"two\r\nlines\";1,5;"));
  CHECK(contains(result.out, "\ngood;2;positive;0."));
}

TEST_CASE("tab-separated in, tab-separated or comma-separated out") {
  const std::string input = "text\tquote\ngood\t\"x\x1b\nbad\ta,b\n";
  const auto table = [&](const char* format) {
    return run_convbert({"classify", "--input-format", "tsv", "-f", format, "--strict"},
                        {.input = input})
        .out;
  };
  CHECK(table("tsv").starts_with(
      "text\tquote\tlabel\tscore\tscores\ttruncated\ngood\t\"x\x1b\tpositive\t"));
  CHECK(table("csv").starts_with(
      "text,quote,label,score,scores,truncated\ngood,\"\"\"x\x1b\",positive,"));
  CHECK(contains(table("csv"), "\nbad,\"a,b\",negative,"));
}

TEST_CASE("records of JSON have the columns of the first good one") {
  const std::string input =
      "broken\n{\"text\":\"good\",\"n\":1.10,\"o\":{\"a\": [1]},\"z\":null}\n"
      "{\"text\":\"bad\",\"more\":2,\"id\":\"x\",\"n\":\"\\n\"}\n{\"n\":5}\n";
  const ProcessResult result =
      run_convbert({"classify", "--input-format", "jsonl", "-f", "csv"}, {.input = input});
  CHECK(result.status == 1);
  const std::string header = "id,text,n,o,z,label,score,scores,truncated,error\n";
  CHECK(result.out.starts_with(header + "0,,,,,,,,,<stdin>:1: not valid JSON"));
  CHECK(contains(result.out, "\n1,good,1.10,\"{\"\"a\"\": [1]}\",,positive,0."));
  CHECK(contains(result.out, "\nx,bad,\"\n\",,,negative,0."));
  CHECK(contains(result.out, "\n3,,,,,,,,,\"<stdin>:4: "));
  CHECK(contains(
      result.err,
      "<stdin>:3: the field \"more\" is left out: the columns are those of the first record"));
  CHECK(run_convbert({"classify", "-f", "csv"}, {.input = "good\n"})
            .out.starts_with("id,text,label,score,scores,truncated,error\n0,good,positive,0."));
}

TEST_CASE("a record without an id has its number where others have an id") {
  const std::string input =
      "{\"id\":\"x\",\"text\":\"good\"}\n{\"text\":\"bad\"}\n{\"text\":1}\n{\"id\":null,\"text\":"
      "\"a\"}\n";
  const ProcessResult result = run_convbert({"tokenize", "-f", "csv"}, {.input = input});
  const auto lines = split_lines(result.out);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].starts_with("id,text,tokens,"));
  CHECK(lines[1].starts_with("x,good,"));
  CHECK(lines[2].starts_with("1,bad,"));
  CHECK(lines[3].starts_with("2,,"));
  CHECK(lines[4].starts_with(",a,"));
}

TEST_CASE("a field of JSON that stands twice is one column, with the value that counts") {
  const auto table = [](const std::string& input) {
    return run_convbert({"tokenize", "--input-format", "jsonl", "-f", "tsv", "--strict"},
                        {.input = input})
        .out;
  };
  const std::string twice = "{\"n\":1,\"text\":\"first\",\"text\":\"second one\",\"n\":2}\n";
  const std::string once = "{\"n\":2,\"text\":\"second one\"}\n";
  CHECK(table(once).starts_with("id\tn\ttext\ttokens\t"));
  CHECK(table(twice) == table(once));
  CHECK(table("{\"n\":0,\"text\":\"x\"}\n" + twice) == table("{\"n\":0,\"text\":\"x\"}\n" + once));
}

TEST_CASE("a row that fails keeps its place, its cells where they can be read, and says why") {
  const std::string input = "text,id\na b c d e f g,1\nshort,2\nodd\nlast,4\n";
  const ProcessResult result = run_convbert({"tokenize", "--input-format", "csv", "-f", "csv",
                                             "--truncation", "error", "--max-length", "6"},
                                            {.input = input});
  CHECK(result.status == 1);
  const auto lines = split_lines(result.out);
  REQUIRE(lines.size() == 5);
  CHECK(
      lines[1].starts_with("a b c d e f g,1,,,,,,,\"<stdin>:2: --truncation error: the text has"));
  CHECK(lines[2].starts_with("short,2,\"[\"\"[CLS]"));
  CHECK(lines[3] == ",,,,,,,,<stdin>:4: a row of 1 fields; the header has 2");
  CHECK(lines[4].starts_with("last,4,"));
  const ProcessResult cut =
      run_convbert({"classify", "-f", "csv", "--max-length", "3"}, {.input = "a b c d e f g\n"});
  CHECK(cut.out.ends_with(",6,\n"));
}

TEST_CASE("a table for people has aligned columns, and those alone that say something") {
  const std::vector<std::string> command{"embed", "--dim", "1", "-f", "table"};
  const ProcessResult result = run_convbert(
      command, {.input = "{\"text\":\"a\\tlong one\",\"n\":1}\n{}\n{\"text\":\"b\"}\n"});
  CHECK(result.status == 1);
  CHECK(contains(result.err, "<stdin>:2: "));  // there is no row for it
  const std::vector<std::string> lines = split_lines(result.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "id  text        n  embedding");
  CHECK(lines[1].starts_with("0   a long one  1  ["));
  CHECK(lines[2].starts_with("2   b              ["));

  std::vector<std::string> strict = command;
  strict.insert(strict.end(), {"--strict", "--threads", "1", "--max-batch-tokens", "4"});
  std::string input;
  for (int i = 0; i < 100; ++i) input += "{\"text\":\"a\"}\n";
  const ProcessResult stopped = run_convbert(strict, {.input = input + "{}\n"});
  CHECK(stopped.status == 1);
  CHECK(split_lines(stopped.out).size() == 101);  // what came before is not lost

  std::string many;
  for (int i = 0; i < 1001; ++i) many += "a\n";
  const std::vector<std::string> blocks = split_lines(run_convbert(command, {.input = many}).out);
  REQUIRE(blocks.size() == 1004);  // rows wait for one another, but not without end
  CHECK(blocks[1001].empty());
  CHECK(blocks[1002] == "id    text  embedding");
  CHECK(blocks[1003].starts_with("1000  a     ["));
  CHECK(run_convbert(command, {.input = ""}).out.empty());
}

TEST_CASE("a table without rows") {
  CHECK(
      run_convbert({"classify", "--input-format", "csv", "-f", "csv"}, {.input = "text,n\n"}).out ==
      "text,n,label,score,scores,truncated,error\n");
  CHECK(run_convbert({"classify", "-f", "csv"}).out == "id,label,score,scores,truncated,error\n");
}

TEST_CASE("a result named like a column replaces it, and says so") {
  const std::string input = "text,label,error\ngood,mine,none\n";
  const ProcessResult result =
      run_convbert({"classify", "--input-format", "csv", "-f", "csv"}, {.input = input});
  CHECK(result.out.starts_with("text,label,score,scores,truncated,error\ngood,positive,0."));
  CHECK(contains(result.err, "fields \"label\" and \"error\" give way"));
  CHECK(contains(
      run_convbert({"classify", "--input-format", "csv", "-f", "csv", "--result-prefix", "my_"},
                   {.input = input})
          .out,
      "\ngood,mine,none,positive,0."));
}

TEST_CASE("every command that works on records writes tables") {
  const std::string models = std::string(CONVBERT_TEST_DATA) + "/models/";
  const auto header = [](std::vector<std::string> command) {
    command.insert(command.end(), {"-f", "csv", "--strict"});
    const ProcessResult result = run_convbert(command);
    INFO(command[0], ": ", result.err);
    CHECK(result.status == 0);
    return split_lines(result.out)[0];
  };
  CHECK(header({"embed", "-t", "a"}) == "id,text,embedding,truncated");
  CHECK(header({"embed", "--per-token", "-t", "a"}) == "id,text,tokens,token_embeddings,truncated");
  CHECK(header({"tokenize", "--decode", "-t", "2 3"}) == "id,text");
  CHECK(header({"tag", "-m", models + "convbert-tag", "-t", "a"}) == "id,text,entities,truncated");
  CHECK(header({"fill-mask", "-m", models + "convbert-mask", "-t", "a [MASK]"}) ==
        "id,text,fills,truncated");
  CHECK(header({"detect", "-m", models + "electra-discriminator", "-t", "a"}) ==
        "id,text,replaced,truncated");
  const std::vector<std::string> answer{"answer",     "-m", models + "convbert-qa", "-t", "a b",
                                        "--question", "b"};
  CHECK(header(answer) == "id,question,context,answer,score,start,end");
  CHECK(header({"attention", "--stats", "-t", "a"})
            .starts_with("layer,head,kind,rows,window_tokens,pattern,entropy,entropy_uniform,"));
}

}  // namespace
}  // namespace convbert::test
