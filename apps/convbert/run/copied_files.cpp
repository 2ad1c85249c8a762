#include "run/copied_files.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/json_file.h"

namespace convbert::app {

void copy_file(const ModelFiles& files, const std::string& name, const std::string& prefix,
               OutputDirectory& directory) {
  if (!files.contains(name)) return;
  const FileBytes file = files.open(name);
  directory.add(prefix + name, [&](const OutputDirectory::Put& put) {
    put(file.bytes());
    file.check();
  });
}

void copy_tokenizer(const ModelFiles& files, const std::string& prefix,
                    OutputDirectory& directory) {
  for (const char* name : {"vocab.txt", "tokenizer.json", "tokenizer_config.json",
                           "added_tokens.json", "special_tokens_map.json"}) {
    copy_file(files, name, prefix, directory);
  }
}

void copy_sentence_steps(const ModelFiles& top, const SentenceConfig& sentence,
                         OutputDirectory& directory) {
  const std::string path = top.path_of("modules.json");
  std::vector<std::string> done{"", sentence.transformer_folder};
  const Json steps = read_json(top, "modules.json");
  for (const Json& step : steps) {
    const std::string folder = json_string(step, "path", "", path);
    if (std::ranges::find(done, folder) != done.end()) continue;
    done.push_back(folder);
    for (const char* name : {"config.json", "model.safetensors", "pytorch_model.bin"}) {
      copy_file(top, concat(folder, "/", name), "", directory);
    }
  }
}

}  // namespace convbert::app
