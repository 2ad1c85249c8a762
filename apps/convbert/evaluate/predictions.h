// From a head's outputs, or from vectors, to what a model says of a record.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convbert::app {

// The number of the largest; of equal ones the first.
std::int32_t best_label(std::span<const float> logits);

// The labels, in rising order, whose probability by itself reaches the threshold.
std::vector<std::int32_t> labels_reached(std::span<const float> logits, float threshold);

// As torch's cosine_similarity, whose norms are at least 1e-8.
double cosine(std::span<const float> a, std::span<const float> b);

}  // namespace convbert::app
