// Texts and tokenizer.json: any valid UTF-8 gives tokens whose offsets lie in the text and go
// forward; any tokenizer.json gives a tokenizer or an Error(format).
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/utf8.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"

using namespace convbert;

namespace {

Tokenizer make_tokenizer() {
  TokenizerSpec spec;
  spec.vocab = Vocab::from_lines(
      "[UNK]\n[CLS]\n[SEP]\na\n##a\nb\n##b\nab\n.\n\xE4\xB8\x80\n##\xCC\x88\n", "vocab");
  spec.single = single_template(1, 2);
  spec.pair = pair_template(1, 2);
  spec.added_tokens = {{.content = "[SEP]", .id = 2, .special = true},
                       {.content = "a b", .id = 3, .normalized = true, .lstrip = true}};
  return Tokenizer(std::move(spec));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Tokenizer tokenizer = make_tokenizer();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with('{')) {
    try {
      Tokenizer(parse_tokenizer_json(text, "file")).encode("a b");
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::format) __builtin_trap();
    }
    return 0;
  }
  if (find_invalid_utf8(text) != kValidUtf8) return 0;
  std::uint32_t characters = 0;
  for (std::size_t position = 0; position < text.size(); ++characters) decode_utf8(text, position);
  Encoding encoding = tokenizer.encode(text, std::nullopt, {.add_special_tokens = false});
  std::uint32_t last = 0;
  for (const Offsets& offsets : encoding.offsets) {
    if (offsets.begin > offsets.end || offsets.end > characters || offsets.begin < last) {
      __builtin_trap();
    }
    last = offsets.begin;
  }
  convert_offsets(encoding, text, std::nullopt, OffsetUnit::utf16);
  return 0;
}
