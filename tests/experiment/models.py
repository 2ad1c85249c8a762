"""The models that are compared: one depth, width and vocabulary, and what differs."""

SHAPE = dict(num_hidden_layers=4, hidden_size=256, num_attention_heads=4, intermediate_size=1024,
             max_position_embeddings=512)
NARROW = dict(embedding_size=128)
MIXED = dict(NARROW, head_ratio=2, conv_kernel_size=9, num_groups=1)

MODELS = {
    "bert": dict(title="BERT, masked words", objective="masked", family="bert", config={}),
    "electra": dict(title="ELECTRA", objective="replaced", family="electra", config=NARROW),
    "convbert-span": dict(title="ConvBERT, span-based dynamic convolution", objective="replaced",
                          family="convbert", config=dict(MIXED, conv_type="span")),
    "convbert-dynamic": dict(title="ConvBERT, dynamic convolution", objective="replaced",
                             family="convbert", config=dict(MIXED, conv_type="dynamic")),
    "convbert-fixed": dict(title="ConvBERT, lightweight convolution", objective="replaced",
                           family="convbert", config=dict(MIXED, conv_type="lightweight")),
    "convbert-masked": dict(title="ConvBERT, span-based, masked words", objective="masked",
                            family="convbert", config=dict(MIXED, conv_type="span")),
    "convbert-kernel-5": dict(title="ConvBERT, span-based, kernel of 5", objective="replaced",
                              family="convbert", config=dict(MIXED, conv_type="span", conv_kernel_size=5)),
    "convbert-kernel-17": dict(title="ConvBERT, span-based, kernel of 17", objective="replaced",
                               family="convbert", config=dict(MIXED, conv_type="span", conv_kernel_size=17)),
}


def config_of(model, words):
    return dict(SHAPE, model_type=MODELS[model]["family"], vocab_size=words, **MODELS[model]["config"])
