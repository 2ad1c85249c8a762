#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/error.h"

namespace convbert::app {

namespace {

bool is_dumb_terminal() {
  const char* terminal = std::getenv("TERM");
  return terminal != nullptr && std::string_view(terminal) == "dumb";
}

}  // namespace

std::optional<ColorChoice> color_choice_from_name(std::string_view name) {
  if (name == "auto") return ColorChoice::automatic;
  if (name == "always") return ColorChoice::always;
  if (name == "never") return ColorChoice::never;
  return std::nullopt;
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::optional<std::int64_t> terminal_columns(int descriptor) {
  constexpr std::int64_t kMost = 1000;
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* variable = std::getenv("COLUMNS");
  const std::int64_t columns = variable == nullptr ? 0 : std::atoll(variable);
  if (columns < 1) return std::nullopt;
  return std::min(columns, kMost);
}

bool wants_color(int descriptor, ColorChoice choice) {
  if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool is_off = no_color != nullptr && *no_color != '\0';
  const bool is_dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return !is_off && !is_dumb && ::isatty(descriptor) == 1;
}

Console::Console(const ConsoleOptions& options)
    : options_(options),
      is_terminal_(::isatty(STDERR_FILENO) == 1),
      can_replace_(is_terminal_ && !is_dumb_terminal()),
      use_color_(wants_color(STDERR_FILENO, options.color)) {}

void Console::print(std::string_view label, std::string_view color, std::string_view message) {
  clear_status();
  std::string line = "convbert: ";
  if (!label.empty()) {
    if (use_color_) line += color;
    line += label;
    if (use_color_) line += "\x1b[0m";
    line += ": ";
  }
  line += printable(message, kMessageBytes);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void Console::error(std::string_view message) { print("error", "\x1b[1;31m", message); }

void Console::warning(std::string_view message) {
  if (!options_.quiet) print("warning", "\x1b[1;33m", message);
}

void Console::note(std::string_view message) {
  if (!options_.quiet) print("", "", message);
}

void Console::detail(std::string_view message) {
  if (options_.verbose && !options_.quiet) print("", "", message);
}

void Console::status(std::span<const std::string> lines) {
  if (!shows_status()) return;
  // The last column stays free: some terminals go to the next line there.
  const auto most =
      static_cast<std::size_t>(terminal_columns(STDERR_FILENO).value_or(kUsualColumns) - 1);
  std::string line;
  for (const std::string& one : lines) {
    line = one.substr(0, most);
    if (line.size() == one.size()) break;
  }
  std::string text = "\r\x1b[K";
  text += line;
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  has_status_ = true;
}

void Console::clear_status() {
  if (!has_status_) return;
  std::fputs("\r\x1b[K", stderr);
  has_status_ = false;
}

}  // namespace convbert::app
