// The lock under which a file or directory is written as <path>.partial.
#pragma once

#include <string>

namespace convbert {

// Is what is open still what `path` names?
bool is_named(int descriptor, const std::string& path);

// Locks what has just been opened as `path`. False, unlocked, where the name means something else
// by now, or nothing: whoever held the lock before has given it its final name, or has removed it;
// the name is to be looked up again. The lock goes with the descriptor. Throws Error(usage) when
// another process holds it, Error(system) naming the path.
bool lock_partial(int descriptor, const std::string& path);

}  // namespace convbert
