// Where numbers stand along an axis.
#pragma once

#include <cstdint>
#include <vector>

namespace convbert {

// The least of 1, 2, 5, 10, 20, 50, ... that is at least `least`.
std::int64_t round_step(double least);

// Round numbers from 0 to `largest`: two or more, and no more than the larger of `most` and three.
std::vector<double> linear_ticks(double largest, int most);

// Powers of ten from `smallest` to `largest`; where these are fewer than two, as a scale needs to
// be read, twice and five times them too. `largest` must be five times `smallest`.
std::vector<double> decade_ticks(double smallest, double largest);

}  // namespace convbert
