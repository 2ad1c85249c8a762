// A trained model as transformers knows it.
#pragma once

#include <string_view>

#include "checkpoint/safetensors_writer.h"
#include "core/json.h"
#include "train/parameters.h"

namespace convbert::app {

// Makes config.json that of a model in float32 without labels: "architectures" is
// "ConvBertForTokenClassification", as transformers calls its classes; `use` is what it is for.
void name_architecture(Family family, std::string_view use, OrderedJson& config);

// The bytes of model.safetensors, under transformers' names: the base's with its prefix below a
// head.
void write_tensors(const Parameters& parameters, Family family, const SafetensorsWriter::Put& put);
// The same of an encoder alone, and of a head that has a file of its own.
void write_tensors(const BasicEncoderWeights<Values>& encoder, const SafetensorsWriter::Put& put);
void write_tensors(const BasicHeadWeights<Values>& head, const SafetensorsWriter::Put& put);

}  // namespace convbert::app
