#include "distill/request.h"

#include "cli/flag_group.h"
#include "cli/usage_error.h"

namespace convbert::app {

DistillFlags::DistillFlags() {
  train.task = name_of(LearningTask::distill);
  train.relational = 1.0;
}

void add_distill_flags(CLI::App& command, DistillFlags& flags) {
  add_train_flags(command, flags.train);
  // Rows belong to records in their order, and there are no labels.
  for (const char* name : {"--shard", "--id-field", "--task", "--label-field", "--scale",
                           "--label-smoothing", "--class-weights"}) {
    remove_flag(command, name);
  }
  describe_flag(command, "--dev",
                "Records to measure with after each epoch, by --dev-vectors; the best epoch is "
                "kept");
  describe_flag(command, "--metric",
                "Figure on --dev that decides which epoch is best: cosine (to the teacher's "
                "vectors), correlation (of cosines between texts with the teacher's) or loss; "
                "default: cosine");
  describe_flag(command, "--epochs",
                "Passes over the data; default: 3 of much data, up to 20 of "
                "little");
  describe_flag(command, "--freeze",
                "What stays as it is: embeddings; N, the lowest N layers, too");
  describe_flag(command, "--seed", "Of the order of the records and of dropout");
  describe_flag(command, "--report", "One HTML file: loss, figures and learning rate");
  FlagGroup group(command, "Teacher");
  group
      .add("--teacher-vectors", flags.vectors, "FILE.npy",
           "The teacher's vectors, a row a record of the input, as `embed --format npy` writes "
           "them; where they are wider than the student's, it learns their principal components")
      .required()
      .not_empty();
  group.add("--dev-vectors", flags.dev_vectors, "FILE.npy", "Likewise, of the records of --dev")
      .not_empty();
  group
      .add_choice("--coordinates", flags.coordinates, {"student", "teacher"}, "WHOSE",
                  "student: the teacher's vectors are turned to lie closest to those that the "
                  "student gives now, which leaves cosines as they are; teacher: they are learnt "
                  "as they are, so that vectors of both can be compared")
      .with_default();
  group
      .add("--relational", flags.train.relational, "W",
           "What the squared difference of cosines between the texts of a batch counts beside the "
           "distance to the teacher's vectors")
      .within(0.0, 1e4)
      .with_default();
}

DistillRequest make_request(const DistillFlags& flags) {
  if (flags.train.dev.empty() != flags.dev_vectors.empty()) {
    usage_error(flags.dev_vectors.empty()
                    ? "--dev needs --dev-vectors, the teacher's vectors of its records"
                    : "--dev-vectors needs --dev, the records that they belong to");
  }
  return {make_request(flags.train), flags.vectors, flags.dev_vectors,
          flags.coordinates == "teacher" ? Coordinates::teacher : Coordinates::student};
}

}  // namespace convbert::app
