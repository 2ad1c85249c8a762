// `convbert distill`: a student comes closer to its teacher, whatever happens to the run.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <limits>

#include "cli/distillation.h"

namespace convbert::test {
namespace {

namespace fs = std::filesystem;

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
  check_well(run_convbert(command("faster", {"--head-rate", "0.01"})));

  check_well(run_convbert(
      command("threads", {"--metric", "accuracy", "--label-weight", "2", "--threads", "3"})));
  CHECK(read_file(place.folder.path("threads/model.safetensors")) ==
        read_file(model + "/model.safetensors"));

  check_refused(run_convbert({"distill", input, "-o", place.folder.path("none"),
                              "--teacher-vectors", vectors, "-m", kStudent, "--labels", "subject"}),
                "field \"subject\": expected two labels or more to tell apart, found none");
  check_refused(place.distill(vectors, "none", {"--labels", "about"}), "about");
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
  const ProcessResult strict = run_convbert(with(command, {"--strict"}));
  CHECK(strict.status == 1);
  CHECK(strict.err.find("--strict: ") != std::string::npos);
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
  check_refused(place.distill(place.input, "out"),
                "--teacher-vectors: " + place.input + ": expected a numpy array (.npy); embed ");
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
  check_refused(run_convbert({"distill", place.input, "-o", "out"}), "--teacher-vectors");
  fs::create_directory(place.folder.path("there"));
  check_refused(place.distill(vectors, "there"), "there");
  CHECK_FALSE(fs::exists(place.folder.path("out")));
}

}  // namespace
}  // namespace convbert::test
