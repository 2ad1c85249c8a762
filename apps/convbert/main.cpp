// convbert: ConvBERT, BERT and ELECTRA on the command line.
#include <unicode/uvernum.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>

#include "attention/command.h"
#include "bench/command.h"
#include "cli/console.h"
#include "cli/error_message.h"
#include "cli/exit_status.h"
#include "cli/help.h"
#include "cli/signals.h"
#include "cli/standard_descriptors.h"
#include "cli/unexpected.h"
#include "cli/usage_error.h"
#include "cli/version.h"
#include "cli/whole_output.h"
#include "commands/commands.h"
#include "core/mapped_file.h"
#include "distill/command.h"
#include "evaluate/command.h"
#include "nn/compute.h"
#include "pretrain/command.h"
#include "search/approximate/approximate_index.h"
#include "similar/command.h"
#include "train/bad_records.h"
#include "train/command.h"

namespace convbert::app {
namespace {

constexpr int kFailure = 2;

std::string version_text() {
  return concat("convbert ", kVersion, "\noneDNN ", nn::onednn_version(), ", ICU ", U_ICU_VERSION,
                ", FAISS ", faiss_version(), ", ", nn::name_of(nn::instruction_set()));
}

// In the order that CLI11 wants: the last one first. "help COMMAND" is "COMMAND --help".
std::vector<std::string> reversed_arguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty() && arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.resize(std::min<std::size_t>(arguments.size(), 1));
    arguments.push_back("--help");
  }
  std::ranges::reverse(arguments);
  return arguments;
}

// What --color says where the flags cannot be parsed, to tell so.
ColorChoice color_of(int argc, char** argv) {
  constexpr std::string_view kFlag = "--color";
  ColorChoice color = ColorChoice::automatic;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--") break;
    if (!argument.starts_with(kFlag)) continue;
    argument.remove_prefix(kFlag.size());
    const bool is_next = argument.empty() && i + 1 < argc;
    if (!is_next && !argument.starts_with('=')) continue;
    color = color_choice_from_name(is_next ? argv[i + 1] : argument.substr(1)).value_or(color);
  }
  return color;
}

int print(std::string_view text) {
  write_whole(OutputFile::standard_output(), text);
  return 0;
}

// The flags of all commands, and what to run once they are parsed.
class Program {
 public:
  Program()
      : app_("ConvBERT, BERT and ELECTRA: tokens, vectors, labels, attention.\n", "convbert") {
    app_.set_version_flag("-V,--version", version_text, "Show the version");
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
    add_tag_command(app_, choose);
    add_fill_mask_command(app_, choose);
    add_answer_command(app_, choose);
    add_detect_command(app_, choose);
    add_evaluate_command(app_, choose);
    add_similar_command(app_, choose);
    add_train_command(app_, choose);
    add_vocab_command(app_, choose);
    add_pretrain_command(app_, choose);
    add_distill_command(app_, choose);
    add_convert_command(app_, choose);
    add_info_command(app_, choose);
    add_bench_command(app_, choose);
    add_completion_command(app_, choose);
    for (CLI::App* command : app_.get_subcommands([](CLI::App*) { return true; })) {
      command->group("Commands");
      command->set_version_flag("-V,--version", version_text)->group("");  // not in its help
    }
    app_.footer(
        "Results go to standard output, everything else to standard error.\n"
        "Exit status: 0 all done, 1 some records failed, 2 the run could not be done.\n"
        "convbert COMMAND --help tells more.\n");
  }

  int run(int argc, char** argv) {
    console_ = Console({.color = color_of(argc, argv)});
    try {
      return parse_and_run(reversed_arguments(argc, argv));
    } catch (const StoppedByStrict& stop) {
      console_.error(stop.what());
      return kSomeFailed;
    } catch (const Error& error) {
      const bool is_ours = error.kind() == ErrorKind::internal;
      console_.error(concat(is_ours ? "internal error, please report: " : "", message_of(error)));
    } catch (const std::bad_alloc&) {
      console_.error("out of memory");
    } catch (const std::system_error& error) {  // no more threads, say
      console_.error(concat("the operating system refused: ", error.what()));
    } catch (const std::exception& error) {
      console_.error(concat("internal error, please report: ", error.what()));
    }
    return kFailure;
  }

 private:
  int parse_and_run(std::vector<std::string> arguments) {
    try {
      app_.parse(arguments);
    } catch (const CLI::CallForHelp&) {
      if (!app_.remaining().empty()) return refuse(unexpected_argument(app_));
      return print(app_.help());
    } catch (const CLI::CallForVersion& version) {
      return print(concat(version.what(), "\n"));
    } catch (const CLI::ExtrasError&) {
      return refuse(unexpected_argument(app_));
    } catch (const CLI::ParseError& error) {
      return refuse(error.what());
    }
    if (!command_) {
      console_.error("expected a command");
      std::fputs(("\n" + app_.help()).c_str(), stderr);
      return kFailure;
    }
    return command_(console_);
  }

  int refuse(const std::string& message) {
    const auto commands = app_.get_subcommands();
    const std::string command = commands.empty() ? "" : " " + commands.front()->get_name();
    console_.error(concat(message, " (see convbert", command, " --help)"));
    return kFailure;
  }

  CLI::App app_;
  Console console_;
  Command command_;
};

}  // namespace

// An exception that leaves a function which is to run once makes the C library load what unwinds
// it, and end the program where that has no memory; oneDNN throws there when it has none. What was
// loaded at the start stays.
static void load_unwinder() {
  std::once_flag flag;
  try {
    std::call_once(flag, [] { throw std::bad_alloc(); });
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace convbert::app

int main(int argc, char** argv) {
  convbert::app::open_standard_descriptors();
  convbert::app::load_unwinder();
  convbert::app::ignore_write_signals();
  convbert::survive_cut_files();
  return convbert::app::Program().run(argc, argv);
}
