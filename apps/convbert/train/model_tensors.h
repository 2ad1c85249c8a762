// A trained model as transformers knows it.
#pragma once

#include <string>
#include <string_view>

#include "checkpoint/safetensors_writer.h"
#include "train/parameters.h"

namespace convbert::app {

// "ConvBertForTokenClassification", as transformers calls its classes; `use` is what it is for.
std::string architecture_of(Family family, std::string_view use);

// The bytes of model.safetensors, under transformers' names: the base's with its prefix below a
// head.
void write_tensors(const Parameters& parameters, Family family, const SafetensorsWriter::Put& put);

}  // namespace convbert::app
