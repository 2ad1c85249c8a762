// Files that flags name, and what a run may not do with them.
#pragma once

#include <string>
#include <vector>

namespace convbert::app {

struct NamedFiles {
  std::string flag;
  std::vector<std::string> paths;  // "" is none; - is standard input, or output
};

// Throws Error(usage) where a run would write over what it reads, or two things to one place:
// files by device and inode, whatever they are called. Devices and pipes hold nothing to be lost.
void check_apart(const std::vector<NamedFiles>& written, const std::vector<NamedFiles>& read);

}  // namespace convbert::app
