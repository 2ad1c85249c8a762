#include "similar/flags.h"

#include "cli/flag_group.h"
#include "similar/request.h"

namespace convbert::app {

void add_similar_flags(CLI::App& command, SimilarFlags& flags) {
  add_record_flags(command, flags.record, kSimilarFormats);
  add_encoder_flags(command, flags.record.model);

  FlagGroup corpus(command, "Corpus");
  const Flag texts =
      corpus
          .add("--corpus", flags.corpus, "FILE",
               "Texts to search, in any input format, embedded with the same model; without it and "
               "--corpus-vectors the input is compared with itself, each record's own left out, "
               "and read twice")
          .not_empty();
  corpus
      .add_choice("--corpus-format", flags.corpus_format,
                  {"auto", "text", "jsonl", "json", "tsv", "csv"}, "FORMAT",
                  "Of --corpus, as --input-format; fields are called as in the input")
      .needs(texts)
      .with_default();
  const Flag vector_file =
      corpus
          .add(
              "--corpus-vectors", flags.corpus_vectors, "FILE",
              "Vectors to search, a matrix as `embed --format npy` writes it, of any size; ids are "
              "its row numbers")
          .not_empty()
          .excludes(texts);
  corpus
      .add("--query-vectors", flags.query_vectors, "FILE",
           "Vectors in .npy to search with, instead of texts")
      .not_empty();

  FlagGroup index(command, "Approximate search");
  const Flag index_file =
      index
          .add(
              "--index", flags.index, "FILE",
              "Search through an index of the corpus in FAISS's file format, built where FILE does "
              "not exist; most of the nearest are found, in less time, with their exact scores")
          .not_empty();
  index
      .add_choice("--index-type", flags.index_type, {"hnsw", "ivf"}, "TYPE",
                  "What is built: hnsw, a graph (the default), or ivf, lists around centroids, "
                  "which is built sooner and searched more slowly")
      .needs(index_file);
  index
      .add("--effort", flags.effort, "N",
           "How much of the index a query looks at; more finds more, in more time. hnsw: rows kept "
           "in view (efSearch), default 64; ivf: lists (nprobe), default 16")
      .within(1, 100'000)
      .needs(index_file);

  FlagGroup group(command, "Matches");
  group
      .add_flag("--pairs", flags.pairs,
                "The closest pairs within the input instead of matches of each record: a "
                "record a pair, by falling score")
      .excludes(texts)
      .excludes(vector_file)
      .excludes(index_file);
  group
      .add("--top-k", flags.top_k, "K",
           "Matches of a record at most, default 10; with --pairs, pairs in all, default 1000000")
      .within(1, 100'000'000);
  group
      .add("--threshold", flags.threshold, "SCORE",
           "Leave out what scores less: a cosine, from -1 to 1")
      .within(-1.0F, 1.0F);
  group.add_flag("--with-text", flags.with_text,
                 "Each match with the corpus' text, which is held in memory");

  FlagGroup vectors(command, "Vectors");
  add_vector_flags(vectors, flags.vectors);
}

}  // namespace convbert::app
