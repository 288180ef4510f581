"""What the train stage leans on: batches, loss, loop."""
