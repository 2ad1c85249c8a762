#include "distill/request.h"

#include "cli/flag_group.h"
#include "cli/usage_error.h"

namespace convbert::app {
namespace {

std::optional<NewStudentSource> made_from(const DistillFlags& flags) {
  const NewStudentSource& source = flags.made_from;
  const NewModelSource& model = source.model;
  if (model.config.empty()) {
    for (const auto& [flag, is_given] : {std::pair("--vocab", !model.vocab.empty()),
                                         {"--lowercase", model.lowercase},
                                         {"--word-vectors", !source.word_vectors.empty()}}) {
      if (is_given) usage_error(flag, " is for a new student: --config is missing");
    }
    return std::nullopt;
  }
  if (model.vocab.empty()) usage_error("--config needs --vocab, the tokens of the new student");
  if (!flags.train.record.model.model.empty()) {
    usage_error("--model and --config: expected one of them");
  }
  return source;
}

Coordinates coordinates_of(const DistillFlags& flags) {
  const NewStudentSource& source = flags.made_from;
  const bool knows_nothing = !source.model.config.empty() && source.word_vectors.empty();
  return flags.coordinates.value_or(knows_nothing ? "teacher" : "student") == "teacher"
             ? Coordinates::teacher
             : Coordinates::student;
}

}  // namespace

DistillFlags::DistillFlags() {
  train.task = name_of(LearningTask::distill);
  train.relational = 1.0;
}

void add_distill_flags(CLI::App& command, DistillFlags& flags) {
  add_train_flags(command, flags.train);
  // Rows belong to records in their order, and labels have flags of their own.
  for (const char* name : {"--shard", "--id-field", "--task", "--label-field", "--scale",
                           "--label-smoothing", "--class-weights", "--contrast", "--pooling"}) {
    remove_flag(command, name);
  }
  describe_flag(command, "--dev",
                "Records to measure with after each epoch, by --dev-vectors; the best epoch is "
                "kept");
  describe_flag(command, "--metric",
                "Figure on --dev that decides which epoch is best: cosine (to the teacher's "
                "vectors), correlation (of cosines between texts with the teacher's), accuracy (of "
                "--labels) or loss; default: cosine");
  describe_flag(
      command, "--epochs",
      "Passes over the data; default: 3 of much data, up to 20 of little, up to 150 where "
      "a head of --labels has few records");
  describe_flag(command, "--freeze",
                "What stays as it is: embeddings; N, the lowest N layers, too");
  describe_flag(command, "--seed", "Of the order of the records and of dropout");
  describe_flag(command, "--report", "One HTML file: loss, figures and learning rate");
  FlagGroup model(command, "Model");
  add_new_model_flags(model, flags.made_from.model);
  describe_flag(command, "--config",
                "Instead of --model: config.json of a student to make, of new weights; as of "
                "`pretrain`");
  describe_flag(command, "--vocab", "With --config: vocab.txt, a WordPiece token a line");
  describe_flag(command, "--lowercase",
                "With --config: text is lower-cased and loses its accents first, here and later");
  model
      .add("--word-vectors", flags.made_from.word_vectors, "FILE.npy",
           "With --config: the teacher's vectors of the tokens of --vocab, a row a token; its "
           "embeddings begin as their principal components, which saves most of the training")
      .not_empty();
  FlagGroup labels(command, "Learning");
  labels
      .add("--labels", flags.labels, "FIELD",
           "Field or column of a label that some of the texts have: a head learns it in the same "
           "run, and the model can classify, too")
      .not_empty();
  labels
      .add("--label-weight", flags.train.label_weight, "W",
           "What the cross-entropy of a text's label counts beside the distance to its teacher's "
           "vector; default: 1, with --labels")
      .within(0.0, 1e4);
  FlagGroup group(command, "Teacher");
  group
      .add("--teacher-vectors", flags.vectors, "FILE.npy",
           "The teacher's vectors, a row a record of the input, as `embed --format npy` writes "
           "them; where they are wider than the student's, it learns their principal components")
      .required()
      .not_empty();
  group.add("--dev-vectors", flags.dev_vectors, "FILE.npy", "Likewise, of the records of --dev")
      .not_empty();
  group.add_choice("--coordinates", flags.coordinates, {"student", "teacher"}, "WHOSE",
                   "student: the teacher's vectors are turned to lie closest to those that the "
                   "student gives now, which leaves cosines as they are; teacher: they are learnt "
                   "as they are, so that vectors of both can be compared; default: student, or "
                   "teacher of a new one without --word-vectors");
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
  if (flags.train.label_weight && !flags.labels) {
    usage_error("--label-weight needs --labels, the field that they are in");
  }
  check_apart({{"--log", {flags.train.log}}, {"--report", {flags.train.report}}},
              {{"--teacher-vectors", {flags.vectors}},
               {"--dev-vectors", {flags.dev_vectors}},
               {"--config", {flags.made_from.model.config}},
               {"--vocab", {flags.made_from.model.vocab}},
               {"--word-vectors", {flags.made_from.word_vectors}}});
  TrainFlags train = flags.train;
  train.label_field = flags.labels;
  return {make_request(train), flags.vectors, flags.dev_vectors, made_from(flags),
          coordinates_of(flags)};
}

}  // namespace convbert::app
