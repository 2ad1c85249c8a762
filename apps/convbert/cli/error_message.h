// What an error says to a user of flags.
#pragma once

#include <string>

#include "core/error.h"

namespace convbert::app {

// what(), with the flag in place of the library's option: "max_length: expected ..." becomes
// "--max-length: expected ...". Whatever shows or keeps an error of the library's takes this.
std::string message_of(const Error& error);

}  // namespace convbert::app
