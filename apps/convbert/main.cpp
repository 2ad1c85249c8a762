// convbert: ConvBERT, BERT and ELECTRA on the command line.
#include <unicode/uvernum.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <new>

#include "attention/command.h"
#include "bench/command.h"
#include "cli/console.h"
#include "cli/help.h"
#include "cli/usage_error.h"
#include "cli/version.h"
#include "commands/commands.h"
#include "nn/compute.h"

namespace convbert::app {
namespace {

constexpr int kFailure = 2;

std::string version_text() {
  return concat("convbert ", kVersion, "\noneDNN ", nn::onednn_version(), ", ICU ", U_ICU_VERSION,
                ", ", nn::name_of(nn::instruction_set()));
}

// The flags of all commands, and what to run once they are parsed.
class Program {
 public:
  Program()
      : app_("ConvBERT, BERT and ELECTRA: tokenize, embed, classify, look at attention.\n",
             "convbert") {
    app_.set_version_flag("--version", version_text, "Show the version");
    app_.set_help_flag("-h,--help", "Show this help");
    app_.require_subcommand(0, 1);  // a missing one is reported here, behind unknown arguments
    auto formatter = std::make_shared<HelpFormatter>();
    formatter->column_width(28);
    app_.formatter(formatter);

    const Choose choose = [this](const ConsoleOptions& console, Command command) {
      console_ = Console(console);
      command_ = std::move(command);
    };
    add_tokenize_command(app_, choose);
    add_embed_command(app_, choose);
    add_classify_command(app_, choose);
    add_attention_command(app_, choose);
    add_info_command(app_, choose);
    add_bench_command(app_, choose);
    for (CLI::App* command : app_.get_subcommands([](CLI::App*) { return true; })) {
      command->group("Commands");
    }
    app_.footer(
        "Results go to standard output, everything else to standard error.\n"
        "Exit status: 0 all done, 1 some records failed, 2 the run could not be done.\n"
        "convbert COMMAND --help tells more.\n");
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
      if (!command_) usage_error("expected a command (see convbert --help)");
      return command_(console_);
    } catch (const CLI::Success& success) {
      return app_.exit(success);  // --help, --version
    } catch (const CLI::ParseError& error) {
      const auto commands = app_.get_subcommands();
      const std::string command = commands.empty() ? "" : " " + commands.front()->get_name();
      console_.error(concat(error.what(), " (see convbert", command, " --help)"));
    } catch (const Error& error) {
      const bool is_ours = error.kind() == ErrorKind::internal;
      console_.error(concat(is_ours ? "internal error, please report: " : "", error.what()));
    } catch (const std::bad_alloc&) {
      console_.error("out of memory");
    } catch (const std::exception& error) {
      console_.error(concat("internal error, please report: ", error.what()));
    }
    return kFailure;
  }

 private:
  CLI::App app_;
  Console console_;
  Command command_;
};

}  // namespace
}  // namespace convbert::app

int main(int argc, char** argv) { return convbert::app::Program().run(argc, argv); }
