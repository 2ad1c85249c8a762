#include "text/tokenizer_json.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "text/words.h"

namespace convbert {
namespace {

constexpr std::size_t kMostTemplatePieces = 64;

class TokenizerJsonReader {
 public:
  explicit TokenizerJsonReader(std::string source) : source_(std::move(source)) {}

  TokenizerSpec read(const Json& json) {
    if (!json.is_object()) fail("expected a JSON object");
    read_model(part(json, "model", "WordPiece"));
    read_normalizer(json);
    part(json, "pre_tokenizer", "BertPreTokenizer");
    if (const auto tokens = json.find("added_tokens"); tokens != json.end()) {
      spec_.added_tokens = read_added_tokens(*tokens);
    }
    read_post_processor(json);
    return std::move(spec_);
  }

  std::vector<AddedToken> read_added_tokens(const Json& tokens) const {
    if (tokens.is_null()) return {};
    if (!tokens.is_array()) fail("\"added_tokens\": expected a list");
    std::vector<AddedToken> found;
    for (const Json& token : tokens) {
      if (!token.is_object() || !token.contains("id")) {
        fail("\"added_tokens\": expected a list of objects with an id and a content");
      }
      found.push_back({.content = json_string(token, "content", "", source_),
                       .id = to_id(token["id"]),
                       .special = json_bool(token, "special", false, source_),
                       .normalized = json_bool(token, "normalized", true, source_),
                       .single_word = json_bool(token, "single_word", false, source_),
                       .lstrip = json_bool(token, "lstrip", false, source_),
                       .rstrip = json_bool(token, "rstrip", false, source_)});
    }
    return found;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::format, concat(source_, ": ", what));
  }

  const Json& part(const Json& json, const char* key, const std::string& type) const {
    const auto found = json.find(key);
    const bool is_object = found != json.end() && found->is_object();
    const std::string found_type = is_object ? json_string(*found, "type", "", source_) : "none";
    if (found_type != type) {
      fail(concat("\"", key, "\": expected ", type, ", found ", printable(found_type)));
    }
    return *found;
  }

  std::int32_t to_id(const Json& value) const {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= kMostTokens) {
      fail(concat("a token's id: expected 0 to ", kMostTokens - 1, ", found ",
                  printable(value.dump())));
    }
    return value.get<std::int32_t>();
  }

  void read_model(const Json& model) {
    const auto vocab = model.find("vocab");
    if (vocab == model.end() || !vocab->is_object() || vocab->empty()) {
      fail("\"model\": expected an object \"vocab\"");
    }
    std::vector<std::pair<std::string, std::int32_t>> pairs;
    for (const auto& [token, id] : vocab->items()) pairs.emplace_back(token, to_id(id));
    spec_.vocab = Vocab::from_pairs(pairs, source_);
    spec_.unknown_token = json_string(model, "unk_token", "[UNK]", source_);
    spec_.wordpiece.continuation_prefix =
        json_string(model, "continuing_subword_prefix", "##", source_);
    const std::int64_t longest = json_integer(model, "max_input_chars_per_word", 100, source_);
    if (longest < 1 || std::cmp_greater(longest, kMostWordCharacters)) {
      fail(concat("\"max_input_chars_per_word\": expected 1 to ", kMostWordCharacters, ", found ",
                  longest));
    }
    spec_.wordpiece.max_word_characters = static_cast<std::size_t>(longest);
  }

  void read_normalizer(const Json& json) {
    const auto normalizer = json.find("normalizer");
    if (normalizer == json.end() || normalizer->is_null()) {
      spec_.normalizer = {.clean_text = false,
                          .handle_chinese_chars = false,
                          .strip_accents = false,
                          .lowercase = false};
      return;
    }
    const Json& bert = part(json, "normalizer", "BertNormalizer");
    NormalizerOptions& options = spec_.normalizer;
    options.clean_text = json_bool(bert, "clean_text", true, source_);
    options.handle_chinese_chars = json_bool(bert, "handle_chinese_chars", true, source_);
    options.lowercase = json_bool(bert, "lowercase", true, source_);
    if (const auto strip = bert.find("strip_accents"); strip != bert.end() && !strip->is_null()) {
      options.strip_accents = json_bool(bert, "strip_accents", false, source_);
    }
  }

  void read_post_processor(const Json& json) {
    const auto processor = json.find("post_processor");
    const bool is_object = processor != json.end() && processor->is_object();
    const std::string type = is_object ? json_string(*processor, "type", "", source_) : "none";
    if (type == "BertProcessing") {
      const std::int32_t cls = bert_token(*processor, "cls");
      const std::int32_t sep = bert_token(*processor, "sep");
      spec_.single = single_template(cls, sep);
      spec_.pair = pair_template(cls, sep);
    } else if (type == "TemplateProcessing") {
      spec_.single = read_template(*processor, "single", 1);
      spec_.pair = read_template(*processor, "pair", 2);
    } else {
      fail(concat("\"post_processor\": expected TemplateProcessing or BertProcessing, found ",
                  printable(type)));
    }
  }

  // "cls": ["[CLS]", 101]
  std::int32_t bert_token(const Json& processor, const char* key) const {
    const auto token = processor.find(key);
    if (token == processor.end() || !token->is_array() || token->size() != 2) {
      fail(concat("\"post_processor\": \"", key, "\": expected a token and its id"));
    }
    return to_id((*token)[1]);
  }

  // [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, ...]
  // Of so many texts, each of them once.
  std::vector<TemplatePiece> read_template(const Json& processor, const char* key,
                                           std::ptrdiff_t texts) const {
    const auto list = processor.find(key);
    if (list == processor.end() || !list->is_array() || list->size() > kMostTemplatePieces) {
      fail(concat("\"post_processor\": expected a list \"", key, "\" of at most ",
                  kMostTemplatePieces, " pieces"));
    }
    std::vector<TemplatePiece> pieces;
    for (const Json& item : *list) {
      const bool is_pair = item.is_object() && item.size() == 1 && item.begin()->is_object();
      const std::string kind = is_pair ? item.begin().key() : "";
      if (kind != "SpecialToken" && kind != "Sequence") {
        fail(concat("\"post_processor\": \"", key, "\": expected SpecialToken or Sequence"));
      }
      const Json& body = *item.begin();
      const std::string id = json_string(body, "id", "", source_);
      const std::int64_t type_id = json_integer(body, "type_id", 0, source_);
      if (type_id < 0 || type_id > 255) fail("\"post_processor\": a type_id beyond 0 to 255");
      TemplatePiece piece{TemplatePiece::Kind::token, 0, static_cast<std::int32_t>(type_id)};
      if (kind == "SpecialToken") {
        piece.id = template_token(processor, id);
      } else if (id == "A" || id == "B") {
        piece.kind = id == "A" ? TemplatePiece::Kind::first_text : TemplatePiece::Kind::second_text;
      } else {
        fail(concat("\"post_processor\": a sequence \"", printable(id), "\""));
      }
      pieces.push_back(piece);
    }
    const auto count = [&](TemplatePiece::Kind kind) {
      return std::ranges::count(pieces, kind, &TemplatePiece::kind);
    };
    if (count(TemplatePiece::Kind::first_text) != 1 ||
        count(TemplatePiece::Kind::second_text) != texts - 1) {
      fail(concat("\"post_processor\": \"", key, "\": expected ",
                  texts == 1 ? "A once" : "A and B once"));
    }
    return pieces;
  }

  // "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [101], "tokens": ["[CLS]"]}}
  std::int32_t template_token(const Json& processor, const std::string& name) const {
    const auto tokens = processor.find("special_tokens");
    if (tokens != processor.end() && tokens->is_object() && tokens->contains(name)) {
      const Json& token = (*tokens)[name];
      if (token.is_object() && token.contains("ids") && token["ids"].is_array() &&
          token["ids"].size() == 1) {
        return to_id(token["ids"][0]);
      }
    }
    fail(concat("\"post_processor\": \"special_tokens\" does not give \"", printable(name),
                "\" one id"));
  }

  std::string source_;
  TokenizerSpec spec_;
};

}  // namespace

TokenizerSpec parse_tokenizer_json(std::string_view text, const std::string& source) {
  return TokenizerJsonReader(source).read(parse_json(text, source));
}

std::vector<AddedToken> parse_added_tokens(std::string_view text, const std::string& source) {
  std::vector<JsonMember> members;
  if (const std::string fault = split_json_object(text, {}, members); !fault.empty()) {
    throw Error(ErrorKind::format, concat(source, ": ", fault));
  }
  if (const auto first = text.find_first_not_of(" \t\r\n");
      first != std::string_view::npos && text[first] != '{') {
    throw Error(ErrorKind::format, concat(source, ": expected a JSON object"));
  }
  const auto found = std::ranges::find(members, R"("added_tokens")", &JsonMember::key);
  if (found == members.end()) return {};
  return TokenizerJsonReader(source).read_added_tokens(parse_json(found->value, source));
}

}  // namespace convbert
