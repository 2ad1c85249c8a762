// What the program says to a person: everything that is not a result goes to standard error.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace convbert::app {

enum class ColorChoice { automatic, always, never };
// "auto", "always", "never"; nothing for anything else.
std::optional<ColorChoice> color_choice_from_name(std::string_view name);

struct ConsoleOptions {
  bool quiet = false;    // errors only
  bool verbose = false;  // what is loaded and used, too
  ColorChoice color = ColorChoice::automatic;
};

// One for the process, used from the main thread. A message is one line: control characters and
// ill-formed bytes in it are made printable, and it is cut at kMessageBytes.
inline constexpr std::size_t kMessageBytes = 2000;
class Console {
 public:
  explicit Console(const ConsoleOptions& options = {});

  void error(std::string_view message);
  void warning(std::string_view message);  // not when quiet
  void note(std::string_view message);     // not when quiet
  void detail(std::string_view message);   // only when verbose
  // A line that the next call replaces; shown on a terminal only, and not when quiet. Of several
  // that tell less and less, the first that the terminal has the width for; it never wraps.
  void status(std::span<const std::string> lines);
  void status(const std::string& line) { status({&line, 1}); }
  void clear_status();

  bool is_verbose() const { return options_.verbose; }
  bool is_terminal() const { return is_terminal_; }
  ColorChoice color_choice() const { return options_.color; }
  bool shows_status() const { return can_replace_ && !options_.quiet; }

 private:
  void print(std::string_view label, std::string_view color, std::string_view message);

  ConsoleOptions options_;
  bool is_terminal_;
  bool can_replace_;  // lines: no printer, no log
  bool use_color_;
  bool has_status_ = false;
};

// "1,234,567"
std::string grouped(std::int64_t number);

// Columns of the terminal that the descriptor is, else COLUMNS; nothing where neither says.
std::optional<std::int64_t> terminal_columns(int descriptor);
inline constexpr std::int64_t kUsualColumns = 80;

// Does this descriptor take colours under that choice? NO_COLOR and TERM=dumb count for automatic.
bool wants_color(int descriptor, ColorChoice choice);

}  // namespace convbert::app
