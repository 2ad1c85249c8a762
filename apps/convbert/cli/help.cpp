#include "cli/help.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "cli/console.h"
#include "core/error.h"

namespace convbert::app {
namespace {

// Columns of a line: the terminal's, within what is good to read.
std::size_t line_width() {
  constexpr std::int64_t kNarrowest = 60;
  constexpr std::int64_t kWidest = 100;
  const std::int64_t columns = terminal_columns(STDOUT_FILENO).value_or(kWidest);
  return static_cast<std::size_t>(std::clamp(columns, kNarrowest, kWidest));
}

std::string wrap(const std::string& text, std::size_t width) {
  std::istringstream words(text);
  std::string wrapped;
  std::size_t column = 0;
  for (std::string word; words >> word;) {
    if (column > 0 && column + 1 + word.size() > width) {
      wrapped += '\n';
      column = 0;
    } else if (column > 0) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
  }
  return wrapped;
}

}  // namespace

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->nonpositional() && option->get_type_size() != 0) {
    const std::string type = option->get_type_name();  // "NAME:{a,b}", for completion
    return " " + type.substr(0, type.find(':'));
  }
  return "";
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  if (const std::string value = option->get_default_str(); !value.empty() && value != "0") {
    text += concat(" (default: ", value, ")");
  }
  return wrap(text, line_width() - get_column_width());
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  const bool has_commands = !app->get_subcommands([](const CLI::App*) { return true; }).empty();
  std::string usage = "Usage: " + name + (has_commands ? " COMMAND" : "") + " [OPTIONS]";
  for (const CLI::Option* option : app->get_options()) {
    if (!option->get_positional()) continue;
    const bool many = option->get_items_expected_max() > 1;
    usage += concat(" [", option->get_name(true), many ? "..." : "", "]");
  }
  return usage + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  std::stringstream out;
  CLI::detail::format_help(out, command->get_name(),
                           wrap(command->get_description(), line_width() - get_column_width()),
                           get_column_width());
  return out.str();
}

}  // namespace convbert::app
