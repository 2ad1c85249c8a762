// Maps to look at.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "attention/map_writer.h"
#include "cli/console.h"
#include "figures/page/html_page.h"
#include "figures/picture/picture.h"
#include "figures/terminal/terminal.h"

namespace convbert::app {
namespace {

PictureFormat picture_format(Format format) {
  return format == Format::png   ? PictureFormat::png
         : format == Format::svg ? PictureFormat::svg
                                 : PictureFormat::pdf;
}

PictureStyle picture_style(const LookOptions& look) {
  return {look.theme.value_or(Theme::light), look.scale, look.width, look.resolution};
}

class PictureWriter : public MapWriter {
 public:
  PictureWriter(Format format, const LookOptions& look)
      : format_(format), style_(picture_style(look)) {}

  void write(std::span<const TextMaps> of_models, Job& job, const ResultLayout&) const override {
    try {
      job.output = draw_maps(of_models.front(), style_, picture_format(format_));
    } catch (const PictureTooLarge& error) {
      throw Error(ErrorKind::input,
                  concat(error.what(), ": --from and --to, --words, --layer and --head take fewer",
                         style_.width > 0 ? ", a smaller --width draws them smaller" : ""));
    }
  }
  std::unique_ptr<ResultSink> make_sink(OutputFile& output) const override {
    return make_lone_sink(format_, output);
  }

 private:
  Format format_;
  PictureStyle style_;
};

class PageWriter : public MapWriter {
 public:
  PageWriter(const LookOptions& look, const std::vector<std::string>& models, bool is_page_of_each)
      : frame_{html_head({.title = title_of(models),
                          .theme = look.theme.value_or(Theme::light),
                          .scale = look.scale,
                          .models = models}),
               html_tail()},
        is_page_of_each_(is_page_of_each) {}

  void write(std::span<const TextMaps> of_models, Job& job, const ResultLayout&) const override {
    job.output = html_record(of_models);
    if (is_page_of_each_) job.output = frame_.head + job.output + frame_.tail;
  }
  std::unique_ptr<ResultSink> make_sink(OutputFile& output) const override {
    return make_page_sink(frame_, output);
  }

 private:
  static std::string title_of(const std::vector<std::string>& models) {
    std::string title = "Attention of " + models.front();
    for (std::size_t i = 1; i < models.size(); ++i) title += " and " + models[i];
    return title;
  }

  PageFrame frame_;
  bool is_page_of_each_;
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Does the locale's encoding have more than ASCII?
bool is_utf8_locale() {
  std::string locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (locale.empty()) locale = variable(name);
  }
  std::ranges::transform(locale, locale.begin(), [](unsigned char c) { return std::toupper(c); });
  return locale.find("UTF-8") != std::string::npos || locale.find("UTF8") != std::string::npos;
}

TerminalColors terminal_colors(ColorChoice choice) {
  if (!wants_color(STDOUT_FILENO, choice)) return TerminalColors::none;
  const std::string depth = variable("COLORTERM");
  return depth == "truecolor" || depth == "24bit" ? TerminalColors::truecolor
                                                  : TerminalColors::indexed;
}

class TerminalWriter : public MapWriter {
 public:
  TerminalWriter(const LookOptions& look, bool names_texts)
      : style_{.width = look.width > 0 ? static_cast<std::int64_t>(look.width)
                                       : terminal_columns(STDOUT_FILENO).value_or(kUsualColumns),
               .colors = terminal_colors(look.color),
               .unicode = is_utf8_locale(),
               .theme = look.theme.value_or(Theme::dark),
               .scale = look.scale,
               .names_text = names_texts} {}

  void write(std::span<const TextMaps> of_models, Job& job, const ResultLayout&) const override {
    job.output = draw_terminal(of_models.front(), style_);
  }

 private:
  TerminalStyle style_;
};

}  // namespace

std::unique_ptr<MapWriter> make_picture_writer(Format format, const LookOptions& look) {
  return std::make_unique<PictureWriter>(format, look);
}

std::unique_ptr<MapWriter> make_terminal_writer(const LookOptions& look, bool names_texts) {
  return std::make_unique<TerminalWriter>(look, names_texts);
}

std::unique_ptr<MapWriter> make_page_writer(const LookOptions& look,
                                            const std::vector<std::string>& models,
                                            bool is_page_of_each) {
  return std::make_unique<PageWriter>(look, models, is_page_of_each);
}

std::string statistics_picture(std::span<const HeadStatistics> heads, const std::string& model,
                               Format format, const LookOptions& look) {
  std::vector<HeadStatistics> named(heads.begin(), heads.end());
  for (HeadStatistics& head : named) {
    if (head.model.empty()) head.model = model;
  }
  return draw_statistics(named, picture_style(look), picture_format(format));
}

}  // namespace convbert::app
