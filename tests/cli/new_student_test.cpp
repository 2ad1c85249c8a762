// `convbert distill --config`: a student of new weights.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "cli/distillation.h"

namespace convbert::test {
namespace {

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

}  // namespace
}  // namespace convbert::test
