#include "pretrain/pretraining_state.h"

#include "train/state_file.h"

namespace convbert::app {
namespace {

Json to_json(const Measurement& at) {
  const auto& [loss, words, replaced] = at.figures;
  return Json::array({at.step, at.tokens, at.flops, loss, words.words, words.right, words.loss,
                      replaced.tokens, replaced.right, replaced.replaced, replaced.found,
                      replaced.loss, replaced.auc});
}

Measurement measurement_from(const Json& json) {
  const auto count = [&](std::size_t index) { return json.at(index).get<std::int64_t>(); };
  const auto number = [&](std::size_t index) { return number_or_nan(json.at(index)); };
  return {.step = count(0),
          .tokens = count(1),
          .flops = number(2),
          .figures = {.loss = number(3),
                      .words = {.words = count(4), .right = count(5), .loss = number(6)},
                      .replaced = {.tokens = count(7),
                                   .right = count(8),
                                   .replaced = count(9),
                                   .found = count(10),
                                   .loss = number(11),
                                   .auc = number(12)}}};
}

Json to_json(const PretrainingRun& run) {
  Json measurements = Json::array();
  for (const Measurement& at : run.measurements) measurements.push_back(to_json(at));
  Json json{{"steps", run.steps},
            {"epoch", run.place.epoch},
            {"sequences", run.place.sequences},
            {"documents", run.place.documents},
            {"bad_records", run.place.bad_records},
            {"tokens", run.tokens},
            {"flops", run.flops},
            {"measurements", std::move(measurements)},
            {"log_bytes", run.log_bytes}};
  run.curve.to_json(json);
  return json;
}

// Throws nlohmann's exceptions for anything else.
PretrainingRun run_from(const Json& json) {
  const auto count = [&](const char* key) { return json.at(key).get<std::int64_t>(); };
  PretrainingRun run{.steps = count("steps"),
                     .place = {.epoch = count("epoch"),
                               .sequences = count("sequences"),
                               .documents = count("documents"),
                               .bad_records = count("bad_records")},
                     .tokens = count("tokens"),
                     .flops = json.at("flops").get<double>(),
                     .curve = LossCurve::from_json(json),
                     .log_bytes = count("log_bytes")};
  for (const Json& at : json.at("measurements")) {
    run.measurements.push_back(measurement_from(at));
  }
  return run;
}

bool is_possible(const PretrainingRun& run, std::int64_t all_steps) {
  const TextsPlace& place = run.place;
  return run.steps >= 0 && run.steps <= all_steps && run.curve.is_possible(run.steps) &&
         place.epoch >= 0 && place.sequences >= 0 && place.documents >= 0 &&
         place.bad_records >= 0 && run.tokens >= 0 && run.log_bytes >= 0;
}

}  // namespace

void save_pretraining(const std::string& path, const std::string& digest, const PretrainingRun& run,
                      PreTraining& training, const LastGood<PretrainingRun>& last_good) {
  const auto& good = last_good.model();
  std::vector<NamedFloats> tensors;
  const std::vector<StateTensor> state = training.state();
  for (const StateTensor& tensor : state) {
    tensors.emplace_back(name_in_file(tensor), tensor.floats);
  }
  Json json = to_json(run);
  if (good) {
    add_kept("good", good->parameters, state, tensors);
    json["good"] = to_json(good->run);
  }
  write_state_file(path, digest, std::move(json), tensors);
}

std::optional<PretrainingRun> load_pretraining(const std::string& path, const std::string& digest,
                                               std::int64_t all_steps, PreTraining& training,
                                               LastGood<PretrainingRun>& last_good) {
  const std::optional<StateFile> file = StateFile::open(path, digest);
  if (!file) return std::nullopt;
  PretrainingRun run;
  std::optional<LastGood<PretrainingRun>::Model> good;
  try {
    run = run_from(file->run());
    if (file->run().contains("good")) good = {run_from(file->run()["good"]), {}};
  } catch (const nlohmann::json::exception&) {
    file->refuse();
  }
  if (!is_possible(run, all_steps)) file->refuse();
  if (good && (good->run.steps >= run.steps || !is_possible(good->run, all_steps))) file->refuse();
  const std::vector<StateTensor> state = training.state();
  for (const StateTensor& tensor : state) file->read(name_in_file(tensor), *tensor.floats);
  if (good) good->parameters = file->read_kept("good", state);
  file->check();
  last_good.take_up(std::move(good));
  training.take_up(run.steps);
  return run;
}

std::string checkpoint_path(const std::string& state_path, std::int64_t step) {
  return concat(state_path, ".step-", step);
}

}  // namespace convbert::app
