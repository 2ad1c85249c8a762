// What a model's files say of its tokenizer.
#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/json_file.h"
#include "core/numbers.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"

namespace convbert {
namespace {

constexpr double kNoLimit = 1e9;  // Hugging Face writes 1e30 for "no limit"

// The tokens that BERT's tokenizer always has, under the settings that rename them.
constexpr std::pair<const char*, const char*> kNamedTokens[] = {{"unk_token", "[UNK]"},
                                                                {"sep_token", "[SEP]"},
                                                                {"pad_token", "[PAD]"},
                                                                {"cls_token", "[CLS]"},
                                                                {"mask_token", "[MASK]"}};

class SpecReader {
 public:
  explicit SpecReader(const ModelFiles& files) : files_(files) {}

  TokenizerSpec read() {
    const bool has_vocab = files_.contains("vocab.txt");
    const bool has_json = files_.contains("tokenizer.json");
    if (!has_vocab && !has_json) {
      throw Error(ErrorKind::system,
                  concat(files_.origin(), ": expected vocab.txt or tokenizer.json"));
    }
    config_ = read_object("tokenizer_config.json");
    special_map_ = read_object("special_tokens_map.json");
    if (!has_vocab) {
      spec_ = files_.parsed("tokenizer.json", [&](std::string_view text) {
        return parse_tokenizer_json(text, files_.path_of("tokenizer.json"));
      });
    }
    read_settings();
    if (has_vocab) {
      read_vocab_txt();
      read_special_tokens();
    }
    return std::move(spec_);
  }

 private:
  std::string config_path() const { return files_.path_of("tokenizer_config.json"); }

  Json read_object(const char* name) const {
    if (!files_.contains(name)) return Json::object();
    Json json = read_json(files_, name);
    if (!json.is_object()) {
      throw Error(ErrorKind::format, concat(files_.path_of(name), ": expected a JSON object"));
    }
    return json;
  }

  void read_settings() {
    NormalizerOptions& options = spec_.normalizer;
    const std::string source = config_path();
    options.lowercase = json_bool(config_, "do_lower_case", options.lowercase, source);
    options.handle_chinese_chars =
        json_bool(config_, "tokenize_chinese_chars", options.handle_chinese_chars, source);
    if (const auto strip = config_.find("strip_accents");
        strip != config_.end() && !strip->is_null()) {
      options.strip_accents = json_bool(config_, "strip_accents", false, source);
    }
    const double length = json_number(config_, "model_max_length", 0.0, source);
    if (length >= 1.0 && length < kNoLimit) {
      spec_.max_length = static_cast<std::int64_t>(length);
    }
  }

  void read_vocab_txt() {
    spec_.vocab = files_.parsed("vocab.txt", [&](std::string_view text) {
      return Vocab::from_lines(text, files_.path_of("vocab.txt"));
    });
    next_id_ = spec_.vocab.size();
  }

  // A token is a string, or an object with a content and flags.
  AddedToken to_token(const Json& value, bool special, const std::string& source) const {
    AddedToken token{.special = special, .normalized = !special};
    if (value.is_string()) {
      token.content = value.get<std::string>();
    } else if (value.is_object()) {
      token.content = json_string(value, "content", "", source);
      token.special = json_bool(value, "special", special, source);
      token.normalized = json_bool(value, "normalized", !token.special, source);
      token.single_word = json_bool(value, "single_word", false, source);
      token.lstrip = json_bool(value, "lstrip", false, source);
      token.rstrip = json_bool(value, "rstrip", false, source);
    }
    if (token.content.empty()) {
      throw Error(ErrorKind::format, concat(source, ": expected a token, found ",
                                            printable(value.dump(-1, ' ', true))));
    }
    return token;
  }

  // Later definitions of one content replace earlier ones; a token without an id of its own keeps
  // the vocabulary's, or gets the next one.
  void define(AddedToken token, std::optional<std::int64_t> id) {
    AddedToken* known = added_token(token.content);
    const auto found = spec_.vocab.find(token.content);
    if (!id) id = known != nullptr ? known->id : found.value_or(next_id_);
    if (*id < 0 || *id >= kMostTokens) {
      throw Error(ErrorKind::format, concat(files_.origin(), ": token \"", printable(token.content),
                                            "\": id ", *id, ": expected 0 to ", kMostTokens - 1));
    }
    token.id = static_cast<std::int32_t>(*id);
    next_id_ = std::max(next_id_, token.id + 1);
    if (known != nullptr) {
      *known = std::move(token);
    } else {
      places_.emplace(token.content, spec_.added_tokens.size());
      spec_.added_tokens.push_back(std::move(token));
    }
  }

  // The one with this content, or null.
  AddedToken* added_token(const std::string& content) {
    const auto place = places_.find(content);
    return place == places_.end() ? nullptr : &spec_.added_tokens[place->second];
  }

  void read_special_tokens() {
    const std::string source = config_path();
    if (const Json added = read_object("added_tokens.json"); !added.empty()) {
      for (const auto& [content, id] : added.items()) {
        define(to_token(Json(content), false, files_.path_of("added_tokens.json")),
               json_integer(added, content.c_str(), -1, files_.path_of("added_tokens.json")));
      }
    }
    if (const auto decoder = config_.find("added_tokens_decoder");
        decoder != config_.end() && decoder->is_object()) {
      for (const auto& [id, token] : decoder->items())
        define(to_token(token, false, source), to_id(id));
    } else if (files_.contains("tokenizer.json")) {
      // As transformers 5 leaves them: a folder's old vocab.txt, and what was added here alone.
      const auto tokens = files_.parsed("tokenizer.json", [&](std::string_view text) {
        return parse_added_tokens(text, files_.path_of("tokenizer.json"));
      });
      for (const AddedToken& token : tokens) define(token, token.id);
    }
    std::map<std::string, std::string> named;
    for (const auto& [setting, fallback] : kNamedTokens) {
      named[setting] = define_named(setting, fallback);
    }
    for (const char* setting : {"additional_special_tokens", "extra_special_tokens"}) {
      const auto list =
          config_.contains(setting) ? config_[setting] : special_map_.value(setting, Json());
      if (!list.is_array() && !list.is_object()) continue;
      for (const Json& token : list) define(to_token(token, true, source), std::nullopt);
    }
    spec_.unknown_token = named["unk_token"];
    const std::int32_t cls = id_of(named["cls_token"]);
    const std::int32_t sep = id_of(named["sep_token"]);
    spec_.single = single_template(cls, sep);
    spec_.pair = pair_template(cls, sep);
  }

  std::int64_t to_id(const std::string& text) const {
    if (const auto id = parse_number<std::int64_t>(text)) return *id;
    throw Error(ErrorKind::format, concat(config_path(), ": \"added_tokens_decoder\": expected ",
                                          "a number, found \"", printable(text), "\""));
  }

  // Returns the token's content. One that the vocabulary lacks is not looked for in texts.
  std::string define_named(const char* setting, const char* fallback) {
    Json value = config_.contains(setting) ? config_[setting] : special_map_.value(setting, Json());
    if (value.is_null()) value = fallback;
    const AddedToken token = to_token(value, true, config_path());
    const bool is_known = spec_.vocab.find(token.content) || added_token(token.content) != nullptr;
    if (is_known) define(token, std::nullopt);
    return token.content;
  }

  std::int32_t id_of(const std::string& content) {
    const AddedToken* token = added_token(content);
    if (token == nullptr) {
      throw Error(ErrorKind::format, concat(files_.path_of("vocab.txt"), ": expected the token \"",
                                            printable(content), "\", which encloses every text"));
    }
    return token->id;
  }

  const ModelFiles& files_;
  Json config_;
  Json special_map_;
  TokenizerSpec spec_;
  std::map<std::string, std::size_t> places_;  // of added tokens, by their contents
  std::int32_t next_id_ = 0;
};

}  // namespace

std::vector<TemplatePiece> single_template(std::int32_t cls, std::int32_t sep) {
  using Kind = TemplatePiece::Kind;
  return {{Kind::token, cls, 0}, {Kind::first_text, 0, 0}, {Kind::token, sep, 0}};
}

std::vector<TemplatePiece> pair_template(std::int32_t cls, std::int32_t sep) {
  using Kind = TemplatePiece::Kind;
  return {{Kind::token, cls, 0},
          {Kind::first_text, 0, 0},
          {Kind::token, sep, 0},
          {Kind::second_text, 0, 1},
          {Kind::token, sep, 1}};
}

TokenizerSpec read_tokenizer_spec(const ModelFiles& files) { return SpecReader(files).read(); }

}  // namespace convbert
