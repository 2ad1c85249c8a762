#include "text/word_counter.h"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/utf8.h"

namespace convbert {
namespace {

constexpr std::size_t kFirstSlots = 1 << 12;

// With a seed of this process's own, so that no text can be made of words that share a slot.
std::uint32_t hash_of(std::string_view word) {
  static const XXH64_hash_t seed = [] {
    std::random_device device;
    return std::uniform_int_distribution<XXH64_hash_t>()(device);
  }();
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(word.data(), word.size(), seed));
}

}  // namespace

std::size_t WordCounter::cost_of(std::string_view word) {
  return kBytesOfWord + word.size() + kBytesOfCharacter * count_code_points(word);
}

WordCounter::WordCounter(std::size_t most_bytes)
    : most_bytes_(most_bytes), slots_(kFirstSlots, kNoEntry) {}

void WordCounter::add(std::string_view word) {
  ++figures_.total;
  if (word.size() > kMostCharacters && count_code_points(word) > kMostCharacters) {
    ++figures_.too_long;
    return;
  }
  const auto hash = hash_of(word);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != kNoEntry; slot = (slot + 1) & mask) {
    Entry& entry = entries_[slots_[slot]];
    if (entry.hash == hash && word_of(entry) == word) {
      ++entry.count;
      return;
    }
  }
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({.count = 1,
                      .begin = static_cast<std::uint32_t>(text_.size()),
                      .hash = hash,
                      .length = static_cast<std::uint32_t>(word.size())});
  text_ += word;
  bytes_ += cost_of(word);
  if (bytes_ > most_bytes_) {
    forget_the_rarest();
  } else if (2 * entries_.size() > slots_.size()) {
    index_again(2 * slots_.size());
  }
}

void WordCounter::forget_the_rarest() {
  std::map<std::int64_t, std::size_t> bytes_of_count;
  for (const Entry& entry : entries_) bytes_of_count[entry.count] += cost_of(word_of(entry));
  std::int64_t least = 1;  // the count of a word that is kept
  for (const auto& [count, bytes] : bytes_of_count) {
    if (bytes_ <= most_bytes_ / 2) break;
    bytes_ -= bytes;
    least = count + 1;
  }
  figures_.most_forgotten = std::max(figures_.most_forgotten, least - 1);
  std::size_t kept = 0;
  std::size_t end = 0;  // of the kept words in text_
  for (Entry entry : entries_) {
    if (entry.count < least) {
      figures_.forgotten += entry.count;
      continue;
    }
    std::copy_n(text_.data() + entry.begin, entry.length, text_.data() + end);
    entry.begin = static_cast<std::uint32_t>(end);
    end += entry.length;
    entries_[kept++] = entry;
  }
  text_.resize(end);
  entries_.resize(kept);
  index_again(slots_.size());
}

void WordCounter::index_again(std::size_t slots) {
  slots_.assign(slots, kNoEntry);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    std::size_t slot = entries_[i].hash & (slots - 1);
    while (slots_[slot] != kNoEntry) slot = (slot + 1) & (slots - 1);
    slots_[slot] = static_cast<std::uint32_t>(i);
  }
}

}  // namespace convbert
