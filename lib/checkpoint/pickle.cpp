#include "checkpoint/pickle.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace convbert {
namespace {

constexpr std::size_t kMaxText = 1 << 16;   // bytes of a string
constexpr std::size_t kMaxKey = 256;        // of a storage's key, which is a number
constexpr std::size_t kMaxStack = 1 << 20;  // values
constexpr std::size_t kNodeBytes = 32;      // that a value, a list or an entry takes beside itself

enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersistentId = 'Q',
  kReduce = 'R',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyTuple = ')',
  kEmptyList = ']',
  kEmptyDict = '}',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

constexpr std::pair<std::string_view, DType> kStorages[] = {
    {"torch.DoubleStorage", DType::f64}, {"torch.FloatStorage", DType::f32},
    {"torch.HalfStorage", DType::f16},   {"torch.BFloat16Storage", DType::bf16},
    {"torch.LongStorage", DType::i64},   {"torch.IntStorage", DType::i32},
    {"torch.ShortStorage", DType::i16},  {"torch.CharStorage", DType::i8},
    {"torch.ByteStorage", DType::u8},    {"torch.BoolStorage", DType::boolean},
};
constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor";
constexpr std::string_view kRebuildTensorV2 = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr std::string_view kFunctions[] = {kOrderedDict, kRebuildTensor, kRebuildTensorV2,
                                           kRebuildParameter};

std::optional<DType> storage_dtype(std::string_view name) {
  for (const auto& [known, dtype] : kStorages) {
    if (known == name) return dtype;
  }
  return std::nullopt;
}

// The one of the names above that the module and the name in it make; "" for any other.
std::string_view known_global(std::string_view module, std::string_view name) {
  const auto matches = [&](std::string_view known) {
    return known.size() == module.size() + 1 + name.size() && known.starts_with(module) &&
           known[module.size()] == '.' && known.ends_with(name);
  };
  for (const auto& [known, dtype] : kStorages) {
    if (matches(known)) return known;
  }
  const auto* function = std::ranges::find_if(kFunctions, matches);
  return function == std::end(kFunctions) ? std::string_view() : *function;
}

class Machine {
 public:
  Machine(ByteReader& reader, const std::string& source) : reader_(reader), source_(source) {}

  Pickle run() {
    while (true) {
      const std::size_t position = reader_.position();
      const auto opcode = reader_.read<std::uint8_t>();
      if (opcode == kStop) break;
      step(opcode, position);
    }
    pickle_.root = pop();
    return std::move(pickle_);
  }

 private:
  using Ref = std::uint32_t;
  using None = PickledValue::None;
  using Mark = PickledValue::Mark;
  using Global = PickledValue::Global;
  using Sequence = PickledValue::Sequence;
  using Dict = PickledValue::Dict;

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::format, concat(source_, ": not a checkpoint of tensors: ", what));
  }

  void step(std::uint8_t opcode, std::size_t position) {
    switch (opcode) {
      case kProto: return check_protocol(reader_.read<std::uint8_t>());
      case kFrame: reader_.read<std::uint64_t>(); return;
      case kNone: return push(None{});
      case kNewTrue: return push(true);
      case kNewFalse: return push(false);
      case kBinInt: return push(std::int64_t{reader_.read<std::int32_t>()});
      case kBinInt1: return push(std::int64_t{reader_.read<std::uint8_t>()});
      case kBinInt2: return push(std::int64_t{reader_.read<std::uint16_t>()});
      case kLong1: return push(read_long(reader_.read<std::uint8_t>()));
      case kBinFloat: reader_.take(8); return push(None{});  // no value of ours is a float
      case kBinUnicode: return push(read_text(reader_.read<std::uint32_t>()));
      case kShortBinUnicode: return push(read_text(reader_.read<std::uint8_t>()));
      case kMark: return push(Mark{});
      case kEmptyTuple:
      case kEmptyList: return push(Sequence{});
      case kEmptyDict: return push(Dict{});
      case kTuple: return push_sequence(pop_to_mark());
      case kTuple1: return push_sequence(pop_many(1));
      case kTuple2: return push_sequence(pop_many(2));
      case kTuple3: return push_sequence(pop_many(3));
      case kAppend: return append(pop_many(1));
      case kAppends: return append(pop_to_mark());
      case kSetItem: return set_items(pop_many(2));
      case kSetItems: return set_items(pop_to_mark());
      case kBinPut: return remember(reader_.read<std::uint8_t>());
      case kLongBinPut: return remember(reader_.read<std::uint32_t>());
      case kMemoize: return remember(static_cast<std::uint32_t>(memo_.size()));
      case kBinGet: return recall(reader_.read<std::uint8_t>());
      case kLongBinGet: return recall(reader_.read<std::uint32_t>());
      case kGlobal: {
        const std::string_view module = reader_.read_line();
        return push_global(module, reader_.read_line());
      }
      case kStackGlobal: {
        const auto names = pop_many(2);
        return push_global(expect<std::string_view>(names[0], "a module's name"),
                           expect<std::string_view>(names[1], "a function's name"));
      }
      case kBinPersistentId: return push_storage();
      case kReduce: return reduce();
      case kBuild: return build();
      default:
        fail(concat("its pickle uses opcode ", static_cast<int>(opcode), " at byte ", position,
                    ", which tensors do not need; refused"));
    }
  }

  // Everything that the file makes this reader keep is counted here, before it is kept.
  void count_bytes(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > kMostPickleBytes) {
      fail(concat("its pickle makes values of more than ", kMostPickleBytes, " bytes"));
    }
  }
  void count_links(std::size_t links) { count_bytes(links * sizeof(Ref)); }

  template <class Value>
  void push(Value value) {
    count_bytes(sizeof(PickledValue) + kNodeBytes);
    push_ref(static_cast<Ref>(pickle_.values.size()));
    pickle_.values.push_back({std::move(value)});
  }

  void push_ref(Ref ref) {
    if (stack_.size() >= kMaxStack) fail("its pickle's stack grows without end");
    stack_.push_back(ref);
  }

  void push_sequence(std::vector<Ref> items) {
    count_links(items.size());
    push(Sequence{std::move(items)});
  }

  Ref pop() {
    if (stack_.empty()) fail("its pickle takes a value from an empty stack");
    const Ref top = stack_.back();
    stack_.pop_back();
    return top;
  }

  std::vector<Ref> pop_many(std::size_t count) {
    if (stack_.size() < count) fail("its pickle takes a value from an empty stack");
    std::vector<Ref> taken(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return taken;
  }

  std::vector<Ref> pop_to_mark() {
    const auto mark = std::find_if(stack_.rbegin(), stack_.rend(), [&](Ref ref) {
      return std::holds_alternative<Mark>(pickle_.at(ref).value);
    });
    if (mark == stack_.rend()) fail("its pickle looks for a mark that was not set");
    std::vector<Ref> taken(mark.base(), stack_.end());
    stack_.erase(mark.base() - 1, stack_.end());
    return taken;
  }

  template <class Value>
  const Value& expect(Ref ref, const char* what) const {
    const auto* value = std::get_if<Value>(&pickle_.at(ref).value);
    if (value == nullptr) fail(concat("its pickle has another value where ", what, " belongs"));
    return *value;
  }

  template <class Value>
  Value& top(const char* what) {
    if (stack_.empty()) fail("its pickle takes a value from an empty stack");
    auto* value = std::get_if<Value>(&pickle_.values[stack_.back()].value);
    if (value == nullptr) fail(concat("its pickle has another value where ", what, " belongs"));
    return *value;
  }

  void check_protocol(int protocol) {
    if (protocol < 2 || protocol > 5) {
      fail(concat("pickle protocol ", protocol, "; expected 2 to 5"));
    }
  }

  // Counted, though it stays in the file: names of tensors are copied from it.
  std::string_view read_text(std::uint32_t size) {
    if (size > kMaxText) fail(concat("its pickle holds a string of ", size, " bytes"));
    count_bytes(size);
    return reader_.read_text(size);
  }

  // Two's complement, little-endian. Longer than 8 bytes occurs only as the legacy format's magic
  // number, which its reader compares as bytes.
  std::int64_t read_long(std::size_t size) {
    const auto bytes = reader_.take(size);
    if (size > 8) fail("its pickle holds an integer beyond 64 bits");
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | std::to_integer<unsigned>(bytes[i]);
    if (size > 0 && size < 8 && (std::to_integer<unsigned>(bytes[size - 1]) & 0x80) != 0) {
      value |= ~std::uint64_t{0} << (8 * size);
    }
    return static_cast<std::int64_t>(value);
  }

  void remember(std::uint32_t key) {
    if (stack_.empty()) fail("its pickle remembers a value of an empty stack");
    if (memo_.insert_or_assign(key, stack_.back()).second) count_bytes(2 * kNodeBytes);
  }

  void recall(std::uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail("its pickle recalls a value that it never stored");
    push_ref(found->second);
  }

  void append(const std::vector<Ref>& items) {
    auto& list = top<Sequence>("a list").items;
    count_links(2 * items.size());  // lists grow by doubling
    list.insert(list.end(), items.begin(), items.end());
  }

  void set_items(const std::vector<Ref>& items) {
    if (items.size() % 2 != 0) fail("its pickle sets a key without a value");
    auto& dict = top<Dict>("a dictionary").keys_and_values;
    count_links(2 * items.size());
    dict.insert(dict.end(), items.begin(), items.end());
  }

  void push_global(std::string_view module, std::string_view name) {
    const std::string_view known = known_global(module, name);
    if (known.empty()) {
      const std::string full = concat(module.substr(0, kMaxKey), ".", name.substr(0, kMaxKey));
      fail(concat("its pickle wants to call \"", printable(full),
                  "\", which tensors do not need; refused, nothing was executed"));
    }
    push(Global{known});
  }

  // ("storage", torch.FloatStorage, key, location, elements[, view metadata])
  void push_storage() {
    const auto& items = expect<Sequence>(pop(), "a storage's description").items;
    if (items.size() < 5 || items.size() > 6 ||
        expect<std::string_view>(items[0], "the word storage") != "storage") {
      fail("its pickle describes a storage in an unknown way");
    }
    const auto dtype = storage_dtype(expect<Global>(items[1], "a storage's type").name);
    if (!dtype) fail("its pickle names a function where a storage's type belongs");
    if (items.size() == 6 && !std::holds_alternative<None>(pickle_.at(items[5]).value)) {
      fail(
          "its storages are views of one another, as torch before 0.4 wrote them; "
          "save it again with a newer torch");
    }
    const auto elements = expect<std::int64_t>(items[4], "a storage's size");
    if (elements < 0) fail("its pickle describes a storage of negative size");
    const auto key = expect<std::string_view>(items[2], "a storage's key");
    if (key.size() > kMaxKey) {
      fail(concat("its pickle names a storage in ", key.size(), " bytes; expected a number"));
    }
    push(PickledStorage{*dtype, key, elements});
  }

  void reduce() {
    const Ref arguments_ref = pop();
    const Ref function_ref = pop();
    const std::string_view function = expect<Global>(function_ref, "a function").name;
    const auto& arguments = expect<Sequence>(arguments_ref, "a function's arguments").items;
    if (function == kOrderedDict) return push(make_dict(arguments));
    if (function == kRebuildParameter && !arguments.empty()) {
      return push_tensor(expect<PickledTensor>(arguments[0], "a parameter's tensor"));
    }
    if ((function == kRebuildTensor || function == kRebuildTensorV2) && arguments.size() >= 4) {
      return push_tensor({expect<PickledStorage>(arguments[0], "a tensor's storage"),
                          expect<std::int64_t>(arguments[1], "a tensor's offset"),
                          read_shape(arguments[2]), read_shape(arguments[3])});
    }
    fail(concat("its pickle calls ", function, " with ", arguments.size(), " arguments"));
  }

  void push_tensor(PickledTensor tensor) {
    count_bytes(2 * kNodeBytes +
                (tensor.shape.size() + tensor.strides.size()) * sizeof(std::int64_t));
    push(std::move(tensor));
  }

  // OrderedDict() or OrderedDict([(key, value), ...]).
  Dict make_dict(const std::vector<Ref>& arguments) {
    Dict dict;
    if (arguments.empty()) return dict;
    const auto& pairs = expect<Sequence>(arguments[0], "a list of pairs").items;
    count_links(2 * pairs.size());
    for (const Ref pair : pairs) {
      const auto& items = expect<Sequence>(pair, "a pair").items;
      if (items.size() != 2) fail("its pickle has another value where a pair belongs");
      dict.keys_and_values.insert(dict.keys_and_values.end(), items.begin(), items.end());
    }
    return dict;
  }

  Shape read_shape(Ref ref) const {
    Shape shape;
    const auto& items = expect<Sequence>(ref, "a tensor's shape").items;
    if (items.size() > 16) fail("its pickle describes a tensor of more than 16 dimensions");
    for (const Ref item : items) shape.push_back(expect<std::int64_t>(item, "a dimension"));
    return shape;
  }

  // Attributes of a state dictionary ("_metadata"): nothing in them is a tensor.
  void build() {
    pop();
    top<Dict>("a dictionary");
  }

  ByteReader& reader_;
  const std::string& source_;
  Pickle pickle_;
  std::vector<Ref> stack_;
  std::unordered_map<std::uint32_t, Ref> memo_;
  std::size_t bytes_ = 0;
};

}  // namespace

Pickle read_pickle(ByteReader& reader, const std::string& source) {
  return Machine(reader, source).run();
}

}  // namespace convbert
