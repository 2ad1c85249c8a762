#include "train/training_state.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <span>

#include "checkpoint/safetensors.h"
#include "checkpoint/safetensors_writer.h"
#include "cli/usage_error.h"
#include "core/json.h"
#include "core/mapped_file.h"
#include "io/output_file.h"

namespace convbert::app {
namespace {

using StateTensor = FineTuning::StateTensor;

constexpr const char* kRun = "run";

bool is_parameter(const StateTensor& tensor) {
  return tensor.role == FineTuning::StateRole::parameter;
}

std::string name_in_file(const StateTensor& tensor) {
  switch (tensor.role) {
    case FineTuning::StateRole::parameter: return "parameter." + tensor.name;
    case FineTuning::StateRole::mean: return "mean." + tensor.name;
    case FineTuning::StateRole::square: return "square." + tensor.name;
  }
  throw Error(ErrorKind::internal, "state of training: unknown role");
}

std::string best_name(const StateTensor& tensor) { return "best." + tensor.name; }

// JSON has no NaN: null.
double number_or_nan(const Json& json) {
  return json.is_number() ? json.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

std::string to_json(const std::string& digest, const TrainingRun& run) {
  Json epochs = Json::array();
  for (const EpochFigures& epoch : run.epochs) {
    Json dev = Json::array();
    for (const auto& [name, value] : epoch.dev) dev.push_back({name, value});
    epochs.push_back({{"step", epoch.step}, {"loss", epoch.loss}, {"dev", std::move(dev)}});
  }
  Json curve = Json::array();
  for (const CurvePoint& point : run.curve) {
    curve.push_back({point.step, point.loss, point.learning_rate});
  }
  Json json{{"digest", digest},
            {"steps", run.steps},
            {"loss_sum", run.loss_sum},
            {"epochs", std::move(epochs)},
            {"curve", std::move(curve)},
            {"curve_sum", run.curve_sum},
            {"curve_steps", run.curve_steps},
            {"log_bytes", run.log_bytes}};
  if (run.best) json["best"] = *run.best;
  return json.dump();
}

// Throws nlohmann's exceptions for anything else.
TrainingRun run_from(const Json& json) {
  TrainingRun run{.steps = json.at("steps").get<std::int64_t>(),
                  .loss_sum = number_or_nan(json.at("loss_sum")),
                  .curve_sum = number_or_nan(json.at("curve_sum")),
                  .curve_steps = json.at("curve_steps").get<std::int64_t>(),
                  .log_bytes = json.at("log_bytes").get<std::int64_t>()};
  for (const Json& point : json.at("curve")) {
    run.curve.push_back(
        {point.at(0).get<std::int64_t>(), number_or_nan(point.at(1)), number_or_nan(point.at(2))});
  }
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

[[noreturn]] void refuse_damaged(const std::string& path) {
  throw Error(ErrorKind::format,
              concat(printable(path), ": a damaged state of training; remove it, ",
                     "or begin anew without --resume"));
}

// The floats of that name, of as many elements as there should be.
void read(const TensorMap& tensors, const std::string& name, std::vector<float>& floats,
          const std::string& path) {
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.dtype != DType::f32 ||
      found->second.elements() != std::ssize(floats)) {
    refuse_damaged(path);
  }
  found->second.copy_to(floats);
}

using TensorValues = std::map<std::string, const std::vector<float>*>;

void write(const std::string& path, std::vector<TensorHeader> headers, const std::string& json,
           const TensorValues& values) {
  OutputFile file = OutputFile::create(path);
  SafetensorsWriter writer(std::move(headers), [&](std::span<const std::byte> bytes) {
    file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  });
  for (const TensorHeader& tensor : writer.tensors()) {
    if (tensor.name == kRun) {
      writer.append_bytes(std::as_bytes(std::span(json)));
    } else {
      writer.append(*values.at(tensor.name));
    }
  }
  writer.finish();
  file.finish();
}

}  // namespace

void save_state(const std::string& path, const std::string& digest, const TrainingRun& run,
                FineTuning& tuning, const SavedParameters& best) {
  const std::string json = to_json(digest, run);
  const std::vector<StateTensor> state = tuning.state();
  std::vector<TensorHeader> headers{{kRun, DType::u8, {std::ssize(json)}}};
  TensorValues values;
  const auto add = [&](const std::string& name, const std::vector<float>& floats) {
    headers.push_back({name, DType::f32, {std::ssize(floats)}});
    values.emplace(name, &floats);
  };
  std::size_t parameter = 0;
  for (const StateTensor& tensor : state) {
    add(name_in_file(tensor), *tensor.floats);
    if (is_parameter(tensor) && !best.empty()) add(best_name(tensor), best.at(parameter++));
  }
  try {
    write(path, std::move(headers), json, values);
  } catch (...) {  // a full disk, say: the state before this one is still there
    std::error_code error;
    std::filesystem::remove(OutputFile::partial_path(path), error);
    throw;
  }
}

std::optional<TrainingRun> load_state(const std::string& path, const std::string& digest,
                                      FineTuning& tuning, SavedParameters& best) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  const MappedFile file(path);
  const TensorMap tensors = read_safetensors(file.bytes(), printable(path));
  const auto found = tensors.find(kRun);
  if (found == tensors.end() || found->second.dtype != DType::u8) refuse_damaged(path);
  std::string text(static_cast<std::size_t>(found->second.elements()), '\0');
  found->second.copy_bytes_to(std::as_writable_bytes(std::span(text)));
  TrainingRun run;
  try {
    const Json json = parse_json(text, printable(path));
    if (json.at("digest").get<std::string>() != digest) {
      usage_error(
          "--resume: ", printable(path), " is of a run with other records, options or ",
          "another model; repeat the command that began it, or begin anew without --resume");
    }
    run = run_from(json);
  } catch (const nlohmann::json::exception&) {
    refuse_damaged(path);
  }
  if (run.steps < 0 || run.steps > tuning.all_steps() || run.log_bytes < 0 ||
      (run.best && *run.best >= run.epochs.size())) {
    refuse_damaged(path);
  }
  for (const StateTensor& tensor : tuning.state()) {
    read(tensors, name_in_file(tensor), *tensor.floats, path);
    if (!is_parameter(tensor) || !run.best) continue;
    best.emplace_back(tensor.floats->size());
    read(tensors, best_name(tensor), best.back(), path);
  }
  file.check();
  tuning.take_up(run.steps);
  return run;
}

}  // namespace convbert::app
