"""PyTorch on one thread, run by torch.ts as `python3 torch_worker.py JOB`.

JOB is a file of JSON that names the workload and a file of floats, the arrays one after the other. Images are computed on in two layouts,
which are forms here. With "results" in the job, the outputs and gradients of each form are written to the file of that name, and their
names and sizes printed; else the samples of both passes of the forms that the job names, in microseconds of a call. Both as JSON.
"""
import json
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def layer_of(layer, options, arrays):
    """What the layer computes, as a function without arguments, and the names of the tensors it is differentiated by."""
    x = arrays["x"]
    norm = ["x", "gamma", "beta"]
    scale = [arrays.get("gamma"), arrays.get("beta")]
    if layer in ("batchnorm", "spatial_batchnorm"):
        mean, var = arrays["running_mean"], arrays["running_var"]
        return lambda: F.batch_norm(x, mean, var, *scale, True, 1 - options["momentum"], options["eps"]), norm
    if layer == "layernorm":
        return lambda: F.layer_norm(x, x.shape[1:], *scale, options["eps"]), norm
    if layer == "spatial_groupnorm":
        return lambda: F.group_norm(x, options["G"], *scale, options["eps"]), norm
    if layer == "instancenorm":
        return lambda: F.instance_norm(x, None, None, *scale, True, 0.0, options["eps"]), norm
    if layer == "conv2d":
        return lambda: F.conv2d(x, arrays["w"], arrays["b"], options["stride"], options["pad"]), ["x", "w", "b"]
    if layer == "maxpool2d":
        window = (options["pool_height"], options["pool_width"])
        return lambda: F.max_pool2d(x, window, options["stride"]), ["x"]
    if layer == "dropout":
        return lambda: F.dropout(x, 1 - options["p"], True), ["x"]
    return None


def load(job):
    """The arrays by name."""
    sizes = {name: math.prod(shape) for name, shape in job["shapes"].items()}
    flat = torch.from_file(job["floats"], size=sum(sizes.values()), dtype=torch.float32).clone()
    return {name: part.reshape(job["shapes"][name]) for name, part in zip(sizes, flat.split(list(sizes.values())))}


def batch(call, calls):
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) * 1e6 / calls


def plan(call, effort):
    """Calls until the time to warm up is over. Returns how many fill a batch."""
    until = time.perf_counter() + effort["warmMs"] / 1e3
    samples = [batch(call, 1), batch(call, 1)]
    while time.perf_counter() < until:
        samples.append(batch(call, 1))
    return max(1, round(effort["batchMs"] * 1e3 / statistics.median(samples)))


def passes_of(job, arrays):
    """Both passes over arrays laid out beforehand, the forward's output and the names of the gradients."""
    forward, names = layer_of(job["layer"], {**job["sizes"], **job["options"]}, arrays)
    inputs = [arrays[name].requires_grad_() for name in names]
    out = forward()
    return {"forward": forward, "backward": lambda: torch.autograd.grad(out, inputs, arrays["dout"], retain_graph=True)}, out, names


def results_of(job, layouts):
    """Writes what each layout gives. Returns the sizes."""
    results = {}
    for form, arrays in layouts.items():
        passes, out, names = passes_of(job, arrays)
        results[form] = {"out": out.detach(), **{"d" + name: grad for name, grad in zip(names, passes["backward"]())}}
    torch.cat([part.reshape(-1) for parts in results.values() for part in parts.values()]).numpy().tofile(job["results"])
    return {form: {name: part.numel() for name, part in parts.items()} for form, parts in results.items()}


def samples_of(job, layouts):
    """Times the layouts that are asked for, in turns."""
    calls = {(form, name): call for form in job["forms"] for name, call in passes_of(job, layouts[form])[0].items()}
    counts = {key: plan(call, job["effort"]) for key, call in calls.items()}
    samples = {form: {"forward": [], "backward": []} for form in job["forms"]}
    for _ in range(job["effort"]["rounds"]):
        for (form, name), call in calls.items():
            samples[form][name].append(batch(call, counts[form, name]))
    return samples


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    arrays = load(job)
    if layer_of(job["layer"], {**job["sizes"], **job["options"]}, arrays) is None:
        return {"refused": "no adapter for " + job["layer"]}
    layouts = {"autograd": arrays}
    if arrays["x"].dim() == 4:
        last = {name: a.clone(memory_format=torch.channels_last) for name, a in arrays.items() if a.dim() == 4}
        layouts["autograd, channels last"] = {**{name: a.clone() for name, a in arrays.items()}, **last}
    if "results" in job:
        return {"results": results_of(job, layouts)}
    return {"samples": samples_of(job, layouts)}


print(json.dumps(main()))
