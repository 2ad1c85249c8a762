// How --help looks.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace convbert::app {

// One option a paragraph: flags and value in front, the description wrapped beside them.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_subcommand(const CLI::App* command) const override;
};

}  // namespace convbert::app
