// Flags added to one group of a command's help, each in one statement.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <utility>
#include <vector>

namespace convbert::app {

// Bounds of a number, both included.
template <class Number>
CLI::Validator within(Number least, Number most) {
  return CLI::Range(least, most).description("");
}

// "" is no file, folder or model.
inline CLI::Validator not_empty() {
  return {[](std::string& value) { return value.empty() ? "expected a name, found \"\"" : ""; },
          ""};
}

class FlagGroup {
 public:
  // In a command's own help: the name of its paragraph.
  FlagGroup(CLI::App& command, std::string name) : command_(command), name_(std::move(name)) {}

  // `names` as "-t,--text"; `type` is what --help calls the value.
  template <class Value>
  CLI::Option* add(const std::string& names, Value& value, const std::string& type,
                   const std::string& description) {
    return command_.add_option(names, value, description)->group(name_)->type_name(type);
  }
  // One of `choices`. `value` is what holds without the flag; --help shows it unless it is empty.
  template <class Value>
  CLI::Option* add_choice(const std::string& names, Value& value,
                          const std::vector<std::string>& choices, const std::string& type,
                          const std::string& description) {
    return add(names, value, type, description)->check(CLI::IsMember(choices).description(""));
  }
  // Several values, separated by commas or in several flags.
  template <class Value>
  CLI::Option* add_list(const std::string& names, std::vector<Value>& values,
                        const std::string& type, const std::string& description) {
    return add(names, values, type, description)->delimiter(',')->allow_extra_args(false);
  }
  CLI::Option* add_flag(const std::string& names, bool& value, const std::string& description) {
    return command_.add_flag(names, value, description)->group(name_);
  }

 private:
  CLI::App& command_;
  std::string name_;
};

}  // namespace convbert::app
