"""Trains our decoder in PyTorch: answers each line, a batch and a learning rate, with a line about the step that it took.

Arguments: the training's options as JSON, and the initial weights as safetensors. What the choices made here are worth
is in docs/benchmarks.md, "Training". From PyTorch 1.13; later ones have faster parts, which are used where they are.
"""

import json
import resource
import sys
import time

import torch
from torch.nn import functional as F

options = json.loads(sys.argv[1])
model, adamw, grokfast = options["model"], options["optimizer"], options["grokfast"]
batch, context = options["batch"], options["context"]
width, layers, heads, key_value_heads = model["width"], model["layers"], model["heads"], model["keyValueHeads"]
head_width = width // heads
torch.set_num_threads(options["threads"])
modern = hasattr(F, "scaled_dot_product_attention")


def read_safetensors(path):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            numbers = torch.frombuffer(content[start + begin : start + end], dtype=torch.float32)
            tensors[name] = numbers.reshape(entry["shape"]).clone()
    return tensors


angles = torch.arange(context)[:, None] * model["ropeTheta"] ** (-torch.arange(head_width // 2) / (head_width // 2))
cosines, sines = angles.cos()[:, None], angles.sin()[:, None]
blocked = torch.full((context, context), float("-inf")).triu(1)


def rotate(x):
    """Of [batch, tokens, heads, head width]."""
    first, second = x.chunk(2, -1)
    return torch.cat([first * cosines - second * sines, second * cosines + first * sines], -1)


def norm(x, gain):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + model["normEpsilon"]) * gain


def attention(queries, keys, values):
    """Of [batch, heads, tokens, head width]."""
    if heads != key_value_heads:
        keys, values = (x.repeat_interleave(heads // key_value_heads, 1) for x in (keys, values))
    if modern:
        return F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    scores = (queries * head_width**-0.5) @ keys.transpose(2, 3) + blocked
    return torch.softmax(scores, -1) @ values


def loss_of(parameters, inputs, targets):
    hidden = F.embedding(inputs, parameters["model.embed_tokens.weight"])
    for layer in range(layers):

        def weight(part):
            return parameters[f"model.layers.{layer}.{part}.weight"]

        def in_heads(x, part):
            return F.linear(x, weight(part)).view(batch, context, -1, head_width)

        normal = norm(hidden, weight("input_layernorm"))
        queries = rotate(in_heads(normal, "self_attn.q_proj")).transpose(1, 2)
        keys = rotate(in_heads(normal, "self_attn.k_proj")).transpose(1, 2)
        values = in_heads(normal, "self_attn.v_proj").transpose(1, 2)
        seen = attention(queries, keys, values).transpose(1, 2).reshape(batch, context, width)
        hidden = hidden + F.linear(seen, weight("self_attn.o_proj"))

        normal = norm(hidden, weight("post_attention_layernorm"))
        gated = F.silu(F.linear(normal, weight("mlp.gate_proj"))) * F.linear(normal, weight("mlp.up_proj"))
        hidden = hidden + F.linear(gated, weight("mlp.down_proj"))
    logits = F.linear(norm(hidden, parameters["model.norm.weight"]), parameters["model.embed_tokens.weight"])
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


parameters = {name: tensor.requires_grad_() for name, tensor in read_safetensors(sys.argv[2]).items()}
matrices = [parameter for parameter in parameters.values() if parameter.dim() > 1]
vectors = [parameter for parameter in parameters.values() if parameter.dim() == 1]
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": adamw["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}],
    betas=(adamw["beta1"], adamw["beta2"]),
    eps=adamw["epsilon"],
    **({"fused": True} if modern else {"foreach": True}),
)
slow = [torch.zeros_like(parameter) for parameter in parameters.values()]
forward = torch.compile(loss_of) if options["compiled"] else loss_of


def take_step(step, inputs, targets, learning_rate):
    optimizer.zero_grad(set_to_none=True)
    loss = forward(parameters, inputs, targets)
    loss.backward()
    gradient_norm = torch.nn.utils.clip_grad_norm_(parameters.values(), options["clip"])

    gradients = [parameter.grad for parameter in parameters.values()]
    kept = grokfast["alpha"] if step > 1 else 0.0
    torch._foreach_mul_(slow, kept)
    torch._foreach_add_(slow, gradients, alpha=1 - kept)
    torch._foreach_add_(gradients, slow, alpha=grokfast["lambda"])

    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    optimizer.step()
    return loss.item(), gradient_norm.item()


print(json.dumps({}), flush=True)
for step, line in enumerate(sys.stdin, 1):
    turn = json.loads(line)
    inputs, targets = (torch.tensor(turn[name]).view(batch, context) for name in ("inputs", "targets"))
    cpu, began = time.process_time(), time.perf_counter()
    loss, gradient_norm = take_step(step, inputs, targets, turn["learningRate"])
    answer = {
        "seconds": time.perf_counter() - began,
        "cpuSeconds": time.process_time() - cpu,
        "loss": loss,
        "gradientNorm": gradient_norm,
        # ru_maxrss is in KiB.
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    print(json.dumps(answer), flush=True)
