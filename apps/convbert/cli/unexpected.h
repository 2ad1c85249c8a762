// What is said of a command or a flag that does not exist.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace convbert::app {

// Of the first argument that parsing `program` left over: what it is, where, and the nearest that
// there is.
std::string unexpected_argument(const CLI::App& program);

}  // namespace convbert::app
