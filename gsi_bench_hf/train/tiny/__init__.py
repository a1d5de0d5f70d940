"""The tiny editor: a small image editor that learns to follow spatial instructions on a CPU.

- `tokens`: instructions as numbers.
- `network`: the network, which says which layers the edited image is made of.
- `layers`: putting the layers together, at any size.
- `teaching`: what a training pair says about the layers, and the loss.
- `pipeline`: the diffusers pipeline.
- `recipe`: how the training loop trains it.
"""
