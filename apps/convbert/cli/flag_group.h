// Flags added to one group of a command's help, each in one statement. What parses them, CLI11,
// takes ten seconds to compile wherever it is included, so that only the sources of this room do.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace convbert::app {

// A flag that was added, to say more of it. The command keeps the flag itself.
class Flag {
 public:
  explicit Flag(CLI::Option& option) : option_(&option) {}

  // Bounds of a number, both included; Number is int, float or double.
  template <class Number>
  Flag within(Number least, Number most) const;
  Flag one_of(const std::vector<std::string>& choices) const;
  // "" is no file, folder or model.
  Flag not_empty() const;
  Flag required() const;
  Flag needs(Flag other) const;
  Flag excludes(Flag other) const;
  // One value each time it is given.
  Flag one_value() const;
  // What --help shows as what holds without the flag: the variable's value, or `text`.
  Flag with_default() const;
  Flag with_default(const std::string& text) const;
  Flag description(const std::string& text) const;

 private:
  CLI::Option* option_;
};

class FlagGroup {
 public:
  // In a command's own help: the name of its paragraph.
  FlagGroup(CLI::App& command, std::string name) : command_(command), name_(std::move(name)) {}

  // `names` as "-t,--text"; `type` is what --help calls the value. The types of Value are listed in
  // flag_group.cpp.
  template <class Value>
  Flag add(const std::string& names, Value& value, const std::string& type,
           const std::string& description);
  // What stands without a flag's name, called `name` in --help.
  template <class Value>
  Flag add_argument(const std::string& name, Value& value, const std::string& description);
  // One of `choices`.
  template <class Value>
  Flag add_choice(const std::string& names, Value& value, const std::vector<std::string>& choices,
                  const std::string& type, const std::string& description) {
    return add(names, value, type, description).one_of(choices);
  }
  // Several values, separated by commas or in several flags.
  template <class Value>
  Flag add_list(const std::string& names, std::vector<Value>& values, const std::string& type,
                const std::string& description);
  Flag add_flag(const std::string& names, bool& value, const std::string& description);

 private:
  CLI::App& command_;
  std::string name_;
};

// Flags that several commands share, in a command that has no use for one or calls it otherwise.
void remove_flag(CLI::App& command, const std::string& name);
void describe_flag(CLI::App& command, const std::string& name, const std::string& description);

// What --help of a command ends with.
void set_footer(CLI::App& command, const std::string& text);

}  // namespace convbert::app
