// Texts, tokenizer.json and vocab.txt. Any valid UTF-8 gives tokens whose offsets lie in the text
// and go forward, and a limit cuts what the whole text gives; any file gives a tokenizer or an
// Error(format), and whatever vocabulary, decoded tokens are UTF-8.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/utf8.h"
#include "text/text_units.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"

using namespace convbert;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

Tokenizer make_tokenizer() {
  TokenizerSpec spec;
  spec.vocab = Vocab::from_lines(
      "[UNK]\n[CLS]\n[SEP]\na\n##a\nb\n##b\nab\n.\n\xE4\xB8\x80\n##\xCC\x88\n", "vocab");
  spec.single = single_template(1, 2);
  spec.pair = pair_template(1, 2);
  spec.added_tokens = {{.content = "[SEP]", .id = 2, .special = true},
                       {.content = "[SE", .id = 11, .rstrip = true},
                       {.content = "a b", .id = 3, .normalized = true, .lstrip = true}};
  return Tokenizer(std::move(spec));
}

// Of the first characters of the text, and all of it.
void check_limits(const Tokenizer& tokenizer, std::string_view text) {
  const Encoding whole = tokenizer.encode(text, std::nullopt, {.add_special_tokens = false});
  for (const std::int64_t limit : {1, 7}) {
    const Encoding cut =
        tokenizer.encode(text, std::nullopt, {.add_special_tokens = false, .max_length = limit});
    require(std::equal(cut.ids.begin(), cut.ids.end(), whole.ids.begin()));
    require(std::equal(cut.offsets.begin(), cut.offsets.end(), whole.offsets.begin()));
    require(cut.truncated == std::ssize(whole.ids) - std::ssize(cut.ids));
    require(std::ssize(cut.ids) == std::min<std::int64_t>(limit, std::ssize(whole.ids)));
  }
}

void read_json(std::string_view text) {
  const Tokenizer tokenizer(parse_tokenizer_json(text, "file"));
  for (const char* sample : {"a b", "\xC4\xB0 aa.[MASK]  \xE4\xB8\x80", "##"}) {
    const Encoding encoding = tokenizer.encode(sample, "b a");
    require(find_invalid_utf8(tokenizer.decode(encoding.ids, true)) == kValidUtf8);
  }
  check_limits(tokenizer, "a b \xC4\xB0 aa.[MASK]  \xE4\xB8\x80 a. b. a");
}

void read_vocabulary(std::string_view text) {
  TokenizerSpec spec;
  spec.vocab = Vocab::from_lines(text, "file");
  spec.unknown_token = spec.vocab.token(spec.vocab.size() - 1).value();
  spec.single = single_template(0, 0);
  spec.pair = pair_template(0, 0);
  const Tokenizer tokenizer(std::move(spec));
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    require(find_invalid_utf8(tokenizer.decode({id, id}, false)) == kValidUtf8);
    const std::string token(tokenizer.token(id));
    check_limits(tokenizer, token + " " + token + token);
    if (id > 50) break;
  }
}

void read_text(std::string_view text) {
  static const Tokenizer tokenizer = make_tokenizer();
  if (find_invalid_utf8(text) != kValidUtf8) return;
  Encoding encoding = tokenizer.encode(text, std::nullopt, {.add_special_tokens = false});
  const auto characters = static_cast<std::uint32_t>(count_code_points(text));
  std::uint32_t last = 0;
  for (const Offsets& offsets : encoding.offsets) {
    require(offsets.begin <= offsets.end && offsets.end <= characters && offsets.begin >= last);
    last = offsets.begin;
  }
  convert_offsets(encoding, text, std::nullopt, OffsetUnit::utf16);
  check_limits(tokenizer, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kVocabulary = "vocab:";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    if (text.starts_with('{')) {
      read_json(text);
    } else if (text.starts_with(kVocabulary)) {
      read_vocabulary(text.substr(kVocabulary.size()));
    } else {
      read_text(text);
    }
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::format);
  }
  return 0;
}
