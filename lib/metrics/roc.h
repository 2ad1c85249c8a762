// How well scores tell two kinds apart, whatever the threshold.
#pragma once

#include <span>

namespace convbert {

// The share of pairs of a positive and a negative of which the positive has the higher score, equal
// scores counting half: the area under the ROC curve (sklearn.metrics.roc_auc_score). 1/2 is what
// scores that say nothing have. A target above 1/2 is positive; as many scores as targets. NaN
// where all are of one kind or a score is NaN. O(n log n).
double area_under_roc(std::span<const float> scores, std::span<const float> targets);

// Of a coin that falls so with this share, in nats: the least mean cross-entropy of who knows the
// share and no more.
double binary_entropy(double share);

}  // namespace convbert
