"""Fine-tuning on the training pairs; needs the extra `train`. Heavy libraries are imported when they are first used."""
