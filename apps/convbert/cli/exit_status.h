// How a run that was begun ends, as the shell is told.
#pragma once

namespace convbert::app {

inline constexpr int kSomeFailed = 1;  // records that failed, or the first one of --strict
inline constexpr int status_of_signal(int signal) { return 128 + signal; }

}  // namespace convbert::app
