// `convbert distill`: a student comes closer to its teacher, whatever happens to the run.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>

#include "core/json.h"
#include "support/process.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

const std::string kModels = std::string(CONVBERT_TEST_DATA) + "/models/";
const std::string kStudent = kModels + "convbert-plain";  // vectors of 32 numbers
constexpr std::size_t kWidth = 32;

std::vector<std::string> texts(std::size_t count) {
  const std::vector<std::string> nouns{"dog", "men", "cat", "man"};
  const std::vector<std::string> verbs{"sees", "run", "walk"};
  const std::vector<std::string> objects{"house", "tree", "child", "road", "river"};
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back("the " + nouns[i % 4] + " " + verbs[i / 4 % 3] + " a " + objects[i / 12 % 5]);
  }
  return all;
}

std::string lines_of(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += text + "\n";
  return lines;
}

// numpy's format, version 1.
std::string npy(const std::string& descr, const std::vector<std::size_t>& shape,
                std::string_view bytes) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" +
                       std::to_string(shape[0]) + ", " + std::to_string(shape[1]) + "), }";
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + char(118) + char(0) + header + std::string(bytes);
}

std::string npy_of(const std::vector<float>& floats, std::size_t width) {
  const auto* bytes = reinterpret_cast<const char*>(floats.data());
  return npy("<f4", {floats.size() / width, width}, {bytes, floats.size() * sizeof(float)});
}

// A teacher that puts texts with the same words at the same places: a direction a word.
std::vector<float> taught(const std::vector<std::string>& texts, std::size_t width) {
  std::vector<float> vectors(texts.size() * width);
  for (std::size_t t = 0; t < texts.size(); ++t) {
    std::size_t begin = 0;
    while (begin < texts[t].size()) {
      const std::size_t end = std::min(texts[t].find(' ', begin), texts[t].size());
      std::uint32_t state = 1;
      for (std::size_t i = begin; i < end; ++i) {
        state = state * 31 + static_cast<unsigned char>(texts[t][i]);
      }
      for (std::size_t i = 0; i < width; ++i) {
        state = state * 1664525 + 1013904223;
        vectors[t * width + i] += static_cast<float>(state >> 16) / 65536.0f - 0.5f;
      }
      begin = end + 1;
    }
  }
  return vectors;
}

// All that a run needs.
struct Workplace {
  TemporaryFolder folder;
  std::vector<std::string> lines = texts(96);
  std::string input = folder.write("texts.txt", lines_of(lines));

  std::string teacher(std::size_t width) const {
    return folder.write("teacher" + std::to_string(width) + ".npy",
                        npy_of(taught(lines, width), width));
  }
  std::vector<std::string> command(const std::string& vectors, const std::string& out,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"distill",           input,   "-o", folder.path(out),
                                       "--teacher-vectors", vectors, "-m", kStudent};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  ProcessResult distill(const std::string& vectors, const std::string& out,
                        const std::vector<std::string>& more = {}) const {
    return run_convbert(command(vectors, out, more));
  }
};

const std::vector<std::string> kQuick{"--epochs",     "12", "--learning-rate", "5e-3",
                                      "--batch-size", "8",  "--dropout",       "0"};

void check_well(const ProcessResult& result) {
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(result.out.empty());
}

std::vector<float> embedded(const std::string& model, const std::string& input) {
  const ProcessResult result = run_convbert({"embed", "-m", model, input, "--format", "jsonl"});
  REQUIRE(result.status == 0);
  std::vector<float> vectors;
  for (const std::string& line : split_lines(result.out)) {
    const Json record = Json::parse(line);
    for (const Json& x : record.at("embedding")) vectors.push_back(x.get<float>());
  }
  return vectors;
}

double mean_cosine(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double sum = 0;
  for (std::size_t first = 0; first < a.size(); first += kWidth) {
    double product = 0;
    double squares_a = 0;
    double squares_b = 0;
    for (std::size_t i = first; i < first + kWidth; ++i) {
      product += double{a[i]} * double{b[i]};
      squares_a += double{a[i]} * double{a[i]};
      squares_b += double{b[i]} * double{b[i]};
    }
    sum += product / std::sqrt(squares_a * squares_b);
  }
  return sum / (static_cast<double>(a.size()) / kWidth);
}

TEST_CASE("a student's vectors become its teacher's") {
  const Workplace place;
  const std::string vectors = place.teacher(kWidth);
  const std::string model = place.folder.path("student");
  check_well(place.distill(
      vectors, "student",
      with({"--coordinates", "teacher", "--dev", place.input, "--dev-vectors", vectors, "--log",
            place.folder.path("log.jsonl"), "--report", place.folder.path("report.html")},
           kQuick)));
  const std::vector<float> goal = taught(place.lines, kWidth);
  const double before = mean_cosine(embedded(kStudent, place.input), goal);
  const double after = mean_cosine(embedded(model, place.input), goal);
  CHECK(before < 0.2);
  CHECK(after > 0.9);

  const Json record = Json::parse(read_file(model + "/training.json"));
  CHECK(record["task"] == "distill");
  CHECK(record["train"]["records"] == 96);
  CHECK(
      record["teacher"] ==
      Json{{"vectors", vectors}, {"dev_vectors", vectors}, {"width", kWidth}, {"relational", 1.0}});
  REQUIRE(record["epochs"].size() == 12);
  CHECK(record["metric"] == "cosine");
  const Json& dev = record["epochs"][record["kept_epoch"].get<std::size_t>() - 1]["dev"];
  CHECK(dev["cosine"].get<double>() == doctest::Approx(after).epsilon(1e-4));
  CHECK(dev["correlation"].get<double>() > 0.8);
  CHECK(record["epochs"][0]["dev"]["correlation"] < dev["correlation"]);

  CHECK(fs::exists(model + "/modules.json"));
  CHECK(fs::exists(model + "/1_Pooling/config.json"));
  CHECK_FALSE(fs::exists(model + ".state"));
  CHECK(read_file(model + "/README.md").find("fitted to those of a teacher") != std::string::npos);
  CHECK(split_lines(read_file(place.folder.path("log.jsonl"))).size() == 156);
  CHECK(read_file(place.folder.path("report.html")).find("distill") != std::string::npos);
}

TEST_CASE("the same bytes on any number of threads, and after kills") {
  const Workplace place;
  const std::string vectors = place.teacher(48);  // to be reduced
  const auto more = [&](const std::string& threads) {
    return std::vector<std::string>{
        "--threads", threads,       "--dev",        place.input, "--dev-vectors",   vectors,
        "--epochs",  "12",          "--batch-size", "16",        "--save-every",    "2",
        "--metric",  "correlation", "--relational", "2.5",       "--learning-rate", "2e-3",
        "--freeze",  "embeddings",  "--seed",       "7"};
  };
  check_well(place.distill(vectors, "whole", more("1")));
  const std::string expected = read_file(place.folder.path("whole/model.safetensors"));
  const std::string record = read_file(place.folder.path("whole/training.json"));
  const auto check_same = [&](const std::string& model) {
    CHECK(read_file(place.folder.path(model + "/model.safetensors")) == expected);
    CHECK(read_file(place.folder.path(model + "/training.json")) == record);
  };
  for (const std::string threads : {"2", "5"}) {
    check_well(place.distill(vectors, "threads" + threads, more(threads)));
    check_same("threads" + threads);
  }
  int kills = 0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    Process process(
        place.command(vectors, "killed", with(more(attempt % 2 == 0 ? "2" : "1"), {"--resume"})));
    if (attempt < 3) {
      process.read_error("epoch " + std::to_string(3 * attempt + 1) + " of");
      process.signal(SIGKILL);
    }
    const ProcessResult result = process.wait();
    if (result.status == 0) break;
    REQUIRE(result.status == 128 + SIGKILL);
    ++kills;
  }
  CHECK(kills >= 2);
  check_same("killed");
  check_refused(place.distill(vectors, "killed", more("1")), "killed");
}

TEST_CASE("wider vectors are reduced, narrower ones refused") {
  const Workplace place;
  const std::string wide = place.teacher(48);
  check_well(place.distill(wide, "reduced", kQuick));
  const Json record = Json::parse(read_file(place.folder.path("reduced/training.json")));
  CHECK(record["teacher"]["width"] == 48);
  // Thirteen words have thirteen directions.
  CHECK(record["teacher"]["variance_kept"].get<double>() == doctest::Approx(1.0));
  CHECK(record["epochs"].back()["loss"] < 0.2);
  check_refused(place.distill(place.teacher(24), "out"), "the student of 32");
}

// The vectors, their numbers in another order and every second one negated, among zeros.
std::vector<float> elsewhere(const std::vector<float>& vectors, std::size_t width) {
  std::vector<float> moved(vectors.size() / kWidth * width);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const std::size_t from = i % kWidth;
    const std::size_t to = (from * 7 + 3) % kWidth + (from % 3 == 0 ? width - kWidth : 0);
    moved[i / kWidth * width + to] = from % 2 == 0 ? vectors[i] : -vectors[i];
  }
  return moved;
}

TEST_CASE("a student keeps its coordinates") {
  const Workplace place;
  const std::vector<float> before = embedded(kStudent, place.input);
  for (const std::size_t width : {kWidth, 2 * kWidth}) {
    const std::string name = std::to_string(width);
    const std::string vectors =
        place.folder.write(name + ".npy", npy_of(elsewhere(before, width), width));
    check_well(place.distill(vectors, name,
                             {"--max-steps", "2", "--learning-rate", "1e-6", "--dev", place.input,
                              "--dev-vectors", vectors, "--dropout", "0"}));
    const Json record = Json::parse(read_file(place.folder.path(name + "/training.json")));
    CHECK(record["teacher"]["cosine_before"].get<double>() > 0.9999);
    CHECK(record["epochs"].back()["dev"]["cosine"].get<double>() > 0.999);
    CHECK(mean_cosine(embedded(place.folder.path(name), place.input), before) > 0.999);
    CHECK(read_file(place.folder.path(name + "/README.md")).find("turned to those that it gave") !=
          std::string::npos);
  }
}

// Every second text has a label: does it speak of a dog or of men, or not?
std::string labelled_records(const std::vector<std::string>& lines) {
  std::string records;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    Json record{{"text", lines[i]}};
    if (i % 8 < 4) record["about"] = i % 4 < 2 ? "dogs and men" : "others";
    if (i == 6) record["about"] = nullptr;
    records += record.dump() + "\n";
  }
  return records;
}

TEST_CASE("labels of some texts give a head, beside the vectors") {
  const Workplace place;
  const std::string input = place.folder.write("texts.jsonl", labelled_records(place.lines));
  const std::string vectors = place.teacher(kWidth);
  const auto command = [&](const std::string& out, const std::vector<std::string>& more) {
    return with(with({"distill", input, "-o", place.folder.path(out), "--teacher-vectors", vectors,
                      "-m", kStudent, "--coordinates", "teacher", "--dev", input, "--dev-vectors",
                      vectors, "--labels", "about"},
                     kQuick),
                more);
  };
  check_well(run_convbert(command("out", {"--metric", "accuracy", "--label-weight", "2"})));
  const std::string model = place.folder.path("out");
  const Json record = Json::parse(read_file(model + "/training.json"));
  CHECK(record["labels"] == Json{"dogs and men", "others"});
  CHECK(record["teacher"]["labelled_records"] == 48);
  CHECK(record["teacher"]["label_weight"] == 2.0);
  CHECK(record["epochs"].back()["dev"]["accuracy"] == 1.0);
  CHECK(mean_cosine(embedded(model, input), taught(place.lines, kWidth)) > 0.9);
  const ProcessResult labels = run_convbert({"classify", "-m", model, input});
  REQUIRE(labels.status == 0);
  std::size_t right = 0;  // those that had no label as well
  for (const std::string& line : split_lines(labels.out)) {
    const Json one = Json::parse(line);
    right += one["label"] == (one["id"].get<int>() % 4 < 2 ? "dogs and men" : "others") ? 1 : 0;
  }
  CHECK(right == place.lines.size());
  CHECK(read_file(model + "/README.md").find("the labels of 48 texts 2") != std::string::npos);

  check_well(run_convbert(
      command("threads", {"--metric", "accuracy", "--label-weight", "2", "--threads", "3"})));
  CHECK(read_file(place.folder.path("threads/model.safetensors")) ==
        read_file(model + "/model.safetensors"));

  check_refused(run_convbert({"distill", input, "-o", place.folder.path("none"),
                              "--teacher-vectors", vectors, "-m", kStudent, "--labels", "subject"}),
                "field \"subject\": expected two labels or more to tell apart, found none");
  check_refused(place.distill(vectors, "none", {"--labels", "about"}), "about");
}

std::string new_student() {
  return Json{{"model_type", "convbert"}, {"vocab_size", 21},
              {"embedding_size", 16},     {"hidden_size", kWidth},
              {"num_hidden_layers", 1},   {"num_attention_heads", 2},
              {"intermediate_size", 48},  {"max_position_embeddings", 24}}
      .dump();
}

std::string words() {
  std::string lines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const char* word : {"the", "a", "dog", "men", "cat", "man", "sees", "run", "walk", "house",
                           "tree", "child", "road", "river", "##s", "##e"}) {
    lines += std::string(word) + "\n";
  }
  return lines;
}

// All that a run with a student of new weights needs.
struct NewStudentPlace : Workplace {
  std::string vectors = teacher(kWidth);
  std::string config = folder.write("config.json", new_student());
  std::string vocab = folder.write("vocab.txt", words());

  ProcessResult distill_new(const std::string& out, const std::vector<std::string>& more) const {
    return run_convbert(with({"distill", input, "-o", folder.path(out), "--teacher-vectors",
                              vectors, "--config", config, "--vocab", vocab, "--lowercase"},
                             more));
  }
};

TEST_CASE("a student of new weights") {
  const NewStudentPlace place;
  check_well(place.distill_new("new", kQuick));
  const std::string model = place.folder.path("new");
  CHECK(mean_cosine(embedded(model, place.input), taught(place.lines, kWidth)) > 0.9);
  const Json described = Json::parse(read_file(model + "/config.json"));
  CHECK(described["conv_kernel_size"] == 9);
  CHECK(described["architectures"] == Json{"ConvBertModel"});
  CHECK(read_file(model + "/vocab.txt") == words());
  CHECK(Json::parse(read_file(model + "/tokenizer_config.json"))["do_lower_case"] == true);
  check_well(place.distill_new("again", with(kQuick, {"--threads", "3"})));
  CHECK(read_file(place.folder.path("again/model.safetensors")) ==
        read_file(model + "/model.safetensors"));
  check_well(place.distill_new("other", with(kQuick, {"--seed", "2"})));
  CHECK(read_file(place.folder.path("other/model.safetensors")) !=
        read_file(model + "/model.safetensors"));
}

// A float32 tensor of a safetensors file.
std::vector<float> tensor_of(const std::string& path, const std::string& name) {
  const std::string file = read_file(path);
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof(length));
  const Json entry = Json::parse(file.substr(8, length)).at(name);
  REQUIRE(entry["dtype"] == "F32");
  const auto begin = entry["data_offsets"][0].get<std::size_t>();
  std::vector<float> floats((entry["data_offsets"][1].get<std::size_t>() - begin) / sizeof(float));
  std::memcpy(floats.data(), file.data() + 8 + length + begin, floats.size() * sizeof(float));
  return floats;
}

TEST_CASE("words of a new student begin with the teacher's vectors of them") {
  const NewStudentPlace place;
  std::vector<float> of_words = taught(split_lines(words()), kWidth);
  of_words[7 * kWidth] = std::numeric_limits<float>::quiet_NaN();  // of "dog"
  struct Begun {
    std::vector<float> words;
    std::string account;
  };
  // What stays as it is shows how it began.
  const auto begun = [&](const std::string& out, const std::vector<std::string>& more) {
    const ProcessResult result =
        place.distill_new(out, with({"--freeze", "embeddings", "--epochs", "1"}, more));
    check_well(result);
    return Begun{tensor_of(place.folder.path(out + "/model.safetensors"),
                           "embeddings.word_embeddings.weight"),
                 result.err};
  };
  const std::string file = place.folder.write("words.npy", npy_of(of_words, kWidth));
  const Begun with_vectors = begun("with", {"--word-vectors", file});
  const Begun without = begun("without", {});
  CHECK(with_vectors.account.find("the embeddings of 15 tokens begin as 16 principal components") !=
        std::string::npos);
  CHECK(with_vectors.account.find("which keep 100.00 %") != std::string::npos);
  CHECK(with_vectors.account.find("turned to the student's") !=
        std::string::npos);  // for it knows something
  CHECK(without.account.find("turned to the student's") == std::string::npos);

  const auto distance = [](const std::vector<float>& floats, std::size_t width, std::size_t a,
                           std::size_t b) {
    double sum = 0;
    for (std::size_t i = 0; i < width; ++i) {
      sum += std::pow(double{floats[a * width + i]} - double{floats[b * width + i]}, 2);
    }
    return sum;
  };
  std::vector<float> directions = of_words;
  for (std::size_t row = 5; row < 21; ++row) {
    double squares = 0;
    for (std::size_t i = 0; i < kWidth; ++i) squares += std::pow(of_words[row * kWidth + i], 2);
    for (std::size_t i = 0; i < kWidth; ++i) {
      directions[row * kWidth + i] /= static_cast<float>(std::sqrt(squares));
    }
  }
  const double scale = distance(with_vectors.words, 16, 5, 6) / distance(directions, kWidth, 5, 6);
  for (std::size_t a = 5; a < 21; ++a) {
    if (a == 7) continue;
    const double expected = scale * distance(directions, kWidth, a, 5);
    CHECK(distance(with_vectors.words, 16, a, 5) == doctest::Approx(expected).epsilon(1e-4));
  }
  for (const std::size_t token : {0, 1, 2, 3, 4, 7}) {  // special ones, and that without a vector
    for (std::size_t i = 0; i < 16; ++i) {
      CHECK(with_vectors.words[token * 16 + i] == without.words[token * 16 + i]);
    }
  }
  CHECK(Json::parse(
            read_file(place.folder.path("with/training.json")))["teacher"]["word_vectors"] == file);
  CHECK(read_file(place.folder.path("with/README.md")).find("word embeddings began as") !=
        std::string::npos);
  CHECK(begun("threads", {"--word-vectors", file, "--threads", "3"}).words == with_vectors.words);
}

TEST_CASE("of a new student all is said, and of one that is there nothing") {
  const NewStudentPlace place;
  const auto refused = [&](const std::vector<std::string>& flags, const std::string& message) {
    check_refused(run_convbert(with({"distill", place.input, "-o", place.folder.path("out"),
                                     "--teacher-vectors", place.vectors},
                                    flags)),
                  message);
  };
  refused({"--config", place.config}, "--config needs --vocab");
  refused({"--vocab", place.vocab}, "--vocab is for a new student");
  refused({"--lowercase"}, "--lowercase is for a new student");
  refused({"--word-vectors", place.vectors}, "--word-vectors is for a new student");
  const auto refused_words = [&](std::size_t rows, std::size_t width, const std::string& message,
                                 float filled_with = 0.5f) {
    const std::string file = place.folder.write(
        "words.npy", npy_of(std::vector<float>(rows * width, filled_with), width));
    refused(
        {"--config", place.config, "--vocab", place.vocab, "--lowercase", "--word-vectors", file},
        message);
  };
  refused_words(20, 16, "words.npy has 20 rows");
  refused_words(21, 15, "words.npy has vectors of 15 numbers, embeddings have 16");
  refused_words(21, 16, "words.npy: expected vectors of tokens, found none", 0.0f);
  refused({"--config", place.config, "--vocab", place.vocab, "--lowercase", "--word-vectors",
           place.config},
          "config.json: expected a numpy array");
  refused({"--config", place.config, "--vocab", place.vocab, "-m", kStudent},
          "expected one of them");
  refused({"--config", place.config, "--vocab", place.config}, "expected the token [PAD]");
  refused({"--config", place.vocab, "--vocab", place.vocab}, "vocab.txt");
  Json wide = Json::parse(new_student());
  wide["hidden_size"] = 786432;  // its weights would take terabytes
  refused({"--config", place.folder.write("wide.json", wide.dump()), "--vocab", place.vocab},
          "the student of 786432");
}

TEST_CASE("bad records and bad rows keep their places") {
  const Workplace place;
  std::string lines;
  for (std::size_t i = 0; i < 96; ++i) {
    lines += i == 3 ? "{\n" : Json{{"text", place.lines[i]}}.dump() + "\n";
  }
  const std::string input = place.folder.write("texts.jsonl", lines);
  std::vector<float> vectors = taught(place.lines, kWidth);
  vectors[5 * kWidth + 7] = std::numeric_limits<float>::quiet_NaN();
  std::fill_n(vectors.begin() + 9 * kWidth, kWidth, 0.0f);
  const std::string path = place.folder.write("teacher.npy", npy_of(vectors, kWidth));
  const std::vector<std::string> command =
      with({"distill", input, "-o", place.folder.path("out"), "--teacher-vectors", path, "-m",
            kStudent, "--coordinates", "teacher"},
           kQuick);
  const ProcessResult result = run_convbert(command);
  INFO(result.err);
  CHECK(result.status == 1);
  CHECK(result.err.find("texts.jsonl:4") != std::string::npos);
  CHECK(result.err.find("texts.jsonl:6: row 5 of ") != std::string::npos);
  CHECK(result.err.find("is not finite") != std::string::npos);
  CHECK(result.err.find("texts.jsonl:10: row 9 of ") != std::string::npos);
  const Json record = Json::parse(read_file(place.folder.path("out/training.json")));
  CHECK(record["bad_records"] == 3);
  CHECK(record["train"]["records"] == 93);
  // Those behind the bad ones have learnt from their own rows.
  const std::string rest =
      place.folder.write("rest.txt", lines_of({place.lines.begin() + 10, place.lines.end()}));
  const std::vector<float> goal(vectors.begin() + 10 * kWidth, vectors.end());
  CHECK(mean_cosine(embedded(place.folder.path("out"), rest), goal) > 0.9);
  fs::remove_all(place.folder.path("out"));
  check_refused(run_convbert(with(command, {"--strict"})), "--strict: ");
}

TEST_CASE("what does not fit is refused in one line") {
  const Workplace place;
  const std::string vectors = place.teacher(kWidth);
  const std::string few = place.folder.write("few.npy", npy_of(taught(texts(95), kWidth), kWidth));
  const std::string many =
      place.folder.write("many.npy", npy_of(taught(texts(97), kWidth), kWidth));
  check_refused(place.distill(few, "out"), "texts.txt has 96 records, ");
  check_refused(place.distill(few, "out"), "few.npy 95 rows");
  check_refused(place.distill(many, "out"), "many.npy 97 rows");
  check_refused(
      place.distill(place.folder.write("whole.npy", npy("<i8", {96, 1}, std::string(768, 0))),
                    "out"),
      "expected float32");
  check_refused(place.distill(place.input, "out"), "expected a numpy array");
  check_refused(place.distill(place.folder.path("none.npy"), "out"), "none.npy");
  check_refused(place.distill(vectors, "out", {"--dev", place.input}), "--dev needs --dev-vectors");
  check_refused(place.distill(vectors, "out", {"--dev-vectors", vectors}),
                "--dev-vectors needs --dev");
  check_refused(
      place.distill(vectors, "out", {"--dev", place.input, "--dev-vectors", place.teacher(40)}),
      "--dev-vectors: expected vectors of 32 numbers");
  check_refused(place.distill(vectors, "out", {"--dev", place.input, "--dev-vectors", few}),
                "few.npy 95 rows");
  check_refused(place.distill(vectors, "out", {"--freeze", "encoder"}), "distill has no head");
  check_refused(place.distill(vectors, "out", {"--label-weight", "2"}),
                "--label-weight needs --labels");
  check_refused(place.distill(vectors, "out",
                              {"--dev", place.input, "--dev-vectors", vectors, "--metric", "f1"}),
                "expected cosine, correlation or loss of distill");
  check_refused(run_convbert({"distill", "-o", "out", "--teacher-vectors", vectors}),
                "distill: expected files of texts");
  check_refused(run_convbert({"distill", place.input, "-o", "out"}), "--teacher-vectors");
  fs::create_directory(place.folder.path("there"));
  check_refused(place.distill(vectors, "there"), "there");
  CHECK_FALSE(fs::exists(place.folder.path("out")));
}

}  // namespace
}  // namespace convbert::test
