// What the program writes: formats, numbers, files.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/json.h"
#include "support/npz.h"
#include "support/process.h"

namespace convbert::test {
namespace {

const std::string kTwoTexts =
    "{\"id\":\"a\",\"text\":\"good\"}\n{\"id\":\"b\",\"text\":\"bad day\"}\n";

std::vector<float> row_of(const Json& values) { return values.get<std::vector<float>>(); }

// The data of an npy file of shape (rows, columns).
std::vector<float> npy_floats(const std::string& npy, const std::string& shape) {
  REQUIRE(npy.starts_with(std::string("\x93NUMPY\x01\x00", 8)));
  const std::size_t header =
      10 + static_cast<unsigned char>(npy[8]) + 256u * static_cast<unsigned char>(npy[9]);
  CHECK(header % 64 == 0);
  CHECK(npy.substr(10, header - 10)
            .find("'descr': '<f4', 'fortran_order': False, 'shape': " + shape) !=
        std::string::npos);
  std::vector<float> values((npy.size() - header) / 4);
  if (!values.empty()) std::memcpy(values.data(), npy.data() + header, values.size() * 4);
  return values;
}

TEST_CASE("vectors are the same numbers in every format") {
  const auto lines = split_lines(run_convbert({"embed"}, {.input = kTwoTexts}).out);
  REQUIRE(lines.size() == 2);
  std::vector<float> expected;
  for (const std::string& line : lines) {
    const auto row = row_of(Json::parse(line)["embedding"]);
    CHECK(row.size() == 256);
    expected.insert(expected.end(), row.begin(), row.end());
  }
  CHECK(npy_floats(run_convbert({"embed", "-f", "npy"}, {.input = kTwoTexts}).out, "(2, 256)") ==
        expected);

  const Json array = Json::parse(run_convbert({"embed", "-f", "json"}, {.input = kTwoTexts}).out);
  CHECK(row_of(array[1]["embedding"]) ==
        std::vector<float>(expected.begin() + 256, expected.end()));

  const TemporaryFolder folder;
  const std::string npz = folder.path("out.npz");
  CHECK(run_convbert({"embed", "-f", "npz", "-o", npz}, {.input = kTwoTexts}).status == 0);
  CHECK(read_npz_floats(npz).at("embedding").values == expected);
  // To a pipe, which cannot seek: the same bytes.
  CHECK(run_convbert({"embed", "-f", "npz"}, {.input = kTwoTexts}).out == read_file(npz));
}

TEST_CASE("an array without records is an array still") {
  CHECK(npy_floats(run_convbert({"embed", "-f", "npy"}).out, "(0, 256)").empty());
  CHECK(Json::parse(run_convbert({"embed", "-f", "json"}).out) == Json::array());
  CHECK(run_convbert({"embed"}).out == "");
}

TEST_CASE("a bad record is a row of NaN in an array") {
  const ProcessResult result = run_convbert({"embed", "-f", "npy"}, {.input = "ok\n\xff\nok\n"});
  CHECK(result.status == 1);
  CHECK(result.err.find("<stdin>:2: invalid UTF-8") != std::string::npos);
  const auto values = npy_floats(result.out, "(3, 256)");
  CHECK(std::isnan(values[256]));
  CHECK(std::isnan(values[511]));
  CHECK(std::vector<float>(values.begin(), values.begin() + 256) ==
        std::vector<float>(values.begin() + 512, values.end()));
}

TEST_CASE("results replace fields of their name, unless they get a prefix") {
  const std::string input = "{\"text\":\"good\",\"label\":\"mine\",\"score\":7}\n";
  const ProcessResult replaced = run_convbert({"classify"}, {.input = input});
  CHECK(replaced.out.starts_with(R"({"id":0,"text":"good","label":"positive","score":0.)"));
  CHECK(replaced.err ==
        "convbert: warning: the input's fields \"label\" and \"score\" give way to the results of "
        "those names; --result-prefix keeps both\n");
  const ProcessResult both =
      run_convbert({"classify", "--result-prefix", "model_"}, {.input = input});
  CHECK(both.out.starts_with(
      R"({"id":0,"text":"good","label":"mine","score":7,"model_label":"positive",)"));
  CHECK(both.err == "");
}

TEST_CASE("each field that a result replaces is named once, and none gives way to nothing") {
  const TemporaryFolder folder;
  const std::string cut = "good good good good";
  const std::string input =
      folder.write("in.jsonl",
                   "{\"text\":\"a\",\"truncated\":5,\"scores\":1,\"score\":2}\n"
                   "{\"text\":\"b\",\"label\":1,\"score\":2}\n"
                   "{\"text\":\"" +
                       cut +
                       "\",\"truncated\":5}\n"
                       "{\"text\":\"" +
                       cut + "\",\"truncated\":5}\n");
  const std::string warning = "convbert: warning: the input's ";
  const std::string out = folder.path("out.jsonl");
  const std::vector<std::string> arguments{"classify", input, "--max-length", "4", "-o", out};
  const ProcessResult result = run_convbert(arguments);
  CHECK(result.err.starts_with(
      warning + "fields \"scores\" and \"score\" give way to the results of those names; " +
      "--result-prefix keeps both\n" +  //
      warning +
      "field \"label\" gives way to the result of that name; --result-prefix keeps both\n" +
      warning +
      "field \"truncated\" gives way to the result of that name; --result-prefix keeps both\n"));
  CHECK(split_lines(result.err).size() == 4);  // the last says how many were cut
  const std::string whole = read_file(out);
  const std::vector<std::string> lines = split_lines(whole);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].starts_with(R"({"id":0,"text":"a","truncated":5,"label":)"));
  CHECK(lines[2].starts_with(R"({"id":2,"text":")" + cut + R"(","truncated":2,"label":)"));
  // Taken up behind the first records, it is the same file.
  std::filesystem::remove(out);
  folder.write("out.jsonl.partial", lines[0] + "\n" + lines[1] + "\n" + lines[2] + "\n");
  CHECK(run_convbert(with(arguments, {"--resume"})).status == 0);
  CHECK(read_file(out) == whole);
  // In a table the column is there for all.
  const ProcessResult table = run_convbert({"classify", input, "-f", "csv", "-q"});
  CHECK(table.out.starts_with("id,text,label,score,scores,truncated,error\n"));
}

TEST_CASE("a file appears whole or not at all") {
  const TemporaryFolder folder;
  const std::string path = folder.path("out.jsonl");
  folder.write("out.jsonl", "the old one\n");
  {
    Process process({"tokenize", "-o", path});
    process.write("a\nb\n");
    while (read_file(path + ".partial").empty()) {
    }
    CHECK(read_file(path) == "the old one\n");
    CHECK(process.wait().status == 0);
  }
  CHECK(split_lines(read_file(path)).size() == 2);
  CHECK_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST_CASE("nothing is written over what is read, whatever it is called") {
  const TemporaryFolder folder;
  const std::string lines = "good\nbad day\n";
  const std::string text = folder.write("a.txt", lines);
  const std::string link = folder.path("link.txt");
  std::filesystem::create_hard_link(text, link);
  check_refused(run_convbert({"tokenize", text, "-o", text, "-f", "jsonl"}),
                "-o: " + text + " is what INPUT reads; expected another file");
  check_refused(run_convbert({"tokenize", text, "-o", folder.path("./a.txt")}), "INPUT reads");
  check_refused(run_convbert({"tokenize", text, "-o", link}), "INPUT reads");
  check_refused(run_convbert({"vocab", text, "-o", text}), "INPUT reads");
  // The partial file, too, is begun anew.
  const std::string partial = folder.write("b.jsonl.partial", "{\"text\":\"good\"}\n");
  check_refused(
      run_convbert({"tokenize", partial, "--input-format", "jsonl", "-o", folder.path("b.jsonl")}),
      partial + " is what INPUT reads");
  // Standard output, where it is a file.
  const ProcessResult appended = run_convbert({"tokenize", text}, {.output_path = text});
  CHECK(appended.status == 2);
  CHECK(appended.err.find("-o: standard output is what INPUT reads") != std::string::npos);
  CHECK(read_file(text) == lines);
  CHECK(run_convbert({"tokenize", "/dev/null", "-o", "/dev/null"}).status == 0);
}

TEST_CASE("two runs do not write one file") {
  const TemporaryFolder folder;
  Process first({"tokenize", "-o", folder.path("out")});
  first.write("a\n");
  while (read_file(folder.path("out.partial")).empty()) {
  }
  const ProcessResult second =
      run_convbert({"tokenize", "-o", folder.path("out")}, {.input = "b\n"});
  CHECK(second.status == 2);
  CHECK(second.err.find("another process is writing it") != std::string::npos);
  CHECK(first.wait().status == 0);
  CHECK(read_file(folder.path("out")).find("\"a\"") != std::string::npos);
}

TEST_CASE("devices are written to, links are followed") {
  CHECK(run_convbert({"tokenize", "-o", "/dev/null"}, {.input = "a\n"}).status == 0);
  CHECK(std::filesystem::is_character_file("/dev/null"));
  const TemporaryFolder folder;
  folder.write("real", "");
  std::filesystem::create_symlink(folder.path("real"), folder.path("link"));
  CHECK(run_convbert({"tokenize", "-o", folder.path("link")}, {.input = "a\n"}).status == 0);
  CHECK(std::filesystem::is_symlink(folder.path("link")));
  CHECK(read_file(folder.path("real")) != "");
}

TEST_CASE("vectors follow the model's settings or the flags") {
  const auto embed = [](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"embed", "-t", "a few words"});
    return row_of(Json::parse(run_convbert(flags).out)["embedding"]);
  };
  const auto length = [](const std::vector<float>& vector) {
    double squares = 0;
    for (const float value : vector) squares += value * value;
    return std::sqrt(squares);
  };
  const auto normal = embed({});
  CHECK(length(normal) == doctest::Approx(1.0));
  CHECK(normal ==
        embed({"--pooling", "mean", "--normalize", "--layer", "4", "--max-length", "128"}));
  CHECK(normal == embed({"--layer", "-1"}));
  CHECK(length(embed({"--no-normalize"})) > 1.1);
  CHECK(std::vector<float>(normal.begin(), normal.begin() + 7) == embed({"--dim", "7"}));
  const std::vector<std::vector<std::string>> others{
      {"--pooling", "cls"}, {"--pooling", "max"}, {"--pooling", "last"}, {"--layer", "0"}};
  for (const auto& flags : others) CHECK(embed(flags) != normal);
}

TEST_CASE("a pair that nobody asked for is pointed out") {
  const std::string input = "{\"text\":\"a\",\"text_pair\":\"b\"}\n";
  const ProcessResult both = run_convbert({"embed"}, {.input = input + input});
  CHECK(both.err ==
        "convbert: a record with a pair gives one vector for both texts; "
        "--pair-field '' leaves the second out\n");
  CHECK(run_convbert({"embed", "--pair-field", "text_pair"}, {.input = input}).err == "");
  const ProcessResult alone = run_convbert({"embed", "--pair-field", ""}, {.input = input});
  CHECK(alone.err == "");
  CHECK(Json::parse(alone.out)["embedding"] ==
        Json::parse(run_convbert({"embed", "-t", "a"}).out)["embedding"]);
}

TEST_CASE("vectors of tokens") {
  const Json record =
      Json::parse(run_convbert({"embed", "--per-token", "--dim", "3", "-t", "a few words"}).out);
  CHECK(record["tokens"] == Json({"[CLS]", "a", "few", "words", "[SEP]"}));
  CHECK(record["token_embeddings"].size() == 5);
  CHECK(record["token_embeddings"][4].size() == 3);
  const auto cls = Json::parse(run_convbert({"embed", "--pooling", "cls", "--no-normalize", "--dim",
                                             "3", "-t", "a few words"})
                                   .out);
  CHECK(record["token_embeddings"][0] == cls["embedding"]);
  const TemporaryFolder folder;
  const std::string npz = folder.path("out.npz");
  run_convbert({"embed", "--per-token", "-f", "npz", "-o", npz, "-t", "a few words"});
  CHECK(read_npz_floats(npz).at("token_embeddings").shape == Shape{5, 256});
}

TEST_CASE("classification") {
  const auto classify = [](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"classify", "-t", "a wonderful film", "--only-result"});
    return Json::parse(run_convbert(flags).out);
  };
  const Json all = classify({});
  CHECK(all["label"] == "positive");
  CHECK(all["scores"].size() == 2);
  CHECK(all["scores"]["positive"] == all["score"]);
  CHECK(all["scores"]["positive"].get<double>() + all["scores"]["negative"].get<double>() ==
        doctest::Approx(1.0));
  CHECK(classify({"--top-k", "1"})["scores"].size() == 1);
  CHECK(classify({"--threshold", "0.5"})["scores"].size() == 1);
  CHECK(classify({"--threshold", "0.999"})["label"].is_null());
  CHECK(classify({"--logits"})["logits"].size() == 2);
  CHECK(run_convbert({"classify", "-t", "good", "-f", "text", "--threshold", "0.999"}).out ==
        "-\n");
}

TEST_CASE("maps and kernels of the layers and heads asked for") {
  const std::vector<std::string> command{"attention", "-t", "a few words"};
  const Json all = Json::parse(run_convbert(command).out);
  CHECK(all["tokens"].size() == 5);
  CHECK(all["attention"].size() == 4);
  CHECK(all["attention"][0].size() == 2);
  CHECK(all["attention"][0][0].size() == 5);
  CHECK(all["conv_kernel"][3][1][4].size() == 9);
  for (const char* kind : {"attention", "conv_kernel"}) {
    double sum = 0;
    for (const Json& weight : all[kind][2][1][3]) sum += weight.get<double>();
    CHECK(sum == doctest::Approx(1.0));
  }
  std::vector<std::string> some = command;
  some.insert(some.end(), {"--layer", "3,0-1", "--head", "1"});
  const Json part = Json::parse(run_convbert(some).out);
  CHECK(part["attention"].size() == 3);
  CHECK(part["attention"][0][0] == all["attention"][3][1]);
  CHECK(part["conv_kernel"][1][0] == all["conv_kernel"][0][1]);
}

TEST_CASE("arrays of one record and of several") {
  const TemporaryFolder folder;
  const std::string one = folder.path("one.npz");
  CHECK(run_convbert({"attention", "-t", "a few words", "-f", "npz", "-o", one}).status == 0);
  const auto arrays = read_npz_floats(one);
  CHECK(arrays.at("attention").shape == Shape{4, 2, 5, 5});
  CHECK(arrays.at("conv_kernel").shape == Shape{4, 2, 5, 9});
  CHECK(npz_names(one) == std::vector<std::string>{"attention", "conv_kernel", "tokens"});

  const std::string several = folder.path("several.npz");
  const std::string input =
      "{\"id\":\"x/..\",\"text\":\"a\"}\n{\"id\":\"y\",\"text\":1}\n"
      "{\"id\":\"x/..\",\"text\":\"b c\"}\n";
  CHECK(run_convbert({"attention", "-f", "npz", "-o", several}, {.input = input}).status == 1);
  CHECK(npz_names(several) == std::vector<std::string>{"x_../attention", "x_../conv_kernel",
                                                       "x_../tokens", "x_..~2/attention",
                                                       "x_..~2/conv_kernel", "x_..~2/tokens"});

  // Bad ones are records, too.
  const std::string bad = folder.path("bad.npz");
  for (const char* lines : {"bad\n{\"text\":\"a\"}\n", "{\"id\":1,\"text\":\"a\"}\nbad\n"}) {
    const ProcessResult one_bad = run_convbert(
        {"attention", "--map", "attention", "--input-format", "jsonl", "-f", "npz", "-o", bad},
        {.input = lines});
    CHECK(one_bad.status == 1);
    CHECK(npz_names(bad) == std::vector<std::string>{"1/attention", "1/tokens"});
  }

  const std::string files = folder.path("files");
  const ProcessResult result =
      run_convbert({"attention", "-f", "npz", "--out-dir", files}, {.input = input});
  CHECK(result.status == 1);
  CHECK(read_npz_floats(files + "/x_...npz").at("attention").shape == Shape{4, 2, 3, 3});
  CHECK(read_npz_floats(files + "/x_..~2.npz").at("attention").shape == Shape{4, 2, 4, 4});
}

TEST_CASE("a slow pipe is answered line by line") {
  Process process({"classify", "-f", "text"});
  for (const char* text : {"a wonderful film", "a terrible film", "wonderful"}) {
    process.write(std::string(text) + "\n");
    CHECK(process.read_line() != "");
  }
  CHECK(process.wait().status == 0);
}

TEST_CASE("what a model is, what it lacks, and its card") {
  const auto check_shows = [](const std::vector<std::string>& command,
                              const std::vector<std::string>& parts) {
    const ProcessResult text = run_convbert(command);
    CHECK(text.status == 0);
    for (const std::string& part : parts) {
      INFO(part);
      CHECK(text.out.find(part) != std::string::npos);
    }
    return text.out;
  };
  const std::string facts =
      check_shows({"info"}, {"5,308,490", "kernel size 9", "Other commands would need:",
                             "tag        a head for token classification (classifier.weight)\n"});
  CHECK(facts.find("learnt from") == std::string::npos);
  check_shows({"info", "--card"}, {"0.84256", "learnt from", "sentiment"});
  const ProcessResult none =
      run_convbert({"info", "--card", std::string(CONVBERT_TEST_DATA) + "/models/convbert-tag"});
  CHECK(none.status == 2);
  CHECK(none.err.find("has no README.md") != std::string::npos);
  const Json json = Json::parse(run_convbert({"info", "-f", "json", "--tensors"}).out);
  CHECK(json["lacks"]["detect"] ==
        "a head for replaced-token detection (discriminator_predictions.dense.weight)");
  CHECK_FALSE(json["lacks"].contains("classify"));
  CHECK(json["parameters"] == 5308490);
  CHECK(json["heads"][0]["labels"] == Json({"negative", "positive"}));
  CHECK(json["tensors"].size() > 80);
}

TEST_CASE("a field of ids that is asked for is the one that is read, whatever its name") {
  const ProcessResult named =
      run_convbert({"tokenize", "--decode", "--text-field", "text", "-f", "text"},
                   {.input = "{\"text\":[2,10602,3],\"input_ids\":[2,3]}\n"});
  CHECK(named.out == "[CLS] hello [SEP]\n");
  const ProcessResult usual = run_convbert({"tokenize", "--decode", "-f", "text"},
                                           {.input = "{\"text\":\"x\",\"input_ids\":[2,3]}\n"});
  CHECK(usual.out == "[CLS] [SEP]\n");
}

TEST_CASE("in a terminal a bad record is an empty line, which standard error explains") {
  const ProcessResult result =
      run_convbert({"attention", "-f", "terminal", "--input-format", "jsonl"}, {.input = "bad\n"});
  CHECK(result.status == 1);
  CHECK(result.out == "\n");
  CHECK(result.err.find("<stdin>:1: not valid JSON") != std::string::npos);
}

TEST_CASE("many records of one id have arrays of their own") {
  const ProcessResult result =
      run_convbert({"attention", "-f", "npz", "--layer", "0"},
                   {.input = "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":\"a\",\"text\":\"y\"}\n"
                             "{\"id\":\"a~2\",\"text\":\"z\"}\n"});
  CHECK(result.status == 0);
  for (const char* name : {"a/tokens", "a~2/tokens", "a~2~2/tokens"}) {
    INFO(name);
    CHECK(result.out.find(name) != std::string::npos);
  }
}

}  // namespace
}  // namespace convbert::test
