"""Fine-tuning with PyTorch as `convbert train` does it, for the scripts that compare the two. Needs torch and
transformers."""
import math

BATCH = 32


def fine_tune(network, loss_of, records, epochs, learning_rate):
    """AdamW with decay 0.01 on matrices, a tenth of the steps warming up, then linearly to zero, gradients cut to
    length 1. loss_of: of a list of records. Leaves the network ready to answer."""
    import torch
    from transformers import get_linear_schedule_with_warmup
    parameters = list(network.parameters())
    optimizer = torch.optim.AdamW([dict(params=[p for p in parameters if p.dim() > 1], weight_decay=0.01),
                                   dict(params=[p for p in parameters if p.dim() <= 1], weight_decay=0.0)],
                                  lr=learning_rate)
    steps = epochs * math.ceil(len(records) / BATCH)
    schedule = get_linear_schedule_with_warmup(optimizer, round(0.1 * steps), steps)
    network.train()
    for _ in range(epochs):
        order = torch.randperm(len(records)).tolist()
        for first in range(0, len(records), BATCH):
            loss = loss_of([records[i] for i in order[first:first + BATCH]])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
    network.eval()


class Classifier:
    """A new head over the first token, as transformers has it, on a model's directory. Records are (text, label)."""

    def __init__(self, model, labels):
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        self.labels = labels
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        self.network = AutoModelForSequenceClassification.from_pretrained(model, num_labels=len(labels)).float()

    def logits(self, texts):
        return self.network(**self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True,
                                             max_length=512)).logits

    def train(self, records, epochs, learning_rate):
        import torch

        def loss_of(batch):
            return torch.nn.functional.cross_entropy(
                self.logits([text for text, _ in batch]),
                torch.tensor([self.labels.index(label) for _, label in batch]))
        fine_tune(self.network, loss_of, records, epochs, learning_rate)

    def predict(self, texts):
        import torch
        found = []
        with torch.no_grad():
            for first in range(0, len(texts), BATCH):
                found += self.logits(texts[first:first + BATCH]).argmax(1).tolist()
        return [self.labels[index] for index in found]


class SentenceVectors:
    """Means of the last hidden states, whose cosine follows a value. Records are (text, text, value of -1 to 1)."""

    def __init__(self, model):
        from transformers import AutoModel, AutoTokenizer
        self.tokenizer = AutoTokenizer.from_pretrained(model)
        self.network = AutoModel.from_pretrained(model).float()

    def vectors(self, texts):
        encoded = self.tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=512)
        mask = encoded["attention_mask"].unsqueeze(2).float()
        return (self.network(**encoded).last_hidden_state * mask).sum(1) / mask.sum(1)

    def cosines(self, batch):
        import torch
        return torch.cosine_similarity(self.vectors([record[0] for record in batch]),
                                       self.vectors([record[1] for record in batch]))

    def train(self, records, epochs, learning_rate):
        import torch

        def loss_of(batch):
            return torch.nn.functional.mse_loss(self.cosines(batch), torch.tensor([record[2] for record in batch]))
        fine_tune(self.network, loss_of, records, epochs, learning_rate)

    def predict(self, records):
        import torch
        with torch.no_grad():
            return [value for first in range(0, len(records), BATCH)
                    for value in self.cosines(records[first:first + BATCH]).tolist()]
