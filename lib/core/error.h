// The one exception type of the library.
#pragma once

#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace convbert {

enum class ErrorKind {
  usage,     // a request that cannot be carried out
  input,     // a record that is not what it should be; the run can go on
  format,    // a model or file whose content is not what its format says
  system,    // the operating system refused: missing file, full disk, failed read
  internal,  // a broken promise inside the library
};

// The name of an option of the caller's: a member of one of the library's requests.
struct OptionName {
  const char* name;
};

// what() is one line that names the file, line, tensor or option, what was expected and what was
// found, and where it helps, what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  // Of an option: what() is its name with `rest` behind it, as in "dim: expected 1 to 256".
  Error(ErrorKind kind, OptionName option, const std::string& rest)
      : std::runtime_error(option.name + rest), kind_(kind), option_(option.name) {}
  ErrorKind kind() const { return kind_; }
  // The option whose name what() begins with; "" for none. A program puts there what it calls it.
  std::string_view option() const { return option_; }

 private:
  ErrorKind kind_;
  const char* option_ = "";
};

// Joins the printed forms of its arguments: concat("found ", 3, " rows"). Files are made of them,
// too, so a host's locale that groups digits does not count.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  (out << ... << parts);
  return std::move(out).str();
}

// Text from outside made fit for a one-line message: what a terminal would obey or reorder (C0 and
// C1 controls, line and paragraph separators, bidirectional controls) and ill-formed UTF-8 become
// '?', and it is cut to at most `limit` bytes at a UTF-8 boundary.
std::string printable(std::string_view text, std::size_t limit = 120);

// The same for a text of many lines: line feeds and tabs stay, and nothing is cut.
std::string printable_lines(std::string_view text);

// A name from outside in double quotes, printable, cut to 60 bytes.
std::string quoted(std::string_view name);

}  // namespace convbert
