#include "train/state_file.h"

#include <filesystem>
#include <limits>
#include <map>
#include <span>

#include "cli/usage_error.h"
#include "io/output_file.h"

namespace convbert::app {
namespace {

constexpr const char* kRun = "run";

std::string kept_name(const std::string& role, const StateTensor& tensor) {
  return role + "." + tensor.name;
}

}  // namespace

void replace_file(const std::string& path,
                  const std::function<void(const SafetensorsWriter::Put&)>& fill) {
  try {
    OutputFile file = OutputFile::create(path);
    fill([&](std::span<const std::byte> bytes) {
      file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    });
    file.finish();
  } catch (...) {
    std::error_code error;
    std::filesystem::remove(OutputFile::partial_path(path), error);
    throw;
  }
}

std::string name_in_file(const StateTensor& tensor) {
  switch (tensor.role) {
    case StateRole::parameter: return "parameter." + tensor.name;
    case StateRole::mean: return "mean." + tensor.name;
    case StateRole::square: return "square." + tensor.name;
  }
  throw Error(ErrorKind::internal, "state of training: unknown role");
}

double number_or_nan(const Json& json) {
  return json.is_number() ? json.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

void add_kept(const std::string& role, const SavedParameters& kept,
              const std::vector<StateTensor>& state, std::vector<NamedFloats>& tensors) {
  std::size_t next = 0;
  for (const StateTensor& tensor : state) {
    if (tensor.role != StateRole::parameter) continue;
    tensors.emplace_back(kept_name(role, tensor), &kept.at(next++));
  }
}

void write_state_file(const std::string& path, const std::string& digest, Json run,
                      const std::vector<NamedFloats>& tensors) {
  run["digest"] = digest;
  const std::string json = run.dump();
  std::vector<TensorHeader> headers{{kRun, DType::u8, {std::ssize(json)}}};
  std::map<std::string, const std::vector<float>*> values;
  for (const auto& [name, floats] : tensors) {
    headers.push_back({name, DType::f32, {std::ssize(*floats)}});
    values.emplace(name, floats);
  }
  replace_file(path, [&](const SafetensorsWriter::Put& put) {
    SafetensorsWriter writer(std::move(headers), put);
    for (const TensorHeader& tensor : writer.tensors()) {
      if (tensor.name == kRun) {
        writer.append_bytes(std::as_bytes(std::span(json)));
      } else {
        writer.append(*values.at(tensor.name));
      }
    }
    writer.finish();
  });
}

StateFile::StateFile(const std::string& path)
    : path_(path), file_(path), tensors_(read_safetensors(file_.bytes(), printable(path))) {
  const auto found = tensors_.find(kRun);
  if (found == tensors_.end() || found->second.dtype != DType::u8) refuse();
  std::string text(static_cast<std::size_t>(found->second.elements()), '\0');
  found->second.copy_bytes_to(std::as_writable_bytes(std::span(text)));
  run_ = parse_json(text, printable(path));
}

std::optional<StateFile> StateFile::open(const std::string& path, const std::string& digest) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  StateFile state(path);
  if (!state.run_.is_object() || !state.run_.contains("digest")) state.refuse();
  if (state.run_["digest"] != digest) {
    usage_error("--resume: ", printable(path), " is of a run with other records, options or ",
                "another model; repeat the command that began it, or begin anew without --resume");
  }
  return state;
}

void StateFile::read(const std::string& name, std::vector<float>& floats) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end() || found->second.dtype != DType::f32 ||
      found->second.elements() != std::ssize(floats)) {
    refuse();
  }
  found->second.copy_to(floats);
}

SavedParameters StateFile::read_kept(const std::string& role,
                                     const std::vector<StateTensor>& state) const {
  SavedParameters kept;
  for (const StateTensor& tensor : state) {
    if (tensor.role != StateRole::parameter) continue;
    kept.emplace_back(tensor.floats->size());
    read(kept_name(role, tensor), kept.back());
  }
  return kept;
}

void StateFile::refuse() const {
  throw Error(ErrorKind::format,
              concat(printable(path_), ": a damaged state of training; remove it, ",
                     "or begin anew without --resume"));
}

}  // namespace convbert::app
