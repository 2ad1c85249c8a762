#include "cli/flag_group.h"

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "core/error.h"
#include "core/numbers.h"

namespace convbert::app {

template <class Number>
Flag Flag::within(Number least, Number most) const {
  option_->check(CLI::Range(least, most).description(""));
  if constexpr (std::is_floating_point_v<Number>) {
    // NaN is neither below nor above.
    option_->check([](const std::string& text) {
      const auto value = parse_number<double>(text);
      return value && std::isnan(*value) ? concat("expected a number, found ", text) : "";
    });
  }
  return *this;
}
template Flag Flag::within(int, int) const;
template Flag Flag::within(float, float) const;
template Flag Flag::within(double, double) const;

Flag Flag::one_of(const std::vector<std::string>& choices) const {
  option_->check(CLI::IsMember(choices));
  return *this;
}

Flag Flag::not_empty() const {
  option_->check(
      [](const std::string& value) { return value.empty() ? "expected a name, found \"\"" : ""; });
  return *this;
}

Flag Flag::required() const {
  option_->required();
  return *this;
}

Flag Flag::needs(Flag other) const {
  option_->needs(other.option_);
  return *this;
}

Flag Flag::excludes(Flag other) const {
  option_->excludes(other.option_);
  return *this;
}

Flag Flag::one_value() const {
  option_->allow_extra_args(false);
  return *this;
}

Flag Flag::with_default() const {
  option_->capture_default_str();
  return *this;
}

Flag Flag::with_default(const std::string& text) const {
  option_->default_str(text);
  return *this;
}

Flag Flag::description(const std::string& text) const {
  option_->description(text);
  return *this;
}

template <class Value>
Flag FlagGroup::add(const std::string& names, Value& value, const std::string& type,
                    const std::string& description) {
  return Flag(*command_.add_option(names, value, description)->group(name_)->type_name(type));
}

template <class Value>
Flag FlagGroup::add_argument(const std::string& name, Value& value,
                             const std::string& description) {
  return Flag(*command_.add_option(name, value, description)->group(name_));
}

template <class Value>
Flag FlagGroup::add_list(const std::string& names, std::vector<Value>& values,
                         const std::string& type, const std::string& description) {
  return Flag(*command_.add_option(names, values, description)
                   ->group(name_)
                   ->type_name(type)
                   ->delimiter(',')
                   ->allow_extra_args(false));
}

Flag FlagGroup::add_flag(const std::string& names, bool& value, const std::string& description) {
  return Flag(*command_.add_flag(names, value, description)->group(name_));
}

void remove_flag(CLI::App& command, const std::string& name) {
  command.remove_option(command.get_option(name));
}

void describe_flag(CLI::App& command, const std::string& name, const std::string& description) {
  command.get_option(name)->description(description);
}

void set_footer(CLI::App& command, const std::string& text) { command.footer(text); }

// The types that flags have.
#define CONVBERT_FLAG_OF(...)                                                        \
  template Flag FlagGroup::add(const std::string&, __VA_ARGS__&, const std::string&, \
                               const std::string&)
CONVBERT_FLAG_OF(std::string);
CONVBERT_FLAG_OF(std::optional<std::string>);
CONVBERT_FLAG_OF(std::vector<std::string>);
CONVBERT_FLAG_OF(int);
CONVBERT_FLAG_OF(std::int64_t);
CONVBERT_FLAG_OF(std::optional<std::int64_t>);
CONVBERT_FLAG_OF(float);
CONVBERT_FLAG_OF(std::optional<float>);
CONVBERT_FLAG_OF(double);
CONVBERT_FLAG_OF(std::optional<double>);
#undef CONVBERT_FLAG_OF

template Flag FlagGroup::add_argument(const std::string&, std::string&, const std::string&);
template Flag FlagGroup::add_argument(const std::string&, std::vector<std::string>&,
                                      const std::string&);
template Flag FlagGroup::add_list(const std::string&, std::vector<std::string>&, const std::string&,
                                  const std::string&);
template Flag FlagGroup::add_list(const std::string&, std::vector<int>&, const std::string&,
                                  const std::string&);

}  // namespace convbert::app
