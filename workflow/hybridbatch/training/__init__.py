"""The stages train and mine: batches, the loss, the training loop, checkpoints, hard negatives."""
