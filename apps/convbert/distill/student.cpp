#include "distill/student.h"

#include <algorithm>

#include "api/run_batches.h"
#include "model/pooling.h"
#include "nn/padded_rows.h"

namespace convbert::app {

std::vector<float> student_directions(const LoadedModel& student, const Batch& sequences,
                                      std::span<const std::size_t> chosen, int threads) {
  constexpr std::size_t kBatch = 32;  // sequences
  std::vector<TextBatch> batches;
  for (std::size_t first = 0; first < chosen.size(); first += kBatch) {
    TextBatch& texts = batches.emplace_back(TextBatch{first, {}});
    for (const std::size_t s : chosen.subspan(first, std::min(kBatch, chosen.size() - first))) {
      texts.batch.append(sequences, static_cast<std::int64_t>(s));
    }
  }
  const Encoder& encoder = student.model.encoder;
  const auto width = static_cast<std::size_t>(encoder.config().hidden_size);
  std::vector<float> directions(chosen.size() * width);
  WorkspacePool workspaces;
  run_batches(batches, threads, workspaces, [&](const TextBatch& texts, Workspace& workspace) {
    const Batch& batch = texts.batch;
    const nn::PaddedRows hidden =
        nn::allocate_rows(workspace, batch.tokens(), encoder.config().hidden_size);
    encoder.forward(batch, encoder.config().layers, hidden, workspace);
    for (std::int64_t s = 0; s < batch.sequences(); ++s) {
      const std::size_t row = texts.first + static_cast<std::size_t>(s);
      const std::span<float> direction = std::span(directions).subspan(row * width, width);
      pool(student.sentence.pooling, rows_of(hidden, batch, s), direction);
      normalize(direction);
    }
  });
  return directions;
}

}  // namespace convbert::app
