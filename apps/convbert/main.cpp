// convbert: ConvBERT, BERT and ELECTRA on the command line.
#include <unicode/uvernum.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <new>

#include "commands.h"
#include "console.h"
#include "core/error.h"
#include "help.h"
#include "nn/compute.h"
#include "version.h"

namespace convbert::app {
namespace {

constexpr int kFailure = 2;

std::string version_text() {
  return concat("convbert ", kVersion, "\noneDNN ", nn::onednn_version(), ", ICU ",
                U_ICU_VERSION, ", ", nn::name_of(nn::instruction_set()));
}

int run_command(const std::function<int()>& command) {
  try {
    return command();
  } catch (const Error& error) {
    const char* prefix = error.kind() == ErrorKind::internal ? "internal error, please report: " : "";
    Console().error(prefix + std::string(error.what()));
  } catch (const std::bad_alloc&) {
    Console().error("out of memory");
  } catch (const std::exception& error) {
    Console().error(concat("internal error, please report: ", error.what()));
  }
  return kFailure;
}

int run_program(int argc, char** argv) {
  CLI::App app("ConvBERT, BERT and ELECTRA: tokenize, embed, classify, look at attention.\n",
               "convbert");
  app.set_version_flag("--version", version_text, "Show the version");
  app.set_help_flag("-h,--help", "Show this help");
  app.require_subcommand(0, 1);  // a missing one is reported below, behind unknown arguments
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(28);
  app.formatter(formatter);

  std::function<int()> chosen;
  const Choose choose = [&](std::function<int()> command) { chosen = std::move(command); };
  add_tokenize_command(app, choose);
  add_embed_command(app, choose);
  add_classify_command(app, choose);
  add_attention_command(app, choose);
  add_info_command(app, choose);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    command->group("Commands");
  }
  app.footer("Results go to standard output, everything else to standard error.\n"
             "Exit status: 0 all done, 1 some records failed, 2 the run could not be done.\n"
             "convbert COMMAND --help tells more.\n");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    const auto commands = app.get_subcommands();
    const std::string command = commands.empty() ? "" : " " + commands.front()->get_name();
    Console().error(concat(error.what(), " (see convbert", command, " --help)"));
    return kFailure;
  }
  if (!chosen) {
    Console().error("expected a command (see convbert --help)");
    return kFailure;
  }
  return run_command(chosen);
}

}  // namespace
}  // namespace convbert::app

int main(int argc, char** argv) { return convbert::app::run_program(argc, argv); }
