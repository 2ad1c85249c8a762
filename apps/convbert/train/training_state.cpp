#include "train/training_state.h"

#include <algorithm>

#include "core/json.h"
#include "train/state_file.h"

namespace convbert::app {
namespace {

Json to_json(const TrainingRun& run) {
  Json epochs = Json::array();
  for (const EpochFigures& epoch : run.epochs) {
    Json dev = Json::array();
    for (const auto& [name, value] : epoch.dev) dev.push_back({name, value});
    epochs.push_back({{"step", epoch.step}, {"loss", epoch.loss}, {"dev", std::move(dev)}});
  }
  Json json{{"steps", run.steps},
            {"loss_sum", run.loss_sum},
            {"epochs", std::move(epochs)},
            {"log_bytes", run.log_bytes}};
  run.curve.to_json(json);
  if (run.best) json["best"] = *run.best;
  return json;
}

// Throws nlohmann's exceptions for anything else.
TrainingRun run_from(const Json& json) {
  TrainingRun run{.steps = json.at("steps").get<std::int64_t>(),
                  .loss_sum = number_or_nan(json.at("loss_sum")),
                  .curve = LossCurve::from_json(json),
                  .log_bytes = json.at("log_bytes").get<std::int64_t>()};
  for (const Json& line : json.at("epochs")) {
    EpochFigures epoch{.step = line.at("step").get<std::int64_t>(),
                       .loss = number_or_nan(line.at("loss"))};
    for (const Json& figure : line.at("dev")) {
      epoch.dev.emplace_back(figure.at(0).get<std::string>(), number_or_nan(figure.at(1)));
    }
    run.epochs.push_back(std::move(epoch));
  }
  if (json.contains("best")) run.best = json.at("best").get<std::size_t>();
  return run;
}

// What a run saves, at whatever step: all epochs up to there, and a best one where there is a
// measure.
bool is_possible(const TrainingRun& run, bool has_dev, const FineTuning& tuning) {
  const std::int64_t all = tuning.all_steps();
  if (run.steps < 0 || run.steps > all || run.log_bytes < 0) return false;
  if (!run.curve.is_possible(run.steps)) return false;
  const std::int64_t epoch = tuning.steps_of_epoch();
  const auto ended =
      static_cast<std::size_t>(run.steps == all ? (all + epoch - 1) / epoch : run.steps / epoch);
  if (run.epochs.size() != ended) return false;
  std::int64_t end = 0;
  for (const EpochFigures& figures : run.epochs) {
    end = std::min(end + epoch, all);
    if (figures.step != end) return false;
  }
  return run.best ? has_dev && *run.best < ended : !has_dev || ended == 0;
}

}  // namespace

void save_state(const std::string& path, const std::string& digest, const TrainingRun& run,
                FineTuning& tuning, const KeptModels& kept) {
  const auto& good = kept.good.model();
  std::vector<NamedFloats> tensors;
  const std::vector<StateTensor> state = tuning.state();
  for (const StateTensor& tensor : state) {
    tensors.emplace_back(name_in_file(tensor), tensor.floats);
  }
  if (!kept.best.empty()) add_kept("best", kept.best, state, tensors);
  Json json = to_json(run);
  if (good) {
    add_kept("good", good->parameters, state, tensors);
    json["good"] = to_json(good->run);
  }
  write_state_file(path, digest, std::move(json), tensors);
}

std::optional<TrainingRun> load_state(const std::string& path, const std::string& digest,
                                      bool has_dev, FineTuning& tuning, KeptModels& kept) {
  const std::optional<StateFile> file = StateFile::open(path, digest);
  if (!file) return std::nullopt;
  TrainingRun run;
  std::optional<LastGood<TrainingRun>::Model> good;
  try {
    run = run_from(file->run());
    if (file->run().contains("good")) good = {run_from(file->run()["good"]), {}};
  } catch (const nlohmann::json::exception&) {
    file->refuse();
  }
  if (!is_possible(run, has_dev, tuning)) file->refuse();
  if (good && (good->run.steps >= run.steps || !is_possible(good->run, has_dev, tuning))) {
    file->refuse();
  }
  const std::vector<StateTensor> state = tuning.state();
  for (const StateTensor& tensor : state) file->read(name_in_file(tensor), *tensor.floats);
  if (run.best) kept.best = file->read_kept("best", state);
  if (good) good->parameters = file->read_kept("good", state);
  file->check();
  kept.good.take_up(std::move(good));
  tuning.take_up(run.steps);
  return run;
}

}  // namespace convbert::app
