// Vectors of texts, for the commands that write or compare them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/vectors.h"
#include "run/encoder_command.h"

namespace convbert::app {

class FlagGroup;

struct VectorFlags {
  std::optional<std::string> pooling;
  bool normalize = false;
  bool no_normalize = false;
  std::optional<std::int64_t> layer;
  std::int64_t dim = 0;  // 0: all
  std::optional<std::int64_t> stride;
};
void add_vector_flags(FlagGroup& group, VectorFlags& flags);

struct VectorRequest {
  VectorOptions options;
  std::optional<std::int64_t> stride;  // none: long texts are cut
};
VectorRequest make_request(const VectorFlags& flags);

// Throws Error(usage) naming the flag that the model cannot meet; Error(format) where the model's
// own way to vectors cannot be done here and flags do not replace it.
VectorPlan make_plan(const VectorOptions& options, VectorsOf of, const LoadedModel& loaded);

inline constexpr const char* kVectorPairNotice =
    "a record with a pair gives one vector for both texts; --pair-field '' leaves the second out";

// A vector a text, which its row in npy is.
class VectorCommand : public EncoderCommand {
 public:
  VectorCommand(LoadedModel loaded, const VectorPlan& plan, std::optional<std::int64_t> stride)
      : EncoderCommand(std::move(loaded)), plan_(plan), stride_(stride) {}

  std::vector<std::string> result_names() const override { return {"embedding", "truncated"}; }
  std::vector<std::string> columns() const override { return {"embedding"}; }
  std::int64_t row_width() const override { return plan_.dim; }
  std::string pair_notice() const override { return kVectorPairNotice; }

 protected:
  std::int64_t layers() const override { return plan_.layer; }
  void encode(Job& job) const override;
  Output run_head(const Batch& batch, const nn::PaddedRows& hidden,
                  Workspace& workspace) const override;
  std::unique_ptr<WindowResults> gather_windows(const Job& job) const override;

 private:
  class Vector;

  VectorPlan plan_;
  std::optional<std::int64_t> stride_;
};

}  // namespace convbert::app
