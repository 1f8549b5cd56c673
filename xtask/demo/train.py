"""Trains a network, written out in numpy, on scikit-learn's digits.

The script knows nothing of crashes but what every good one does: it writes a
checkpoint now and then, and it asks for its run by a fixed id with
resume="allow". Each step draws its batch from (seed, step), so that a second
life computes the same numbers as the first.
"""

import argparse
import os
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import pannier as wandb


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--id", required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--hidden", type=int, default=48, help="0: softmax regression")
    parser.add_argument("--lr", type=float, default=0.2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--pause-ms", type=float, default=0.0, help="so that there is time to be killed in")
    parser.add_argument("--checkpoint", required=True)
    return parser.parse_args()


def fresh(hidden, seed):
    rng = np.random.default_rng(seed)
    sizes = [64, hidden, 10] if hidden else [64, 10]
    return {
        f"{name}{i}": value
        for i, (n, m) in enumerate(zip(sizes, sizes[1:]))
        for name, value in (("w", rng.normal(0, n**-0.5, (n, m))), ("b", np.zeros(m)))
    }


def forward(net, x):
    """The layers' inputs, and the classes' log-probabilities."""
    inputs = [x]
    for i in range(len(net) // 2):
        if i:
            x = np.maximum(x, 0)
            inputs.append(x)
        x = x @ net[f"w{i}"] + net[f"b{i}"]
    x = x - x.max(axis=1, keepdims=True)
    return inputs, x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def sgd(net, x, y, lr):
    """One step; returns loss, accuracy and the gradient's length, before it."""
    inputs, logp = forward(net, x)
    rows = np.arange(len(y))
    loss, accuracy = -logp[rows, y].mean(), (logp.argmax(axis=1) == y).mean()
    grad = np.exp(logp)
    grad[rows, y] -= 1
    grad /= len(y)
    norm = 0.0
    for i in reversed(range(len(net) // 2)):
        gw, gb = inputs[i].T @ grad, grad.sum(axis=0)
        norm += (gw**2).sum() + (gb**2).sum()
        grad = (grad @ net[f"w{i}"].T) * (inputs[i] > 0)
        net[f"w{i}"] -= lr * gw
        net[f"b{i}"] -= lr * gb
    return loss, accuracy, norm**0.5


def save(path, net, step):
    with open(path + ".tmp", "wb") as file:
        np.savez(file, step=step, **net)
    os.replace(path + ".tmp", path)


def load(path):
    with np.load(path) as file:
        return {key: file[key] for key in file.files if key != "step"}, int(file["step"])


def main():
    args = parse()
    digits = load_digits()
    x, held_x, y, held_y = train_test_split(digits.data / 16, digits.target, test_size=0.25, random_state=0)
    config = {key: value for key, value in vars(args).items() if key not in ("id", "checkpoint", "pause_ms")}
    with wandb.init(project="digits", id=args.id, name=args.id, config=config, resume="allow") as run:
        net, begin = load(args.checkpoint) if os.path.exists(args.checkpoint) else (fresh(args.hidden, args.seed), 0)
        logged = run.step
        print(f"{args.id}: computing from step {begin}, logging from step {logged}", flush=True)
        for step in range(begin, args.steps):
            rng = np.random.default_rng([args.seed, step])
            batch = rng.integers(0, len(x), args.batch)
            loss, accuracy, norm = sgd(net, x[batch], y[batch], args.lr)
            # What the life before had logged since its checkpoint is there already.
            if step >= logged:
                row = {"train/loss": loss, "train/accuracy": accuracy, "grad_norm": norm}
                if step % 20 == 19:
                    row["val/accuracy"] = (forward(net, held_x)[1].argmax(axis=1) == held_y).mean()
                wandb.log(row, step=step)
            if step % 20 == 19:
                save(args.checkpoint, net, step + 1)
                print(f"{args.id}: step {step} loss {loss:.4f} accuracy {accuracy:.3f}", flush=True)
            time.sleep(args.pause_ms / 1000)
        run.summary["val/best"] = float((forward(net, held_x)[1].argmax(axis=1) == held_y).mean())
    print(f"{args.id}: finished", flush=True)


if __name__ == "__main__":
    main()
