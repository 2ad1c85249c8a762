// A run of training as one HTML file, without scripts: for a person who wonders how it went.
#pragma once

#include <string>
#include <vector>

#include "train/dev_figures.h"
#include "train/training_record.h"

namespace convbert::app {

// Loss, learning rate and figures over the steps; figures with intervals; confusions; `mistakes`.
std::string training_report(const TrainingRecord& record, const std::vector<Mistake>& mistakes);

}  // namespace convbert::app
