#include "run/run_state.h"

#include <fcntl.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <utility>

#include "cli/usage_error.h"
#include "cli/version.h"
#include "core/json.h"
#include "core/utf8.h"
#include "io/json_builder.h"
#include "io/output_file.h"
#include "io/write_all.h"

namespace convbert::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostStateBytes = 1 << 20;  // that are read

std::string hexadecimal(XXH128_hash_t hash) {
  std::array<char, 33> digits;
  std::snprintf(digits.data(), digits.size(), "%016llx%016llx",
                static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return digits.data();
}

// A line of the file; null for anything else.
Json parse_line(const std::string& line) {
  constexpr JsonLimits kLimits{.depth = 4, .values = 1000};
  try {
    return parse_json(line, "", kLimits);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

void Digest::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

Digest::Digest() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}

void Digest::add_bytes(std::span<const char> bytes) {
  XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
}

void Digest::add_text(std::string_view text) {
  const std::uint64_t size = text.size();
  XXH3_128bits_update(state_.get(), &size, sizeof size);
  add_bytes(text);
}

void Digest::add_file(const std::string& path) {
  constexpr std::size_t kPiece = 1 << 20;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return add_text(path);
  add_text(fs::path(path).filename().string());
  std::ifstream file(path, std::ios::binary);
  std::vector<char> piece(kPiece);
  std::uint64_t size = 0;
  while (file) {
    file.read(piece.data(), std::ssize(piece));
    const auto count = static_cast<std::size_t>(file.gcount());
    add_bytes(std::span(piece).first(count));
    size += count;
  }
  XXH3_128bits_update(state_.get(), &size, sizeof size);
}

void Digest::add_record(const Record& record) {
  const std::int64_t sizes[] = {record.number, record.line, std::ssize(record.fields),
                                record.pair ? 1 : 0};
  XXH3_128bits_update(state_.get(), sizes, sizeof sizes);
  for (const RecordField& field : record.fields) {
    add_text(field.name);
    add_text(field.json);
  }
  add_text(record.text);
  if (record.pair) add_text(*record.pair);
  add_text(record.error);
}

std::string Digest::text() const { return hexadecimal(XXH3_128bits_digest(state_.get())); }

RunState::RunState(const OutputRequest& output, std::vector<std::string> files)
    : output_(output), files_(std::move(files)), path_(OutputFile::state_path(output.path)) {}

const std::string& RunState::first_line() {
  if (first_line_) return *first_line_;
  Digest files;
  for (const std::string& path : files_) files.add_file(path);
  std::vector<std::string> command = output_.options;
  for (std::string& part : command) part = replace_invalid_utf8(part);
  std::string line;
  JsonBuilder json(line);
  json.begin_object().member("convbert", std::string_view(kVersion));
  json.member("command", std::span<const std::string>(command));
  json.member("format", name_of(output_.format));
  json.member("files", files.text());
  json.end_object();
  return first_line_.emplace(std::move(line));
}

void RunState::check(const std::string& line) {
  const std::string& ours = first_line();
  if (line == ours) return;
  const Json found = parse_line(line);
  const Json expected = Json::parse(ours);
  for (const auto& [name, value] : expected.items()) {
    if (found.is_object() && found.contains(name) && found[name] == value) continue;
    const std::string other =
        found.is_object() && found.contains(name) ? found[name].dump() : "nothing that can be read";
    const std::string difference =
        name == "files" && found.is_object()
            ? concat("one of the files that results depend on has changed since (",
                     printable(list_of(files_, " or "), 300), ")")
            : concat(name, " is ", printable(value.dump()), ", there ", printable(other));
    usage_error(output_.path, ": its partial file was written by another run: ", difference,
                "; run as then, or without --resume");
  }
}

void RunState::load() {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(path_, error))) return;
  std::ifstream file(path_, std::ios::binary);
  const std::uintmax_t size = fs::file_size(path_, error);
  std::string text(error ? 0 : std::min(size, kMostStateBytes), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  bool is_first = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) return;  // cut short as it was written
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (std::exchange(is_first, false)) {
      check(line);
      continue;
    }
    const Json found = parse_line(line);
    if (!found.is_object()) return;
    const Json& records = found.value("records", Json());
    const Json& input = found.value("input", Json());
    if (!records.is_number_integer() || !input.is_string()) return;
    loaded_.push_back({records, input});
  }
}

std::int64_t RunState::known(std::int64_t count) const {
  std::int64_t known = 0;
  for (const Checkpoint& checkpoint : loaded_) {
    if (checkpoint.records <= count) known = std::max(known, checkpoint.records);
  }
  return known;
}

bool RunState::take_up(const Record& record) {
  add(record);
  while (taken_up_ < loaded_.size() && loaded_[taken_up_].records < records_) ++taken_up_;
  if (taken_up_ == loaded_.size() || loaded_[taken_up_].records > records_) return true;
  return loaded_[taken_up_++].input == digest_.text();
}

void RunState::add(const Record& record) {
  digest_.add_record(record);
  ++records_;
}

void RunState::flushed() {
  // The longer it runs, the more it may lose: a hundredth at most, and the file stays small.
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + std::max<std::chrono::steady_clock::duration>(kLeastInterval, (now - start_) / 100);
  save();
}

void RunState::save() {
  if (records_ == 0) return;
  std::string lines;
  const auto append = [&lines](std::int64_t records, std::string_view input) {
    JsonBuilder(lines)
        .begin_object()
        .member("records", records)
        .member("input", input)
        .end_object();
    lines += '\n';
  };
  if (file_.number() < 0) {
    file_ = FileDescriptor(::open(
        path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (file_.number() < 0) {
      throw Error(ErrorKind::system, concat(path_, ": cannot open: ", std::strerror(errno),
                                            "; what --resume needs is kept there"));
    }
    lines = first_line() + "\n";
    for (std::size_t i = 0; i < taken_up_; ++i) append(loaded_[i].records, loaded_[i].input);
  }
  append(records_, digest_.text());
  write_all(file_.number(), std::as_bytes(std::span(lines)), path_);
}

}  // namespace convbert::app
