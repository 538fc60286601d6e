"""Answers questions, one JSON document a line, about a model folder that Python's transformers loads."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

logging.disable_progress_bar()
folder = sys.argv[1]
tokenizer = AutoTokenizer.from_pretrained(folder)
model, loading = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
model.eval()
# It goes on behind an end of text, as ours does where nobody stops it.
model.generation_config.eos_token_id = None


def answer(question):
    if "text" in question:
        return tokenizer.encode(question["text"], add_special_tokens=False)
    ids = torch.tensor([question["ids"]])
    with torch.no_grad():
        if "count" not in question:
            return model(ids).logits[0].tolist()
        options = {"max_new_tokens": question["count"], "do_sample": False}
        return model.generate(ids, attention_mask=torch.ones_like(ids), **options)[0, ids.shape[1] :].tolist()


unmatched = [*loading["missing_keys"], *loading["unexpected_keys"], *loading["mismatched_keys"]]
print(json.dumps({"unmatched": [str(name) for name in unmatched]}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
